"""One connection after another: what is lost is said at once, and made again where that is worth it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import replace

from api_client.errors import ApiError
from api_client.session_update import Dialect, SessionSettings
from relay.config import RelayConfig
from relay.exit_codes import EXIT_CONNECTION, EXIT_OK, EXIT_TIMEOUT
from relay.link.connection import Dialling, LiveConnection
from relay.link.downlink import Downlink
from relay.link.ending import ASKED, STOPPED, Ending, after_error
from relay.link.instructions import customer_instructions
from relay.link.mode_poller import ModePoller
from relay.link.outbox import Outbox
from relay.link.reconnect import Backoff, decide
from relay.link.replay import Replay
from relay.link.uplink import Uplink
from relay.output import Output
from relay.stream import Connection, Problem

STABLE_S = 30.0
"""A connection that held so long starts the count of attempts again."""


class Connections:
    """Holds a connection until the run ends, with a new one for each that is lost."""

    def __init__(
        self, config: RelayConfig, output: Output, uplink: Uplink, downlink: Downlink, poller: ModePoller
    ) -> None:
        self._config = config
        self._output = output
        self._uplink = uplink
        self._downlink = downlink
        self._poller = poller
        self._backoff = Backoff(random.random)
        self._current: LiveConnection | None = None
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._dialect: Dialect | None = None
        self._probing = True
        self._attempt = 0
        self._lost = False
        self._said: str | None = None
        self._finished = asyncio.Event()
        self._finished.set()
        self.on_gate_open: Callable[[], None] | None = None
        self.opened = 0
        """WebSockets that were accepted."""
        self.gates_opened = 0
        self.restored = 0
        """Losses after which the gate opened again."""
        self.updates_sent = 0
        """``session.update`` messages on the last connection."""
        self.close_code: int | None = None

    @property
    def outbox(self) -> Outbox | None:
        """Where to post events; None while there is no configured connection."""
        return self._current.outbox if self._current is not None else None

    def reconnect(self) -> None:
        """Drop this connection and make a new one now; while waiting for one, wait no longer."""
        self._hurry.set()
        if self._current is not None:
            self._current.end(ASKED)

    async def stop(self) -> None:
        """End the connection cleanly and make no more."""
        self._stopping.set()
        self._hurry.set()
        if self._current is not None:
            self._current.end(STOPPED)
        await self._finished.wait()

    async def run(self) -> int:
        """Hold connections until ``stop`` (returns ``EXIT_OK``) or until they are given up (the exit code)."""
        self._finished.clear()
        try:
            while not self._stopping.is_set():
                ending = await self._prepare() or await self._hold_one()
                if ending.kind == "closed":
                    self._output.notice(ending.code, ending.message)
                if ending.kind in ("stopped", "closed"):
                    break
                if not await self._again(ending):
                    return EXIT_TIMEOUT if ending.kind == "timeout" else EXIT_CONNECTION
        finally:
            self._finished.set()
        return EXIT_OK

    async def _prepare(self) -> Ending | None:
        """Read the session once, before the first connection; how that failed, if it did."""
        if self._poller.known:
            return None
        reading = asyncio.ensure_future(self._poller.read_session())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not reading.done():
            reading.cancel()
            await asyncio.wait({reading})
            return STOPPED
        try:
            reading.result()
        except ApiError as error:
            return after_error(error)
        return None

    async def _hold_one(self) -> Ending:
        turns = self._output.conversation.turns if self.gates_opened else ()
        dialling = Dialling(
            number=self.opened + 1,
            settings=self._settings(),
            replay=Replay(turns),
            dialect=self._dialect,
            probing=self._probing,
        )
        self._downlink.errors.connected()
        self._current = current = LiveConnection(
            self._config, self._output, self._uplink, self._downlink, dialling
        )
        current.on_gate_open = self._gate_opened
        if self._stopping.is_set():
            current.end(STOPPED)
        began = time.monotonic()
        polling: list[asyncio.Task[None]] = []
        current.on_connected = lambda: polling.append(asyncio.create_task(self._poller.poll()))

        def ended(ending: Ending) -> None:
            for task in polling:
                task.cancel()
            self._said_lost(ending, current)

        ending = await current.run(ended)
        await asyncio.gather(*polling, return_exceptions=True)
        self._current = None
        if current.reached_gate and time.monotonic() - began >= STABLE_S:
            self._attempt = 0
        return self._learn(current, ending)

    def _learn(self, ended: LiveConnection, ending: Ending) -> Ending:
        if ended.opened:
            self.opened += 1
            self.updates_sent = ended.updates_sent
            self.close_code = ended.close_code
        if ending.code == "upstream_silent":
            # A server that has never answered a probe may not know the question: ask, but do not conclude.
            self._probing = ended.answers_probes
        if ending.other_dialect and ended.guessed_dialect is not None and self._dialect is None:
            self._dialect = "beta" if ended.guessed_dialect == "ga" else "ga"
            return replace(ending, retry=True)
        return ending

    async def _again(self, ending: Ending) -> bool:
        """Say what happened and wait for the next attempt; False if there will be none."""
        asked = ending.kind == "asked"
        self._attempt += 0 if asked else 1
        retry = decide(retryable=ending.retry, attempt=self._attempt, ever_connected=self.gates_opened > 0)
        if not asked:
            self._say_problem(ending, fatal=not retry)
        now = self._output.now()
        if not retry:
            self._output.emit(
                Connection(
                    t=now,
                    state="given_up",
                    attempt=self._attempt,
                    close_code=ending.close_code,
                    reason=ending.reason or ending.code,
                )
            )
            return False
        delay = 0.0 if asked else self._backoff.delay(self._attempt)
        self._output.emit(
            Connection(t=now, state="retrying", attempt=self._attempt, delay_s=delay, reason=ending.code)
        )
        self._hurry.clear()
        if not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), delay)
        return True

    def _say_problem(self, ending: Ending, *, fatal: bool) -> None:
        # An outage of a minute is forty failed attempts and one problem.
        if ending.told or (ending.code == self._said and not fatal):
            return
        self._said = ending.code
        self._output.problem(
            Problem(
                t=self._output.now(),
                where="connection",
                code=ending.code,
                message=ending.message,
                fatal=fatal,
                params=ending.params or {},
            )
        )

    def _said_lost(self, ending: Ending, current: LiveConnection) -> None:
        if ending.kind in ("stopped", "closed") or not current.opened:
            return
        self._lost = True
        if ending.kind == "asked":
            return
        self._output.emit(
            Connection(
                t=self._output.now(),
                state="lost",
                close_code=ending.close_code,
                reason=ending.reason or ending.code,
            )
        )

    def _gate_opened(self) -> None:
        self.gates_opened += 1
        self._poller.ask_now()
        self._said = None
        if self._lost:
            self._lost = False
            if self.gates_opened > 1:
                self.restored += 1
            self._output.emit(Connection(t=self._output.now(), state="restored", attempt=self._attempt))
        if self.on_gate_open is not None:
            self.on_gate_open()

    def _settings(self) -> SessionSettings:
        config = self._config
        detection = config.turn_detection
        return SessionSettings(
            instructions=customer_instructions(self._poller.role, config.language),
            voice=config.voice,
            transcription_model=config.transcription_model,
            transcription_language=config.language,
            threshold=detection.threshold,
            prefix_padding_ms=detection.prefix_padding_ms,
            silence_duration_ms=detection.silence_duration_ms,
        )
