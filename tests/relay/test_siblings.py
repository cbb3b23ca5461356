"""Packages of other programs with the names of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from relay.client import RelayProcess
from relay.config import RelayConfig
from relay.siblings import ROOT, PackageHidden, check_packages, child_path


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder with a package ``relay`` that has nothing to do with ours."""
    (tmp_path / "elsewhere" / "relay").mkdir(parents=True)
    (tmp_path / "elsewhere" / "relay" / "__init__.py").write_text("")
    return tmp_path / "elsewhere"


def test_ours_are_found() -> None:
    check_packages(child_path())
    check_packages([str(ROOT)])
    check_packages([])


@pytest.mark.parametrize("as_file", [True, False])
def test_another_one_before_ours_is_named(tmp_path: Path, as_file: bool) -> None:
    place = tmp_path / "audio"
    if as_file:
        place = tmp_path / "audio.py"
        place.write_text("")
    else:
        place.mkdir()
        (place / "__init__.py").write_text("")
    with pytest.raises(PackageHidden) as caught:
        check_packages([str(tmp_path), str(ROOT)])
    assert caught.value.name == "audio"
    assert caught.value.where.startswith(str(place))
    check_packages([str(ROOT), str(tmp_path)])


async def test_no_conversation_is_started_with_another_relay(
    foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [sys.path[0], str(foreign), *sys.path])
    config = RelayConfig(server_url="http://127.0.0.1:9", token="t")
    with pytest.raises(PackageHidden, match="relay"):
        await RelayProcess.start(config, log_path=tmp_path / "relay.log")


def test_the_command_line_names_what_hides_it(foreign: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tui.cli", "--lang", "en", "talk", "--help"],
        env={**os.environ, "PYTHONPATH": str(foreign)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert str(foreign / "relay") in done.stderr
    assert "Traceback" not in done.stderr
