"""Whether a process would load this program's packages, or others of the same names that shadow them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

PACKAGES = ("relay", "audio", "api_client")
ROOT = Path(__file__).resolve().parents[1]


class PackageHidden(OSError):
    """A package in ``where`` shadows one of ours (``PYTHONPATH``)."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(f"{where} hides this program's own package {name}; take it off PYTHONPATH")
        self.name = name
        self.where = where


def child_path() -> list[str]:
    """The module search path of a child started with ``-P``: ours without the working directory."""
    return sys.path if sys.flags.safe_path else sys.path[1:]


def check_packages(path: Sequence[str], names: Sequence[str] = PACKAGES, root: Path = ROOT) -> None:
    """Raise ``PackageHidden`` if ``path`` does not find one of ``names`` in ``root``."""
    for name in names:
        spec = PathFinder.find_spec(name, list(path))
        if spec is None:  # an import hook finds it, as of an editable installation
            continue
        where = [Path(place).resolve() for place in spec.submodule_search_locations or ()]
        if root / name not in where:
            raise PackageHidden(name, str(spec.origin or next(iter(where), "?")))
