"""Test 3: from REST readings and refused handshakes to answers. Pure.

A checkpoint is not run when what it builds on does not hold: a ``realtime_mode`` that is true already proves
nothing about a connection, and one that is false while connected proves nothing about a closed one. A reading
that the server did not answer proves nothing either; one that it answered without the field is a failure.
"""

from __future__ import annotations

from collections.abc import Sequence

from acceptance.evidence import answer, finding
from acceptance.judges.connections import Dialled, connections
from acceptance.judges.reasons import explained
from acceptance.measurements import (
    Attempt,
    ForeignRead,
    Killed,
    ModeMeasurements,
    ModeReading,
    Restarted,
    TwoConnections,
)
from acceptance.record import Moment, Record
from acceptance.request import Limits
from acceptance.results import Answer, Evidence, Verdict
from relay.stream import RealtimeMode, Step

_CLOCK_S = 0.01
"""Readings are stamped to the millisecond."""
_NO_SECOND_USER = ("t3.foreign_session", "t3.foreign_read")


def judge_mode(record: Record, limits: Limits) -> list[Answer]:
    """Before, during and after one conversation."""
    return explained(record, [_before(record), _during(record, limits), _after(record, limits)])


def judge_mode_beyond(
    measured: ModeMeasurements, limits: Limits, *, second_user: bool, can_restart: bool
) -> list[Answer]:
    """What goes beyond the document. What was not tried is not run, or does not apply."""
    answers = [
        _two_connections(measured.two_connections),
        _killed(measured.killed, limits),
        _refused("t3.missing_token", measured.missing_token),
        _refused("t3.wrong_token", measured.wrong_token),
        _explained(measured.missing_token, measured.wrong_token),
        _refused("t3.unknown_session", measured.unknown_session),
    ]
    if second_user:
        answers += [
            _refused("t3.foreign_session", measured.foreign_session),
            _foreign_read(measured.foreign_read),
        ]
    else:
        why = finding("no_second_user", "absence", Moment())
        answers += [answer(id_, "not_applicable", why) for id_ in _NO_SECOND_USER]
    if can_restart:
        answers.append(_restarted(measured.restarted, limits))
    else:
        why = finding("server_not_ours", "absence", Moment())
        answers.append(answer("t3.restarted", "not_applicable", why))
    return answers


# --- one conversation ----------------------------------------------------------------------------


def _report(record: Record, report: RealtimeMode, **data: float | None) -> Evidence:
    if report.value is None:
        return finding("mode_unanswered", "request", record.moment(report), error=report.error or "null")
    round_trip = None if report.round_trip_ms is None else round(report.round_trip_ms, 1)
    value = "true" if report.value else "false"
    return finding("mode", "request", record.moment(report), value=value, round_trip_ms=round_trip, **data)


def _unanswered(report: RealtimeMode | ModeReading) -> bool:
    return report.value is None and report.error is not None


def _before(record: Record) -> Answer:
    """The last answer before the first connection."""
    id_ = "t3.mode_before"
    first = record.one(Step)
    if first is None and not record.complete:  # it may be asked again
        return answer(id_, "not_run")
    reports = [report for report in record.modes("before") if first is None or report.t < first.t]
    if not reports:
        return answer(id_, "not_run")
    last = next((report for report in reversed(reports) if not _unanswered(report)), reports[-1])
    if _unanswered(last):
        return answer(id_, "not_run", _report(record, last))
    return answer(id_, "pass" if last.value is False else "fail", _report(record, last))


def _during(record: Record, limits: Limits) -> Answer:
    """On every connection: true in time, and never anything else while the socket is open."""
    id_ = "t3.mode_during"
    if not record.modes("during"):
        return answer(id_, "not_run")
    if not any(report.value is False for report in record.modes("before")):
        # Without a change there is nothing that the connection has done.
        basis = _no_basis("mode_not_false_before")
        return answer(id_, "not_run", basis, _report(record, record.modes("during")[-1]))
    found = [_while_open(record, one, limits) for one in connections(record) if one.step("connected")]
    for wanted in ("fail", "pass"):
        decided = next((given for given in found if given.verdict == wanted), None)
        if decided is not None and (wanted == "fail" or record.complete):
            return decided
    unknown = [given for given in found if given.verdict == "not_run" and given.evidence]
    return unknown[0] if unknown else answer(id_, "not_run")


