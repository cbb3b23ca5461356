"""`salesmind devices`, and the child process that looks for the devices."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from audio.devices import Device
from tui.cli import group
from tui.cli.devices import device_lines
from tui.host import devices
from tui.host.devices import Devices

MIC = Device("0", "USB Mic", "ALSA", 1, 0, True, False, 48_000)
CARD = Device("12", "内蔵オーディオ\n13  forged", "ALSA", 2, 2, False, True, 44_100)


def give(monkeypatch: pytest.MonkeyPatch, found: Devices) -> None:
    async def listed() -> Devices:
        return found

    monkeypatch.setattr(devices, "list_devices", listed)


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(group.salesmind, ["devices", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_devices_are_a_table() -> None:
    assert list(device_lines([MIC, CARD])) == [
        "ID  Name                        System  Channels     Rate      Default",
        "0   USB Mic                     ALSA    1 in, 0 out  48000 Hz  microphone",
        "12  内蔵オーディオ\\n13  forged  ALSA    2 in, 2 out  44100 Hz  loudspeaker",
    ]


def test_devices_are_json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, Devices(listed=(MIC, CARD)))
    code, output, _ = run("--json")
    assert code == 0
    assert [json.loads(line)["name"] for line in output.splitlines()] == [MIC.name, CARD.name]


def test_no_devices_are_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, Devices())
    assert run() == (0, "", "There are no microphones and no loudspeakers.\n")
    assert run("--json") == (0, "", "")


def test_a_fault_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, Devices(problem="sound_system_silent", params={"seconds": "10"}))
    code, output, words = run()
    assert (code, output) == (2, "")
    assert "did not answer within 10 s" in words


def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    """Stand in for the listing child."""
    script = tmp_path / "python"
    script.write_text(f"#!{sys.executable}\n{program}\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


def test_a_sound_system_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        program = f"import socket; socket.create_connection(('127.0.0.1', {port})).recv(1)"
        child(monkeypatch, tmp_path, program)
        found = asyncio.run(devices.list_devices(timeout_s=1.0))
    assert found == Devices(problem="sound_system_silent", params={"seconds": "1"})


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os; os.abort()", "signal 6"),
        ("raise SystemExit(3)", "exit code 3"),
        ("print('[]')", "exit code 0"),
    ],
)
def test_a_child_that_fails_is_said_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, reason: str
) -> None:
    child(monkeypatch, tmp_path, program)
    found = asyncio.run(devices.list_devices())
    assert found == Devices(problem="device_listing_failed", params={"reason": reason})


def test_devices_of_one_name_are_offered_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = {"name": "Mic", "host_api": "ALSA", "inputs": 1, "outputs": 0}
    row |= {"default_input": False, "default_output": False, "rate_hz": 48_000}
    rows = [{"id": "0", **row}, {"id": "1", **row, "host_api": "JACK"}]
    child(monkeypatch, tmp_path, f"import json; print(json.dumps({{'devices': {rows}, 'error': None}}))")
    found = asyncio.run(devices.list_devices())
    assert (found.microphones, found.speakers, len(found.listed)) == (("Mic",), (), 2)
