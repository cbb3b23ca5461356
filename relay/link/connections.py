"""One connection after another: a loss is reported at once, and retried where that makes sense."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass

from api_client.errors import ApiError
from api_client.session_update import SessionSettings
from relay.codes import RelayCode
from relay.config import RelayConfig
from relay.exit_codes import EXIT_CONNECTION, EXIT_OK, EXIT_TIMEOUT
from relay.link.connection import Dialling, LiveConnection, Parts
from relay.link.ending import ASKED, STOPPED, Ending, after_error
from relay.link.instructions import RolePlay, customer_instructions
from relay.link.item_ids import ItemIds
from relay.link.loss_reports import LossReports
from relay.link.mode_poller import ModePoller
from relay.link.outbox import Outbox
from relay.link.reconnect import Backoff, decide
from relay.link.replay import Replay
from relay.link.server_traits import ServerTraits

LONGEST_WAIT_S = 120.0
"""Longest pause (s) that a server may ask for; a longer one is cut to this."""
STABLE_S = 30.0
"""A connection that lasted this long (s) resets the count of attempts."""


@dataclass(slots=True)
class Totals:
    """The summary's figures over all connections."""

    opened: int = 0
    """WebSockets that were accepted."""
    updates_sent: int = 0
    """``session.update`` messages on the last connection."""
    close_code: int | None = None
    """Of the last connection."""

    def add(self, ended: LiveConnection) -> None:
        """Add an ended connection."""
        if ended.opened:
            self.opened += 1
            self.updates_sent = ended.updates_sent
            self.close_code = ended.close_code


class Connections:
    """Keeps a connection until the run ends, replacing each one that is lost."""

    def __init__(self, parts: Parts, poller: ModePoller) -> None:
        self._parts = parts
        self._poller = poller
        self._backoff = Backoff(random.random)
        self._traits = ServerTraits()
        self._current: LiveConnection | None = None
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._attempt = 0
        self._lost_at: float | None = None
        """Since when there has been no open gate, in seconds of the monotonic clock."""
        self._finished = asyncio.Event()
        self._finished.set()
        self.reports = LossReports(parts.output)
        self.totals = Totals()
        self.exit_code = EXIT_OK
        """Other than that: they were given up, and not asked for again since."""
        parts.gate.on_open(self._gate_opened)

    @property
    def outbox(self) -> Outbox | None:
        """The current outbox; None while there is no configured connection."""
        return self._current.outbox if self._current is not None else None

    def reconnect(self) -> None:
        """Drop this connection and reconnect now, cutting short any wait."""
        self._hurry.set()
        if self._current is not None:
            self._current.end(ASKED)

    async def stop(self) -> None:
        """End the connection cleanly and do not reconnect."""
        self._stopping.set()
        self._hurry.set()
        if self._current is not None:
            self._current.end(STOPPED)
        await self._finished.wait()

    async def run(self) -> None:
        """Hold connections until ``stop``, or until giving up."""
        self._finished.clear()
        try:
            while not self._stopping.is_set():
                ending = await self._prepare() or await self._hold_one()
                if ending.kind == "closed":
                    self._parts.output.notice(RelayCode.CLOSED_BY_SERVER, ending.message)
                if ending.kind in ("stopped", "closed"):
                    break
                if not await self._again(ending):
                    self.exit_code = EXIT_TIMEOUT if ending.kind == "timeout" else EXIT_CONNECTION
                    if self._parts.config.patience_s is not None:
                        break
                    await self._hurry.wait()  # somebody asks for another connection, or stops
                    self._attempt = 0
        finally:
            self._finished.set()

    async def _prepare(self) -> Ending | None:
        """Read the session once, before the first connection; returns the failure, if any."""
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
        self._current = current = LiveConnection(self._parts, self._dialling())
        if self._stopping.is_set():
            current.end(STOPPED)
        began = time.monotonic()
        polling: list[asyncio.Task[None]] = []
        current.on_connected = lambda: polling.append(asyncio.create_task(self._poller.poll()))

        def ended(ending: Ending) -> None:
            for task in polling:
                task.cancel()
            self.reports.ended(ending, opened=current.opened)

        ending = await current.run(ended)
        await asyncio.gather(*polling, return_exceptions=True)
        self._current = None
        if current.reached_gate and time.monotonic() - began >= STABLE_S:
            self._attempt = 0
        self.totals.add(current)
        return self._traits.learn(current, ending)

    def _dialling(self) -> Dialling:
        number = self.totals.opened + 1
        said = self._parts.output.conversation
        newest = said.turns[-1].item_id if said.turns else None
        return Dialling(
            number=number,
            settings=session_settings(self._parts.config, self._poller.role),
            replay=Replay(said.turns),
            ids=ItemIds(number, self._parts.output.taken_ids(), newest),
            dialect=self._traits.dialect,
            probing=self._traits.answers_probes,
        )

    async def _again(self, ending: Ending) -> bool:
        """Report what happened and wait for the next attempt; False if there will be none."""
        asked = ending.kind == "asked"
        self._attempt += 0 if asked else 1
        now = time.monotonic()
        self._lost_at = self._lost_at or now
        retry = decide(
            retryable=ending.retry,
            attempt=self._attempt,
            ever_connected=self._parts.gate.openings > 0,
            lost_for_s=now - self._lost_at,
            patience_s=self._parts.config.patience_s,
        )
        if not asked:
            self.reports.problem(ending, fatal=not retry)
        self._hurry.clear()
        if not retry:
            self.reports.given_up(ending, self._attempt)
            if self._stopping.is_set():
                self._hurry.set()
            return False
        delay = 0.0 if asked else max(self._backoff.delay(self._attempt), min(ending.wait_s, LONGEST_WAIT_S))
        self.reports.retrying(ending, self._attempt, delay)
        if not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), delay)
        return True

    def _gate_opened(self) -> None:
        self._lost_at = None
        self.exit_code = EXIT_OK
        self._poller.ask_now()
        self.reports.gate_opened(self._attempt, first=self._parts.gate.openings == 1)


def session_settings(config: RelayConfig, role: RolePlay) -> SessionSettings:
    """The settings for ``session.update``."""
    detection = config.turn_detection
    return SessionSettings(
        instructions=customer_instructions(role, config.language),
        voice=config.voice,
        transcription_model=config.transcription_model,
        transcription_language=config.language,
        threshold=detection.threshold,
        prefix_padding_ms=detection.prefix_padding_ms,
        silence_duration_ms=detection.silence_duration_ms,
        idle_timeout_ms=detection.idle_timeout_ms,
    )