def _while_open(record: Record, one: Dialled, limits: Limits) -> Answer:
    """What was read while this connection stood. One that was gone before it was read in time shows nothing."""
    id_ = "t3.mode_during"
    connected = one.steps["connected"]
    reports = [report for report in record.modes("during") if one.holds(report.t)]
    rise = next((n for n, report in enumerate(reports) if report.value is True), None)
    if rise is None:
        late = [
            report
            for report in reports
            if not _unanswered(report) and report.t - connected.t >= limits.mode_change_s
        ]
        if late:
            return answer(id_, "fail", _report(record, late[0]))
        return answer(id_, "not_run", *(_report(record, report) for report in reports[-1:]))
    first = reports[rise]
    took = round(max(0.0, first.t - connected.t), 3)
    evidence = _report(record, first, took_s=took, limit_s=limits.mode_change_s)
    fallen = next((report for report in reports[rise:] if report.value is False), None)
    if fallen is not None:
        return answer(id_, "fail", _report(record, fallen), evidence)
    return answer(id_, "pass" if took <= limits.mode_change_s else "fail", evidence)


def _after(record: Record, limits: Limits) -> Answer:
    """After the last connection: what came before it was followed by another one."""
    id_ = "t3.mode_after"
    opened = [one for one in connections(record) if one.step("connected")]
    last = opened[-1] if opened else None
    if last is None or last.ended is None:
        return answer(id_, "not_run")
    if not any(report.value is True and last.holds(report.t) for report in record.modes("during")):
        return answer(id_, "not_run", _no_basis("mode_never_true"))
    closed_t = last.ended.t
    reports = [report for report in record.modes("after") if report.t >= closed_t]
    fallen = next((report for report in reports if report.value is False), None)
    if fallen is None:
        known = [report for report in reports if not _unanswered(report)]
        if not known or not record.complete:
            return answer(id_, "not_run", *(_report(record, report) for report in reports[-1:]))
        return answer(id_, "fail", _report(record, known[-1]))
    took = round(fallen.t - closed_t, 3)
    evidence = _report(record, fallen, took_s=took, limit_s=limits.mode_change_s)
    return answer(id_, "pass" if took <= limits.mode_change_s else "fail", evidence)


# --- several connections -------------------------------------------------------------------------


def _reading(reading: ModeReading, **data: float | None) -> Evidence:
    moment = Moment(reading.at)
    if reading.value is None:
        return finding("mode_unanswered", "request", moment, error=reading.error or "null")
    return finding("mode", "request", moment, value="true" if reading.value else "false", **data)


def _no_basis(code: str) -> Evidence:
    """Why nothing can be concluded from what was read."""
    return finding(code, "absence", Moment())


def _not_set_up(
    id_: str, refused: str | None, before: ModeReading | None, connected: Sequence[ModeReading]
) -> Answer:
    """Not run, and why: no connection, or a ``realtime_mode`` from which nothing can be concluded."""
    readings = [*([] if before is None else [before]), *connected[-1:]]
    if refused is not None:
        why = finding("not_connected", "request", Moment(), code=refused)
    elif before is not None and before.value is not False:
        why = _no_basis("mode_not_false_before")
    else:
        why = _no_basis("mode_never_true")
    return answer(id_, "not_run", why, *map(_reading, readings))


def _rose(readings: Sequence[ModeReading]) -> bool:
    return bool(readings) and readings[-1].value is True


