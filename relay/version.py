"""The version of the installed program."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """E.g. ``0.1.0``; ``unknown`` when run from a tree that was never installed."""
    try:
        return metadata.version("salesmind-console")
    except metadata.PackageNotFoundError:
        return "unknown"
