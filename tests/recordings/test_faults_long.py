"""A conversation with one fault after another: its recording is complete, its transcript right, its memory flat, and
its replay ends in the state in which the live screen ended, byte for byte.

``SALESMIND_FAULT_MINUTES`` says how long, with a fault every 20 s (``make test-faults-long``: 30). Otherwise each kind
of fault happens once, one right after the other.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from acceptance.fault_proxy import FaultProxy
from relay.client import RelayProcess
from relay.commands import Reconnect, UseSource, UseToken
from relay.config import RelayConfig
from relay.conversation_bounds import bounded
from relay.conversation_state import state_json
from relay.recording.reader import RecordingReader
from relay.recording.recorder import hashes
from relay.stream import Problem
from tests.relay.fake_salesmind import SESSION_ID, TOKEN, FakeSalesMind, Socket
from tests.relay.numbered_speech import NumberedSpeech, until
from tui.conversation.feed import LiveFeed
from tui.recordings.feed import ReplayFeed, load

MINUTES = float(os.environ.get("SALESMIND_FAULT_MINUTES", "0"))
EVERY_S = 20.0
TOKENS = (TOKEN, "6a4b" * 10)
Fault = Callable[["Bench"], Awaitable[None]]


class Bench:
    """Server, network, microphone and conversation, and what each fault does to them."""

    def __init__(
        self, salesmind: FakeSalesMind, proxy: FaultProxy, speech: NumberedSpeech, source: str
    ) -> None:
        self.salesmind, self.proxy, self.speech, self.source = salesmind, proxy, speech, source
        self.port = salesmind.port
        self.said = 0
        self.feed: LiveFeed
        self.relay: RelayProcess
        self._pause_s = 2.0 if MINUTES else 0.3

    async def start(self, record: Path, log_path: Path) -> None:
        config = RelayConfig(
            server_url=self.proxy.url,
            token=self.salesmind.token,
            session_id=SESSION_ID,
            source=self.source,
            patience_s=None,
            record_directory=str(record),
        )
        self.relay = await RelayProcess.start(config, log_path=log_path)
        self.feed = LiveFeed(self.relay, time.monotonic)
        await self.live()

    def look(self) -> bool:
        """Take in what has happened, as the screen does; whether the gate is open."""
        self.feed.pull()
        return self.feed.state.gate_open

    def looks_until(self, at: float) -> bool:
        """Goes on looking until ``at`` (monotonic) has passed."""
        return self.look() and time.monotonic() >= at

    async def live(self) -> None:
        await until(self.look)

    async def turn(self) -> None:
        """Something is said and answered, and is in the transcript, before the next fault."""
        self.said += 1
        n, socket = self.said, self.newest
        self.speech.quiet = not self.speech.quiet
        await self.salesmind.hear(socket, f"u{n}", f"発話{n}")
        await self.salesmind.respond(socket, f"r{n}", f"a{n}", f"答え{n}")
        await until(lambda: self.look() and self.words("assistant")[-1:] == [f"答え{n}"])

    @property
    def newest(self) -> Socket:
        return self.salesmind.sockets[-1]

    def words(self, role: str) -> list[str]:
        return [turn.text for turn in self.feed.state.turns if turn.role == role and turn.final]

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.relay.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    async def renewed(self, fault: Callable[[], object]) -> None:
        """Do it, and wait for the connection after it."""
        before = len(self.salesmind.sockets)
        fault()
        await until(lambda: len(self.salesmind.sockets) > before)
        await self.live()
        await self.newest.until_text("session.update")
        await until(self.look)

    # --- every kind ----------------------------------------------------------------------------

    async def reset(self) -> None:
        await self.renewed(self.proxy.reset)

    async def corrupt(self) -> None:
        self.proxy.corrupt()
        socket = self.newest
        await self.renewed(
            lambda: asyncio.ensure_future(socket.send("response.created", response={"id": "x"}))
        )

    async def half_open(self) -> None:
        await self.renewed(self.proxy.half_open)
        self.proxy.bury_dead()

    async def stand_still(self) -> None:
        self.proxy.pause()
        await asyncio.sleep(self._pause_s)
        self.proxy.resume()

    async def slow(self) -> None:
        self.proxy.bytes_per_s = 32_000
        await asyncio.sleep(self._pause_s)
        self.proxy.bytes_per_s = None

    async def server_gone(self) -> None:
        self.newest.ws.transport.abort()
        await self.salesmind.stop()
        await asyncio.sleep(self._pause_s)
        await self.renewed(lambda: asyncio.ensure_future(self.salesmind.start(self.port)))

    async def closed_by_gateway(self) -> None:
        socket = self.newest
        await self.renewed(lambda: asyncio.ensure_future(socket.ws.close(1012)))

    async def expired(self) -> None:
        socket = self.newest
        error = {"type": "invalid_request_error", "code": "session_expired", "message": "60 minutes"}
        await self.renewed(lambda: asyncio.ensure_future(socket.send("error", error=error)))

    async def revoked(self) -> None:
        self.salesmind.token = next(token for token in TOKENS if token != self.salesmind.token)
        await self.newest.ws.close(4401)
        await until(lambda: not self.look() and self.feed.state.status == "given_up")
        before = len(self.salesmind.sockets)
        await self.relay.send(UseToken(token=self.salesmind.token))
        await until(lambda: len(self.salesmind.sockets) > before)
        await self.live()

    async def asked_for(self) -> None:
        before = len(self.salesmind.sockets)
        await self.relay.send(Reconnect())
        await until(lambda: len(self.salesmind.sockets) > before)
        await self.live()

    async def nonsense(self) -> None:
        await self.newest.ws.send('{"type": "response.done", "response": [')
        await self.newest.ws.send('{"type":"error","error":{"type":"server_error","message":"oops"}}')

    async def no_microphone(self) -> None:
        self.speech.drop()
        await self.relay.send(UseSource(spec="tcp:127.0.0.1:1"))
        await asyncio.sleep(self._pause_s)
        await self.relay.send(UseSource(spec=self.source))

    async def suspended(self) -> None:
        os.kill(self.relay.pid, 19)
        await asyncio.sleep(self._pause_s)
        os.kill(self.relay.pid, 18)


FAULTS: tuple[Fault, ...] = (
    Bench.reset,
    Bench.stand_still,
    Bench.corrupt,
    Bench.slow,
    Bench.server_gone,
    Bench.closed_by_gateway,
    Bench.nonsense,
    Bench.expired,
    Bench.revoked,
    Bench.no_microphone,
    Bench.asked_for,
    Bench.suspended,
)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    salesmind, speech = FakeSalesMind(), NumberedSpeech()
    await salesmind.start()
    source = await speech.start()
    async with FaultProxy(salesmind.url) as proxy:
        yield Bench(salesmind, proxy, speech, source)
    speech.close()
    await salesmind.stop()


async def test_one_fault_after_another(bench: Bench, tmp_path: Path) -> None:
    record = tmp_path / "recording"
    await bench.start(record, tmp_path / "relay.log")
    began, memory = time.monotonic(), []
    # A half-open line takes five seconds to be noticed: too long for `make test`, which has rows of its own.
    faults = itertools.cycle((*FAULTS, Bench.half_open)) if MINUTES else iter(FAULTS)
    for number, fault in enumerate(faults):
        await bench.turn()
        await fault(bench)
        await bench.live()
        memory.append(bench.memory_mb())
        if MINUTES:
            print(f"{time.monotonic() - began:6.0f} s {fault.__name__:18} {memory[-1]:.1f} MB", flush=True)
            if time.monotonic() - began >= MINUTES * 60:
                break
            await until(partial(bench.looks_until, began + (number + 1) * EVERY_S))
    await bench.turn()
    bench.look()
    seconds = time.monotonic() - began
    await bench.relay.stop()
    await until(lambda: not bench.look() and bench.feed.finished)

    state = bench.feed.state
    assert state.summary is not None
    print(f"{len(memory)} faults, {state.summary.reconnects} reconnections, memory {memory[len(memory) // 3]:.1f} MB "
          f"after a third, {memory[-1]:.1f} MB at the end")  # fmt: skip
    assert bench.relay.exit_code == 0
    assert state.summary.user_transcripts == [f"発話{n}" for n in range(1, bench.said + 1)]
    assert state.summary.assistant_transcripts == [f"答え{n}" for n in range(1, bench.said + 1)]
    assert "relay_fault" not in {event.code for event in state.errors if isinstance(event, Problem)}

    manifest = RecordingReader(record).manifest
    assert manifest is not None and manifest.ended is not None
    assert manifest.ended.how == "stopped"
    assert manifest.sha256 == hashes(record)
    assert (manifest.tracks["user"].samples or 0) / 24_000 == pytest.approx(seconds, abs=3.0 + 0.03 * seconds)

    replay = ReplayFeed(load(record), time.monotonic)
    replay.put(replay.head.__class__(t=replay.timeline.end, playing=False))
    replay.move()
    replay.pull()
    assert state_json(bounded(replay.state)[0]) == state_json(state)
    if MINUTES:
        assert memory[-1] <= memory[len(memory) // 3] * 1.05
