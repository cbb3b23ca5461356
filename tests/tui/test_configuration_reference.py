"""docs/configuration.md says what is declared, in both languages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tui.exit_codes import MEANINGS, ExitCode
from tui.settings.values import OPTIONS

ROOT = Path(__file__).parents[2]


def test_the_reference_is_made_from_the_declarations_as_they_are() -> None:
    script = ROOT / "scripts" / "make_configuration_reference.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["configuration.md", "configuration.ja.md"])
def test_every_setting_and_exit_code_is_in_it(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for option in OPTIONS:
        assert not option.in_file or f"| `{option.name}` |" in text
        for spelling in (option.variable, option.flag):
            assert spelling is None or f"`{spelling}`" in text
    for code in ExitCode:
        assert f"| {code.value} |" in text


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)
