"""What ``make demo`` and ``make test`` install is pinned by hash, and is all that ``pyproject.toml`` asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
GROUPS = PROJECT["optional-dependencies"] | PYPROJECT["dependency-groups"]
DEMO = ("server", "offline")
DEV = (*DEMO, "site", "aec", "load", "dev")


def locked(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """The packages of ``requirements/<name>.txt``, each with its hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+--hash=sha256:", entry.strip())
        pinned = Requirement(requirement)
        found[canonicalize_name(pinned.name)] = pinned, hashes
    return found


@pytest.mark.parametrize("name", ["demo", "dev", "agents"])
def test_every_package_has_one_version_and_its_hashes(name: str) -> None:
    packages = locked(name)
    assert len(packages) > 30
    for pinned, hashes in packages.values():
        assert re.fullmatch(r"==[^*,]+", str(pinned.specifier)), pinned
        assert hashes, pinned
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in hashes), pinned


@pytest.mark.parametrize(("name", "groups"), [("demo", DEMO), ("dev", DEV)])
def test_the_lock_holds_what_the_project_asks_for(name: str, groups: tuple[str, ...]) -> None:
    packages = locked(name)
    asked = [*PROJECT["dependencies"], *(line for group in groups for line in GROUPS[group])]
    for requirement in map(Requirement, asked):
        pinned, _ = packages[canonicalize_name(requirement.name)]
        version = str(pinned.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{requirement}, locked at {version}: make lock"


def test_the_demo_runs_on_the_versions_that_were_tested() -> None:
    tested = locked("dev")
    assert {name: str(pin.specifier) for name, (pin, _) in locked("demo").items()} == {
        name: str(tested[name][0].specifier) for name in locked("demo")
    }
