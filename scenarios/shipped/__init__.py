"""The scenarios that ship with the program."""

from __future__ import annotations

from pathlib import Path

DIRECTORY = Path(__file__).parent


def shipped() -> list[Path]:
    """Their files, by name."""
    return sorted(DIRECTORY.glob("*.toml"))


def shipped_named(name: str) -> Path | None:
    """The one of that name, without its ending."""
    return next((path for path in shipped() if path.stem == name), None)
