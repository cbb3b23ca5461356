"""Faults between relay and server, with speech going on: when they are noticed, when it goes on, what is lost.

The figures are rows of docs/reliability.md. Speech is numbered, so what reached the server is known to the sample.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from acceptance.fault_proxy import FaultProxy
from relay.client import RelayProcess
from relay.commands import UseToken
from relay.config import RelayConfig
from relay.recording.reader import RecordingReader
from relay.stream import Connection, Meters, Notice, Problem, RealtimeMode, Recording, Step, StreamEvent
from tests.relay.numbered_speech import ALL_ROWS, NumberedSpeech, all_heard, gates, run_time, until

if TYPE_CHECKING:
    from tests.conftest import ToldFault
    from tests.relay.fake_salesmind import FakeSalesMind
    from tests.relay.held_conversation import Run

    Hold = Callable[..., Run]
else:
    ToldFault = FakeSalesMind = Any
    Hold = Callable[..., Any]

CUTS: dict[str, Callable[[FaultProxy, FakeSalesMind], None]] = {
    "reset (RST)": lambda proxy, _: proxy.reset(),
    "corrupt bytes": lambda proxy, _: proxy.corrupt(),
    "half-open, while audio goes out": lambda proxy, _: proxy.half_open(),
}


@pytest.mark.parametrize("cut", CUTS if ALL_ROWS else ["reset (RST)"])
async def test_a_cut_line(
    cut: str, salesmind: FakeSalesMind, hold: Hold, speech: NumberedSpeech, told_fault: ToldFault
) -> None:
    async with FaultProxy(salesmind.url) as proxy:
        run = hold(server_url=proxy.url, source=await speech.start(), patience_s=None)
        await until(lambda: gates(run) == 1)
        await until(lambda: speech.said > 50)
        began = time.monotonic()
        CUTS[cut](proxy, salesmind)
        if cut == "corrupt bytes":
            await (await salesmind.socket()).send("response.created", response={"id": "r"})
        noticed = await until(lambda: bool(run.of(Connection, state="lost")))
        again = await until(lambda: gates(run) == 2)
        lost = await all_heard(salesmind, speech)
        summary = await run.stop()
    seen = "the loss, each attempt with its delay, that it is back"
    told_fault(f"Line: {cut}", seen=seen, noticed_s=noticed - began, again_s=again - began, lost=lost)
    assert run.of(Connection)[0].state == "lost"
    assert summary.reconnects == 1
    assert lost == "nothing"
    assert noticed - began < 5.0


@pytest.mark.parametrize("stall_s", [10.0] if ALL_ROWS else [1.0])
async def test_a_line_that_stands_still(
    stall_s: float, salesmind: FakeSalesMind, hold: Hold, speech: NumberedSpeech, told_fault: ToldFault
) -> None:
    async with FaultProxy(salesmind.url) as proxy:
        run = hold(server_url=proxy.url, source=await speech.start(), patience_s=None)
        await until(lambda: gates(run) == 1)
        await until(lambda: speech.said > 50)
        began = time.monotonic()
        proxy.pause()
        await asyncio.sleep(stall_s)
        proxy.resume()
        heard = bytes(salesmind.sockets[0].audio)
        back = await until(lambda: len(salesmind.sockets[0].audio) > len(heard))
        lost = await all_heard(salesmind, speech)
        losses = run.of(Connection, state="lost")
        await run.stop()
    still = run.of(Notice, code="line_stalled")
    told_fault(
        f"Line: stands still for {stall_s:g} s",
        seen="that the network takes nothing, and that what was said meanwhile is sent",
        noticed_s=run_time(still[0], run, began) if still else None,
        again_s=back - began - stall_s,
        lost=lost,
    )
    assert (lost, losses, run.of(Meters)[-1].dropped_chunks) == ("nothing", [], 0)


@pytest.mark.parametrize("away_s", [0.25, 2.0, 20.0] if ALL_ROWS else [0.25])
async def test_a_server_that_comes_back(
    away_s: float, salesmind: FakeSalesMind, hold: Hold, speech: NumberedSpeech, told_fault: ToldFault
) -> None:
    port = salesmind.port
    run = hold(server_url=salesmind.url, source=await speech.start(), patience_s=None)
    await until(lambda: gates(run) == 1)
    await until(lambda: speech.said > 50)
    began = time.monotonic()
    for socket in salesmind.sockets:
        socket.ws.transport.abort()
    await salesmind.stop()
    noticed = await until(lambda: bool(run.of(Connection, state="lost")))
    await asyncio.sleep(max(0.0, began + away_s - time.monotonic()))
    await salesmind.start(port)
    back = time.monotonic()
    again = await until(lambda: gates(run) == 2)
    lost = await all_heard(salesmind, speech)
    await run.stop()
    told_fault(
        f"Server: gone for {away_s:g} s",
        seen="the loss, each attempt with its delay, that it is back",
        noticed_s=noticed - began,
        again_s=again - back,
        lost=lost,
    )
    assert lost == "nothing"


async def test_a_token_revoked_in_mid_conversation(
    salesmind: FakeSalesMind, hold: Hold, speech: NumberedSpeech, told_fault: ToldFault
) -> None:
    run = hold(source=await speech.start(), patience_s=None)
    await until(lambda: gates(run) == 1)
    await until(lambda: speech.said > 25)
    began = time.monotonic()
    await (await salesmind.socket()).ws.close(4401)
    noticed = await until(lambda: bool(run.of(Connection, state="given_up")))
    problem = run.of(Problem)[-1]
    salesmind.token = "6a4b" * 10  # the old one is refused from now on, over REST as well
    run.command(UseToken(token=salesmind.token))
    again = await until(lambda: gates(run) == 2)
    mode = await run.until(RealtimeMode, phase="during", value=True, count=len(run.of(RealtimeMode)) + 1)
    lost = await all_heard(salesmind, speech)
    await run.stop()
    told_fault(
        "Token revoked in mid-conversation (the socket closes with 4401)",
        seen="that the login is not valid any more; the login comes up over the conversation",
        noticed_s=noticed - began,
        again_s=again - noticed,
        lost=lost,
    )
    assert problem.fatal
    assert mode.error is None
    assert lost == "nothing"


async def test_a_clock_that_jumps(
    salesmind: FakeSalesMind,
    hold: Hold,
    speech: NumberedSpeech,
    told_fault: ToldFault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = hold(source=await speech.start())
    await until(lambda: gates(run) == 1)
    before = time.time
    monkeypatch.setattr(time, "time", lambda: before() - 86_400)
    at = speech.said
    await until(lambda: speech.said > at + 25)
    lost = await all_heard(salesmind, speech)
    summary = await run.stop()
    told_fault(
        "Clock of the machine jumps back by a day", seen="nothing", noticed_s=None, again_s=0.0, lost=lost
    )
    assert (lost, summary.reconnects, summary.errors) == ("nothing", 0, [])
    assert summary.seconds < 60


async def test_a_suspended_laptop(
    salesmind: FakeSalesMind, tmp_path: Path, speech: NumberedSpeech, told_fault: ToldFault
) -> None:
    """The relay stands still, as all of a suspended machine does; the server does not wait for it."""
    away_s = 20.0 if ALL_ROWS else 2.0
    relay = await RelayProcess.start(await configured(salesmind, speech), log_path=tmp_path / "relay.log")
    events: list[StreamEvent] = []
    await until(lambda: opened(relay, events) == 1)
    await until(lambda: speech.said > 50)
    # What waits unread in a source for longer than a second is dropped, so all that was said has to be read.
    speech.quiet = True
    written = speech.blocks
    await until(lambda: speech.blocks > written + 2)
    os.kill(relay.pid, signal.SIGSTOP)
    for socket in salesmind.sockets:
        socket.ws.transport.abort()
    await asyncio.sleep(away_s)
    began = time.monotonic()
    os.kill(relay.pid, signal.SIGCONT)
    again = await until(lambda: opened(relay, events) == 2)
    lost = await all_heard(salesmind, speech)
    await relay.stop()
    told_fault(
        f"Laptop suspended for {away_s:g} s, the connection gone meanwhile",
        seen="the loss, then that it is back",
        noticed_s=None,
        again_s=again - began,
        lost=lost,
    )
    assert (relay.exit_code, lost) == (0, "nothing")


async def test_kill_9_of_the_relay(
    salesmind: FakeSalesMind, tmp_path: Path, speech: NumberedSpeech, told_fault: ToldFault
) -> None:
    record = tmp_path / "recording"
    settings = await configured(salesmind, speech, record_directory=str(record))
    relay = await RelayProcess.start(settings, log_path=tmp_path / "relay.log")
    events: list[StreamEvent] = []
    await until(lambda: opened(relay, events) == 1)
    at = speech.said
    await until(lambda: speech.said > at + 75)
    began = time.monotonic()
    os.kill(relay.pid, signal.SIGKILL)
    noticed = await until(lambda: opened(relay, events) >= 0 and isinstance(events[-1], Problem))
    sent = sum(len(socket.audio) for socket in salesmind.sockets) / 48_000
    track = RecordingReader(record).track("user")
    assert track is not None
    missing = max(0.0, sent - track.samples / 24_000)
    track.close()
    told_fault(
        "`kill -9` of the relay",
        seen="that the conversation process ended, and its log; the recording is kept",
        noticed_s=noticed - began,
        again_s=None,
        lost="nothing" if missing < 0.04 else f"{missing:.2f} s of the recording",
    )
    assert events[-1].code == "relay_crashed"  # type: ignore[union-attr]
    assert missing < 1.0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_disk_that_fills_up(
    salesmind: FakeSalesMind,
    hold: Hold,
    tmp_path: Path,
    speech: NumberedSpeech,
    told_fault: ToldFault,
) -> None:
    record = tmp_path / "recording"
    run = hold(source=await speech.start(), record_directory=str(record))
    await until(lambda: gates(run) == 1)
    await until(lambda: speech.said > 25)
    events = record / "events.jsonl"
    descriptor = descriptor_of(events)
    full = os.open("/dev/full", os.O_WRONLY)
    began = time.monotonic()
    os.dup2(full, descriptor)
    os.close(full)
    noticed = await until(lambda: bool(run.of(Recording, state="failed")))
    lost = await all_heard(salesmind, speech)
    summary = await run.stop()
    told_fault(
        "Disk full while recording",
        seen="that the recording cannot be written; the conversation goes on without",
        noticed_s=noticed - began,
        again_s=0.0,
        lost="the rest of the recording" if lost == "nothing" else lost,
    )
    assert [problem.code for problem in summary.errors] == ["recording_failed"]
    assert (summary.exit_code, lost) == (0, "nothing")


def descriptor_of(path: Path) -> int:
    """Under which number this process has the file open."""
    links = Path("/proc/self/fd").iterdir()
    return next(int(link.name) for link in links if link.exists() and link.samefile(path))


async def configured(salesmind: FakeSalesMind, speech: NumberedSpeech, **changes: Any) -> RelayConfig:
    source = await speech.start()
    values = {"server_url": salesmind.url, "token": "5f3a" * 10, "session_id": salesmind.session["id"]}
    return RelayConfig(**{**values, "source": source, "patience_s": None, **changes})


def opened(relay: RelayProcess, events: list[StreamEvent]) -> int:
    """How often the gate has opened, with everything that has come taken into ``events``."""
    events += relay.drain()
    return sum(isinstance(event, Step) and event.step == "gate_open" for event in events)
