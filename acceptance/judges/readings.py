"""What single REST readings of ``realtime_mode`` show: of a set-up, and of a flag that should fall. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from acceptance.evidence import answer, finding
from acceptance.measurements import ModeReading
from acceptance.record import Moment
from acceptance.results import Answer, Evidence, Verdict
from relay.stream import RealtimeMode

_CLOCK_S = 0.01
"""Readings are stamped to the millisecond."""


def unanswered(report: RealtimeMode | ModeReading) -> bool:
    """The server did not answer; it did if the field alone was missing."""
    return report.value is None and report.error is not None


def reading(read: ModeReading, **data: float | None) -> Evidence:
    """A reading as evidence."""
    moment = Moment(read.at)
    if read.value is None:
        return finding("mode_unanswered", "request", moment, error=read.error or "null")
    return finding("mode", "request", moment, value="true" if read.value else "false", **data)


def no_basis(code: str) -> Evidence:
    """Why the readings allow no conclusion."""
    return finding(code, "absence", Moment())


def not_set_up(
    id_: str, refused: str | None, before: ModeReading | None, connected: Sequence[ModeReading]
) -> Answer:
    """Not run, and why: no connection, or a ``realtime_mode`` from which nothing can be concluded."""
    readings = [*([] if before is None else [before]), *connected[-1:]]
    if refused is not None:
        why = finding("not_connected", "request", Moment(), code=refused)
    elif before is not None and before.value is not False:
        why = no_basis("mode_not_false_before")
    else:
        why = no_basis("mode_never_true")
    return answer(id_, "not_run", why, *map(reading, readings))


def rose(readings: Sequence[ModeReading]) -> bool:
    """It was true in the end."""
    return bool(readings) and readings[-1].value is True


def falls(id_: str, readings: Sequence[ModeReading], since_t: float, limit_s: float) -> Answer:
    """False within ``limit_s`` of ``since_t``; not run unless that long was waited for."""
    if not readings:
        return answer(id_, "not_run")
    fallen = next((one for one in readings if one.value is False), None)
    if fallen is None:
        known = [one for one in readings if not unanswered(one)]
        last = known[-1] if known else readings[-1]
        waited = round(last.t - since_t, 3)
        verdict: Verdict = "fail" if known and waited >= limit_s - _CLOCK_S else "not_run"
        return answer(id_, verdict, reading(last, took_s=waited, limit_s=limit_s))
    took = round(fallen.t - since_t, 3)
    evidence = reading(fallen, took_s=took, limit_s=limit_s)
    return answer(id_, "pass" if took <= limit_s else "fail", evidence)
