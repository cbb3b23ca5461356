"""Test 3: from REST readings and refused handshakes to answers. Pure.

A checkpoint is not run if its precondition does not hold: a ``realtime_mode`` that is already true proves
nothing about a connection, and one that is false while connected proves nothing about a closed one. A reading
that the server did not answer proves nothing either; one that it answered without the field is a failure.
"""

from __future__ import annotations

from acceptance.evidence import answer, finding
from acceptance.judges.connections import Dialled, connections
from acceptance.judges.readings import falls, no_basis, not_set_up, reading, rose, unanswered
from acceptance.judges.reasons import explained
from acceptance.measurements import Killed, ModeMeasurements, Restarted, TwoConnections
from acceptance.record import Moment, Record
from acceptance.request import Limits
from acceptance.results import Answer, Evidence
from relay.stream import RealtimeMode, Step


def judge_mode(record: Record, limits: Limits) -> list[Answer]:
    """Before, during and after one conversation."""
    return explained(record, [_before(record), _during(record, limits), _after(record, limits)])


def judge_mode_beyond(measured: ModeMeasurements, limits: Limits, *, can_restart: bool) -> list[Answer]:
    """The checkpoints beyond the document. What was not tried is not run, or does not apply."""
    answers = [_two_connections(measured.two_connections), _killed(measured.killed, limits)]
    if can_restart:
        return [*answers, _restarted(measured.restarted, limits)]
    why = finding("server_not_ours", "absence", Moment())
    return [*answers, answer("t3.restarted", "not_applicable", why)]


# --- one conversation ----------------------------------------------------------------------------


def _report(record: Record, report: RealtimeMode, **data: float | None) -> Evidence:
    if report.value is None:
        return finding("mode_unanswered", "request", record.moment(report), error=report.error or "null")
    round_trip = None if report.round_trip_ms is None else round(report.round_trip_ms, 1)
    value = "true" if report.value else "false"
    return finding("mode", "request", record.moment(report), value=value, round_trip_ms=round_trip, **data)


def _before(record: Record) -> Answer:
    """The last answer before the first connection."""
    id_ = "t3.mode_before"
    first = record.one(Step)
    if first is None and not record.complete:  # it may be asked again
        return answer(id_, "not_run")
    reports = [report for report in record.modes("before") if first is None or report.t < first.t]
    if not reports:
        return answer(id_, "not_run")
    last = next((report for report in reversed(reports) if not unanswered(report)), reports[-1])
    if unanswered(last):
        return answer(id_, "not_run", _report(record, last))
    return answer(id_, "pass" if last.value is False else "fail", _report(record, last))


def _during(record: Record, limits: Limits) -> Answer:
    """On every connection: true in time, and never anything else while the socket is open."""
    id_ = "t3.mode_during"
    if not record.modes("during"):
        return answer(id_, "not_run")
    if not any(report.value is False for report in record.modes("before")):
        # Without a change there is nothing that the connection has done.
        basis = no_basis("mode_not_false_before")
        return answer(id_, "not_run", basis, _report(record, record.modes("during")[-1]))
    found = [_while_open(record, one, limits) for one in connections(record) if one.step("connected")]
    for wanted in ("fail", "pass"):
        decided = next((given for given in found if given.verdict == wanted), None)
        if decided is not None and (wanted == "fail" or record.complete):
            return decided
    unknown = [given for given in found if given.verdict == "not_run" and given.evidence]
    return unknown[0] if unknown else answer(id_, "not_run")


def _while_open(record: Record, one: Dialled, limits: Limits) -> Answer:
    """Readings while this connection was up. A connection gone before a timely reading proves nothing."""
    id_ = "t3.mode_during"
    connected = one.steps["connected"]
    reports = [report for report in record.modes("during") if one.holds(report.t)]
    rise = next((n for n, report in enumerate(reports) if report.value is True), None)
    if rise is None:
        late = [
            report
            for report in reports
            if not unanswered(report) and report.t - connected.t >= limits.mode_change_s
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
        return answer(id_, "not_run", no_basis("mode_never_true"))
    closed_t = last.ended.t
    reports = [report for report in record.modes("after") if report.t >= closed_t]
    fallen = next((report for report in reports if report.value is False), None)
    if fallen is None:
        known = [report for report in reports if not unanswered(report)]
        if not known or not record.complete:
            return answer(id_, "not_run", *(_report(record, report) for report in reports[-1:]))
        return answer(id_, "fail", _report(record, known[-1]))
    took = round(fallen.t - closed_t, 3)
    evidence = _report(record, fallen, took_s=took, limit_s=limits.mode_change_s)
    return answer(id_, "pass" if took <= limits.mode_change_s else "fail", evidence)


# --- several connections -------------------------------------------------------------------------


def _two_connections(measured: TwoConnections | None) -> Answer:
    id_ = "t3.two_connections"
    if measured is None:
        return answer(id_, "not_run")
    set_up = measured.before.value is False and rose(measured.both) and measured.one_closed
    if measured.refused is not None or not set_up:
        return not_set_up(id_, measured.refused, measured.before, measured.both)
    fallen = next((one for one in measured.one_closed if one.value is False), None)
    if fallen is not None:
        return answer(id_, "fail", reading(fallen))
    gap = next((one for one in measured.one_closed if one.value is None), None)
    if gap is not None:
        return answer(id_, "not_run", reading(gap))
    if len(measured.one_closed) < 2:
        return answer(id_, "not_run", reading(measured.one_closed[-1]))  # the flag had no time to fall
    last = measured.one_closed[-1]
    watched = round(last.t - measured.one_closed[0].t, 3)
    return answer(id_, "pass", reading(last, watched_s=watched, n=len(measured.one_closed)))


def _killed(measured: Killed | None, limits: Limits) -> Answer:
    id_ = "t3.killed"
    if measured is None:
        return answer(id_, "not_run")
    set_up = measured.before.value is False and rose(measured.connected) and measured.after
    if measured.refused is not None or measured.killed_t is None or not set_up:
        return not_set_up(id_, measured.refused, measured.before, measured.connected)
    return falls(id_, measured.after, measured.killed_t, limits.killed_s)


def _restarted(measured: Restarted | None, limits: Limits) -> Answer:
    id_ = "t3.restarted"
    if measured is None:
        return answer(id_, "not_run")
    if measured.refused is not None or measured.up_t is None or not rose(measured.connected):
        return not_set_up(id_, measured.refused, None, measured.connected)
    return falls(id_, measured.after, measured.up_t, limits.restart_s)
