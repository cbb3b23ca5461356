"""``realtime_mode`` as the server reports it over REST: before, during and after."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace

from api_client.errors import ApiError
from api_client.models import SessionDetail
from api_client.rest import SalesMindClient
from relay.config import RelayConfig
from relay.link.access import Access
from relay.link.gate import Gate
from relay.link.instructions import RolePlay
from relay.output import Output
from relay.stream import ModePhase, ModeReports, RealtimeMode

FALSE_WITHIN_S = 5.0
"""After closing, poll until the server says false or this has passed."""
_ASK_AGAIN_S = 0.2
_ANSWER_WITHIN_S = 5.0


class ModePoller:
    """Polls over its own HTTP connection, separate from the audio. Does nothing without a session id."""

    def __init__(self, config: RelayConfig, access: Access, output: Output, gate: Gate) -> None:
        self._config = config
        self._access = access
        self._output = output
        self._gate = gate
        self._true_since: tuple[int, float] | None = None
        """Gate opening and ``t`` of the newest answer, if that was true with the gate open."""
        self._true_s: float | None = None
        self._client: SalesMindClient | None = None
        self._values: dict[ModePhase, bool | None] = {}
        self._wanted = asyncio.Event()
        self.role = RolePlay()
        self.known = config.session_id is None
        """The session was read: its role is known, and ``realtime_mode`` before the conversation."""

    @property
    def reports(self) -> ModeReports:
        """The last answer in each phase."""
        return ModeReports(
            before=self._values.get("before"),
            during=True if self._true_s is not None else self._values.get("during"),
            during_true_s=self._true_s,
            after=self._values.get("after"),
        )

    async def read_session(self) -> None:
        """The state before the conversation, and the role to play. Raises ``ApiError``."""
        if not self.known:
            self.role = role_of(await self._ask("before"))
            self.known = True

    async def poll(self) -> None:
        """Report ``realtime_mode`` every ``mode_poll_s`` seconds, until cancelled."""
        while self._config.session_id is not None:
            self._wanted.clear()
            await self._report("during")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config.mode_poll_s):
                    await self._wanted.wait()

    def ask_now(self) -> None:
        """Poll at once, because the server's answer should have changed."""
        self._wanted.set()

    async def report_after(self) -> None:
        """Poll until the server says false, or ``FALSE_WITHIN_S`` seconds have passed."""
        if self._config.session_id is None:
            return
        ends = time.monotonic() + FALSE_WITHIN_S
        while True:
            value = await self._report("after", timeout_s=max(0.5, ends - time.monotonic()))
            if value is False or time.monotonic() + _ASK_AGAIN_S >= ends:
                return
            await asyncio.sleep(_ASK_AGAIN_S)

    async def close(self) -> None:
        """Close the HTTP connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _report(self, phase: ModePhase, timeout_s: float = _ANSWER_WITHIN_S) -> bool | None:
        try:
            async with asyncio.timeout(timeout_s):
                return (await self._ask(phase)).realtime_mode
        except (ApiError, TimeoutError) as error:
            code = str(error.code) if isinstance(error, ApiError) else "server_timeout"
            self._values.setdefault(phase, None)
            self._output.emit(RealtimeMode(t=self._output.now(), value=None, phase=phase, error=code))
            return None

    async def _ask(self, phase: ModePhase) -> SessionDetail:
        assert self._config.session_id is not None
        if self._client is None:
            self._client = SalesMindClient(
                self._config.server_url, token=self._access.token, insecure=self._config.insecure
            )
        began = time.monotonic()
        session = await self._client.get_session(self._config.session_id)
        ended = time.monotonic()
        self._values[phase] = session.realtime_mode
        if phase == "during":
            self._count(self._output.at(ended), value=session.realtime_mode)
        self._output.emit(
            RealtimeMode(
                t=self._output.at(ended),
                value=session.realtime_mode,
                phase=phase,
                round_trip_ms=(ended - began) * 1_000,
            )
        )
        return session

    def _count(self, t: float, *, value: bool | None) -> None:
        """Add up how long the answers were true while the gate was open."""
        if not (value and self._gate.is_open):
            self._true_since = None
            return
        opening, since = self._true_since or (0, t)
        if opening == self._gate.openings:
            self._true_s = (self._true_s or 0.0) + t - since
        self._true_s = self._true_s or 0.0
        self._true_since = (self._gate.openings, t)


def role_of(session: SessionDetail) -> RolePlay:
    """The session's fields about the customer."""
    company = session.company
    role = RolePlay(
        industry=session.industry or None,
        value_proposition=session.value_proposition or None,
        persona=session.customer_persona,
        pain=session.customer_pain,
    )
    if company is None:
        return role
    facts = (company.company_name, company.business_description, company.location)
    return replace(
        role,
        company=", ".join(fact for fact in facts if fact) or None,
        industry=role.industry or company.industry,
    )
