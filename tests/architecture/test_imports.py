"""The rooms know only whom they may know, and load only what they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def modules_after(statement: str) -> set[str]:
    """Top-level names in ``sys.modules`` of a fresh interpreter after ``statement``."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(output.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import relay.live, relay.process, relay.client",
        "import acceptance.runner",
        "import api_client.rest, api_client.realtime",
        "import audio.open, audio.devices",
        "import backend.serve, backend.engine.server",
    ],
)
def test_nothing_below_the_screen_loads_textual(statement: str) -> None:
    assert not {"textual", "rich", "pygments"} & modules_after(statement)


def test_the_login_screen_is_reached_without_what_only_a_conversation_needs() -> None:
    later = {"httpx", "websockets", "numpy", "sounddevice", "soundfile", "soxr", "django"}
    assert not later & modules_after("import tui.cli.group, tui.cli.console, tui.app")


def test_the_conversation_process_waits_for_sound_until_it_is_wanted() -> None:
    assert not {"sounddevice", "django", "click"} & modules_after("import relay.process")
