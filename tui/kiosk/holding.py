"""Holding a visit: the box is told every second that its kiosk is still there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api_client.box import BoxClient, Visit

REPORT_S = 1.0
PATIENCE_S = 10.0
"""How long a server that does not answer is asked again: long enough for a restart."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the operator sees of a visit."""

    language: str
    microphone: str
    """The kind of source: ``mic``, ``tcp`` ...; empty: none."""
    latency_ms: int | None = None


async def hold(box: BoxClient, stay_s: float | None, latest: Callable[[], Report]) -> AsyncIterator[Visit]:
    """Arrive, and give the visit as it stands, once a second, until whoever iterates stops.

    Raises ``VisitOver`` at its end, ``BoxFull``, and any ``ApiError`` that lasts.
    """
    visit = await box.arrive(latest().language, stay_s)
    while True:
        yield visit
        await asyncio.sleep(REPORT_S)
        visit = await _report(box, visit.id, latest())


async def _report(box: BoxClient, visit_id: str, report: Report) -> Visit:
    from api_client.errors import ServerFault, ServerTimeout, ServerUnreachable

    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await box.report(
                visit_id,
                language=report.language,
                microphone=report.microphone,
                latency_ms=report.latency_ms,
            )
        except (ServerUnreachable, ServerTimeout, ServerFault):
            if time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(REPORT_S / 2)
