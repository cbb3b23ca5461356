"""``python -m relay`` as a child process: its pipes, its signals, its end."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import stat
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.client import RelayProcess
from relay.commands import Configure, Say, Stop, encode
from relay.config import RelayConfig
from relay.process import LOG_BYTES, EventWriter
from relay.recording.reader import RecordingReader
from relay.stream import Notice, Problem, Started, Step, StreamEvent, Summary, Transcript, decode
from tests.relay.fake_salesmind import FakeSalesMind

TOKEN = "5f3a" * 10
SESSION_ID = "0b6f2f60-5a0e-4c53-9d3c-7f0c1a2b3c4d"
WITHIN_S = 20.0


def config(server: FakeSalesMind, **changes: Any) -> RelayConfig:
    return RelayConfig(**{"server_url": server.url, "token": TOKEN, "session_id": SESSION_ID, **changes})


async def until(relay: RelayProcess, ready: Callable[[StreamEvent], bool]) -> list[StreamEvent]:
    """Events up to (and with) the one asked for."""
    seen: list[StreamEvent] = []
    async with asyncio.timeout(WITHIN_S):
        async for event in relay:
            seen.append(event)
            if ready(event):
                return seen
    raise AssertionError(f"the relay ended without it; last: {seen[-1:]}")


def is_gate(event: StreamEvent) -> bool:
    return isinstance(event, Step) and event.step == "gate_open"


async def test_a_conversation_in_a_child(salesmind: FakeSalesMind, tmp_path: Path) -> None:
    log = tmp_path / "relay.log"
    relay = await RelayProcess.start(config(salesmind), log_path=log)
    events = await until(relay, is_gate)
    await relay.send(Say(text="もしもし"))
    events += await until(
        relay, lambda event: isinstance(event, Transcript) and event.item_id == "item_typed"
    )
    await relay.stop()
    events += relay.drain()
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Summary)
    assert events[-1].close_code == 1000
    assert relay.ended
    assert relay.exit_code == 0
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "🎤 音声送信準備完了" in log.read_text()
    assert TOKEN not in log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_token_is_not_in_the_process_list(salesmind: FakeSalesMind, tmp_path: Path) -> None:
    relay = await RelayProcess.start(config(salesmind), log_path=tmp_path / "relay.log")
    await until(relay, is_gate)
    for name in ("cmdline", "environ"):
        shown = await asyncio.to_thread(Path(f"/proc/{relay.pid}/{name}").read_bytes)
        assert b"relay" in shown or name == "environ"
        assert TOKEN.encode() not in shown
    await relay.stop()
    assert relay.exit_code == 0


async def start_raw(log: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "relay", "--log", str(log)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )


def output_pipe(process: asyncio.subprocess.Process) -> asyncio.ReadTransport:
    """Our end of its standard output, to be closed or left unread: asyncio offers no public way to it."""
    pipe = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]  # private
    assert isinstance(pipe, asyncio.ReadTransport)
    return pipe


async def lines_until(
    process: asyncio.subprocess.Process, ready: Callable[[StreamEvent], bool]
) -> StreamEvent:
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        async for line in process.stdout:
            if ready(event := decode(line)):
                return event
    raise AssertionError("the stream ended without it")


@pytest.mark.parametrize(
    ("how", "exit_code"),
    [("eof", 0), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)],
)
async def test_every_polite_end_is_clean(
    salesmind: FakeSalesMind, tmp_path: Path, how: signal.Signals | str, exit_code: int, told_fault: Any
) -> None:
    process = await start_raw(tmp_path / "relay.log")
    assert process.stdin is not None
    record = tmp_path / "recording"
    process.stdin.write(encode(Configure(config=config(salesmind, record_directory=str(record)))) + b"\n")
    await lines_until(process, is_gate)
    began = time.monotonic()
    if isinstance(how, str):
        process.stdin.close()
    else:
        process.send_signal(how)
    summary = await lines_until(process, lambda event: isinstance(event, Summary))
    assert process.stdout is not None
    assert await process.stdout.read() == b""
    assert await asyncio.wait_for(process.wait(), WITHIN_S) == exit_code
    assert isinstance(summary, Summary)
    assert summary.exit_code == exit_code
    assert (await salesmind.socket()).ws.close_code == 1000
    assert json.loads((record / "events.jsonl").read_text().splitlines()[-1])["kind"] == "summary"
    told_fault(
        f"Relay: {how.name if isinstance(how, signal.Signals) else 'end of its input'}",
        seen="the connection closes with 1000, the recording is complete, the summary is the last line",
        noticed_s=time.monotonic() - began,
        again_s=None,
        lost="nothing",
    )


async def test_the_end_of_its_reader_ends_it(salesmind: FakeSalesMind, tmp_path: Path) -> None:
    process = await start_raw(tmp_path / "relay.log")
    assert process.stdin is not None
    process.stdin.write(encode(Configure(config=config(salesmind))) + b"\n")
    await lines_until(process, is_gate)
    output_pipe(process).close()
    assert await asyncio.wait_for(process.wait(), WITHIN_S) == 0
    assert (await salesmind.socket()).ws.close_code == 1000


async def test_a_kill_leaves_a_usable_recording(salesmind: FakeSalesMind, tmp_path: Path) -> None:
    record = tmp_path / "recording"
    relay = await RelayProcess.start(
        config(salesmind, source="tone", record_directory=str(record)), log_path=tmp_path / "relay.log"
    )
    await until(relay, is_gate)
    socket = await salesmind.socket()
    await salesmind.respond(socket, "resp_1", "item_a", "はい", ms=500)
    await socket.until(lambda: len(socket.audio) >= 48_000 * 2)
    os.kill(relay.pid, signal.SIGKILL)
    async with asyncio.timeout(WITHIN_S):
        events = [event async for event in relay]
    crash = events[-1]
    assert isinstance(crash, Problem)
    assert (crash.code, crash.fatal) == ("relay_crashed", True)
    assert str(tmp_path / "relay.log") in crash.message
    assert relay.exit_code == -signal.SIGKILL
    lines = (record / "events.jsonl").read_bytes().splitlines()
    kinds = [decode(line) for line in lines]
    assert any(isinstance(event, Transcript) and event.text == "はい" for event in kinds)
    assert stat.S_IMODE(record.stat().st_mode) == 0o700
    reader = RecordingReader(record)
    for name in ("user", "customer"):
        assert stat.S_IMODE((record / f"{name}.flac").stat().st_mode) == 0o600
        track = reader.track(name)
        assert track is not None
        assert track.samples >= 24_000  # all but less than a second of two
        assert any(track.read(track.samples))
        track.close()
    directions = {message.direction for message in reader.wire()}
    assert directions == {"in", "out"}


async def test_garbage_in_place_of_a_configuration(tmp_path: Path) -> None:
    odd = RelayConfig(server_url="http://127.0.0.1:9", token=TOKEN, chunk_bytes=97)
    for line in (b"not json", encode(Stop()), b'{"command":"configure"}', encode(Configure(config=odd)), b""):
        process = await start_raw(tmp_path / "relay.log")
        output, _ = await asyncio.wait_for(process.communicate(line + b"\n"), WITHIN_S)
        event = decode(output.splitlines()[-1])
        assert isinstance(event, Problem)
        assert event.code == "bad_configuration"
        assert process.returncode == 2


async def test_garbage_among_the_commands_is_ignored(salesmind: FakeSalesMind, tmp_path: Path) -> None:
    process = await start_raw(tmp_path / "relay.log")
    assert process.stdin is not None
    process.stdin.write(encode(Configure(config=config(salesmind))) + b"\n")
    await lines_until(process, is_gate)
    process.stdin.write(b'nonsense\n{"command":"dance"}\n' + encode(Say(text="はい")) + b"\n")
    await lines_until(process, lambda event: isinstance(event, Transcript) and event.text == "はい")
    process.stdin.write(encode(Stop()) + b"\n")
    await lines_until(process, lambda event: isinstance(event, Summary))
    assert await asyncio.wait_for(process.wait(), WITHIN_S) == 0


async def test_a_reader_that_does_not_read_stops_no_audio(salesmind: FakeSalesMind, tmp_path: Path) -> None:
    process = await start_raw(tmp_path / "relay.log")
    assert process.stdin is not None
    process.stdin.write(encode(Configure(config=config(salesmind))) + b"\n")
    await lines_until(process, is_gate)
    output_pipe(process).pause_reading()
    socket = await salesmind.socket()
    for _ in range(300):  # far more than a pipe holds
        await socket.send("brand.new", filler="x" * 2_000)
    at = len(socket.audio)
    await socket.until(lambda: len(socket.audio) >= at + 48_000)
    output_pipe(process).resume_reading()
    process.stdin.close()
    summary = await lines_until(process, lambda event: isinstance(event, Summary))
    assert isinstance(summary, Summary)
    assert await asyncio.wait_for(process.wait(), WITHIN_S) == 0


@pytest.mark.parametrize("place", ["a directory", "in no directory"])
async def test_a_log_that_cannot_be_written_costs_only_itself(
    salesmind: FakeSalesMind, tmp_path: Path, place: str
) -> None:
    (tmp_path / "relay.log").mkdir()
    log = tmp_path / ("relay.log" if place == "a directory" else "no-such-folder/relay.log")
    relay = await RelayProcess.start(config(salesmind), log_path=log)
    events = await until(relay, is_gate)
    await relay.stop()
    notices = [event for event in events if isinstance(event, Notice)]
    assert [(notice.code, notice.params["path"]) for notice in notices] == [("log_unwritable", str(log))]
    assert isinstance(events[0], Started)
    assert relay.exit_code == 0


@pytest.mark.parametrize("closed", ["2>&-", "2>&- 5>&-"])
async def test_a_closed_standard_error_is_none_of_its_business(
    salesmind: FakeSalesMind, tmp_path: Path, closed: str
) -> None:
    log = tmp_path / "relay.log"
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$0" -m relay --log "$1" {closed}', sys.executable, str(log)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert process.stdin is not None
    process.stdin.write(encode(Configure(config=config(salesmind))) + b"\n")
    await lines_until(process, is_gate)
    process.stdin.close()
    await lines_until(process, lambda event: isinstance(event, Summary))
    assert await asyncio.wait_for(process.wait(), WITHIN_S) == 0


async def test_a_child_that_cannot_start_is_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))  # no Python without its library
    server = RelayConfig(server_url="http://127.0.0.1:9", token=TOKEN)
    relay = await RelayProcess.start(server, log_path=tmp_path / "relay.log")
    async with asyncio.timeout(WITHIN_S):
        events = [event async for event in relay]
    assert [event.code for event in events if isinstance(event, Problem)] == ["relay_crashed"]
    assert relay.exit_code == 1
    await relay.send(Stop())  # too late, and harmless
    assert capfd.readouterr().err == ""


def test_importing_the_client_is_light() -> None:
    import subprocess

    program = "import sys, relay.client, relay.conversation; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {
        "numpy",
        "httpx",
        "websockets",
        "sounddevice",
        "soundfile",
        "soxr",
        "textual",
        "api_client.events",
    }
    assert not heavy & set(loaded.stdout.split())


async def test_a_child_that_hangs_is_killed(salesmind: FakeSalesMind, tmp_path: Path) -> None:
    relay = await RelayProcess.start(config(salesmind), log_path=tmp_path / "relay.log")
    await until(relay, is_gate)
    os.kill(relay.pid, signal.SIGSTOP)
    await relay.stop(timeout_s=0.2)
    assert relay.exit_code == -signal.SIGKILL
    assert [event.code for event in relay.drain() if isinstance(event, Problem)] == ["relay_crashed"]


@pytest.mark.parametrize(
    "line", [b'{"command":"say","text":"\xff"}', b'{"command":"say","x":' + b"[" * 9_000]
)
async def test_an_unreadable_command_leaves_the_others_readable(
    salesmind: FakeSalesMind, tmp_path: Path, line: bytes
) -> None:
    process = await start_raw(tmp_path / "relay.log")
    assert process.stdin is not None
    process.stdin.write(encode(Configure(config=config(salesmind))) + b"\n")
    await lines_until(process, is_gate)
    process.stdin.write(line + b"\n")
    process.stdin.close()
    await lines_until(process, lambda event: isinstance(event, Summary))
    assert await asyncio.wait_for(process.wait(), WITHIN_S) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_signal_ends_it_even_before_it_is_configured(tmp_path: Path, how: signal.Signals) -> None:
    log = tmp_path / "relay.log"
    process = await start_raw(log)
    async with asyncio.timeout(WITHIN_S):
        while not log.exists():  # noqa: ASYNC110 - made by another process
            await asyncio.sleep(0.01)
    process.send_signal(how)
    await asyncio.wait_for(process.wait(), WITHIN_S)
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("wrong", ["stdin", "stdout"])
async def test_a_file_in_place_of_a_pipe_is_refused(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "file").touch()
    with (tmp_path / "file").open("r+b") as file:
        pipes: dict[str, Any] = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "relay"), **{**pipes, wrong: file}, stderr=asyncio.subprocess.PIPE
        )
        _, words = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode == 2
    assert b"must be pipes" in words
    assert b"Traceback" not in words


async def test_a_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    log = tmp_path / "relay.log"
    log.write_bytes(b"x" * (LOG_BYTES + 1))
    (tmp_path / "relay.log.1").write_text("older")
    process = await start_raw(log)
    await asyncio.wait_for(process.communicate(b"not json\n"), WITHIN_S)
    assert (tmp_path / "relay.log.1").stat().st_size == LOG_BYTES + 1
    assert 0 < log.stat().st_size < 1_000


class Knot:
    """Only the garbage collector can get rid of it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_later_connections_leave_behind_is_collected() -> None:
    writer = EventWriter()
    try:
        writer.emit(Step(t=0.0, step="created", connection=1))
        knot = Knot()
        left = weakref.ref(knot)
        writer.emit(Step(t=1.0, step="created", connection=2))
        del knot
        gc.collect()
        assert left() is None
    finally:
        gc.unfreeze()