def _two_connections(measured: TwoConnections | None) -> Answer:
    id_ = "t3.two_connections"
    if measured is None:
        return answer(id_, "not_run")
    set_up = measured.before.value is False and _rose(measured.both) and measured.one_closed
    if measured.refused is not None or not set_up:
        return _not_set_up(id_, measured.refused, measured.before, measured.both)
    fallen = next((reading for reading in measured.one_closed if reading.value is False), None)
    if fallen is not None:
        return answer(id_, "fail", _reading(fallen))
    unanswered = next((reading for reading in measured.one_closed if reading.value is None), None)
    if unanswered is not None:
        return answer(id_, "not_run", _reading(unanswered))
    if len(measured.one_closed) < 2:
        return answer(id_, "not_run", _reading(measured.one_closed[-1]))  # the flag had no time to fall
    last = measured.one_closed[-1]
    watched = round(last.t - measured.one_closed[0].t, 3)
    return answer(id_, "pass", _reading(last, watched_s=watched, n=len(measured.one_closed)))


def _killed(measured: Killed | None, limits: Limits) -> Answer:
    id_ = "t3.killed"
    if measured is None:
        return answer(id_, "not_run")
    set_up = measured.before.value is False and _rose(measured.connected) and measured.after
    if measured.refused is not None or measured.killed_t is None or not set_up:
        return _not_set_up(id_, measured.refused, measured.before, measured.connected)
    return _falls(id_, measured.after, measured.killed_t, limits.killed_s)


def _restarted(measured: Restarted | None, limits: Limits) -> Answer:
    id_ = "t3.restarted"
    if measured is None:
        return answer(id_, "not_run")
    if measured.refused is not None or measured.up_t is None or not _rose(measured.connected):
        return _not_set_up(id_, measured.refused, None, measured.connected)
    return _falls(id_, measured.after, measured.up_t, limits.restart_s)


def _falls(id_: str, readings: Sequence[ModeReading], since_t: float, limit_s: float) -> Answer:
    if not readings:
        return answer(id_, "not_run")
    fallen = next((reading for reading in readings if reading.value is False), None)
    if fallen is None:
        known = [reading for reading in readings if not _unanswered(reading)]
        last = known[-1] if known else readings[-1]
        waited = round(last.t - since_t, 3)
        verdict: Verdict = "fail" if known and waited >= limit_s - _CLOCK_S else "not_run"
        return answer(id_, verdict, _reading(last, took_s=waited, limit_s=limit_s))
    took = round(fallen.t - since_t, 3)
    evidence = _reading(fallen, took_s=took, limit_s=limit_s)
    return answer(id_, "pass" if took <= limit_s else "fail", evidence)


# --- refusals ------------------------------------------------------------------------------------


def _attempt(attempt: Attempt) -> Evidence:
    return finding(
        f"attempt_{attempt.outcome}",
        "request",
        Moment(attempt.at),
        http_status=attempt.http_status,
        close_code=attempt.close_code,
        error_code=attempt.error_code,
        detail=attempt.detail,
        **({} if attempt.said is None else {"said": attempt.said}),
    )


def _refused(id_: str, attempt: Attempt | None) -> Answer:
    if attempt is None:
        return answer(id_, "not_run")
    if attempt.outcome == "no_answer":
        return answer(id_, "not_run", _attempt(attempt))
    return answer(id_, "pass" if attempt.refused else "fail", _attempt(attempt))


def _explained(*attempts: Attempt | None) -> Answer:
    """Judged on refusals of a token, which every server must make; a bare 403 tells a client nothing."""
    id_ = "t3.refusal_explained"
    refused = [attempt for attempt in attempts if attempt is not None and attempt.refused]
    if not refused:
        return answer(id_, "not_run")
    evidence = [_attempt(attempt) for attempt in refused]
    explained = all(
        attempt.error_code is not None and attempt.close_code is not None and attempt.close_code >= 4_000
        for attempt in refused
    )
    return answer(id_, "pass" if explained else "fail", *evidence)


def _foreign_read(read: ForeignRead | None) -> Answer:
    id_ = "t3.foreign_read"
    if read is None:
        return answer(id_, "not_run")
    if read.readable:
        return answer(id_, "fail", finding("foreign_readable", "request", Moment(read.at)))
    if read.status not in (403, 404):
        unclear = finding("request_failed", "request", Moment(read.at), code=read.error)
        return answer(id_, "not_run", unclear)
    hidden = finding("foreign_hidden", "request", Moment(read.at), status=read.status)
    return answer(id_, "pass", hidden)
