"""Test 4: from the events after each fault to answers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from acceptance.evidence import absent, answer, finding
from acceptance.judges.reasons import error_shown, explained, recording_failed, trouble
from acceptance.measurements import Fault, FaultMeasurements, FaultWindow, RecordingFiles
from acceptance.record import Moment, Record
from acceptance.request import Limits
from acceptance.results import Answer, Evidence
from relay import stream
from relay.config import BYTES_PER_SECOND
from relay.stream import Connection, Meters, Notice, Problem, SourceState, Step, StreamEvent, Transcript

_AUDIO_SLACK_S = 0.25
"""How much shorter than the sent audio the recording may be: the chunk in transit."""


_CUTS: tuple[Fault, ...] = ("reset", "corrupt", "half_open")


def judge_refused_microphone(record: Record) -> Answer:
    """A source that cannot be opened must be reported in words and must not end the conversation."""
    id_ = "t4.microphone_refused"
    failed = record.one(SourceState, lambda event: event.state == "failed")
    shown = record.one(Problem, lambda problem: problem.where == "audio" and bool(problem.message.strip()))
    if shown is not None:
        spec = failed.spec if failed is not None else "?"
        simulated = finding("simulated_microphone", "event", record.moment(failed), spec=spec)
        return answer(id_, "pass", error_shown(record, shown), simulated)
    if failed is None or not record.complete:
        return explained(record, [answer(id_, "not_run")])[0]
    return answer(id_, "fail", absent(record, "error (audio)"))


def judge_real_refusal(record: Record, operator: str) -> Answer:
    """The same with a real one, which ``operator`` has refused. Some systems give zeros in its place."""
    id_ = "t4.operator_microphone"
    shown = record.one(Problem, lambda problem: problem.where == "audio" and bool(problem.message.strip()))
    zeros = record.one(Notice, lambda notice: notice.code == "digital_silence")
    prepared = finding("prepared_by", "operator", Moment(), name=operator)
    if shown is not None:
        return answer(id_, "pass", error_shown(record, shown), prepared, answered_by=operator)
    opened = record.one(SourceState, lambda event: event.state == "opened")
    if zeros is not None and opened is not None:
        silent = finding("source_silent", "event", record.moment(zeros), spec=opened.spec)
        return answer(id_, "pass", silent, prepared, answered_by=operator)
    if opened is not None:
        found = finding("microphone_opened", "event", record.moment(opened), name=opened.name)
        return answer(id_, "not_run", found, prepared)
    if record.one(SourceState) is None or not record.complete:
        return explained(record, [answer(id_, "not_run")])[0]
    return answer(id_, "fail", absent(record, "error (audio)"), prepared, answered_by=operator)


def judge_faults(record: Record, measured: FaultMeasurements, limits: Limits) -> list[Answer]:
    """The answers about the faults that were injected into one conversation. What was not tried is not run."""

    def window(fault: Fault) -> _Window | None:
        found = measured.windows.get(fault)
        return None if found is None else _Window(record.window(found.first, found.last), found)

    def judged_by_turn(id_: str, fault: Fault, judge: Callable[[str, _Window, Limits], Answer]) -> Answer:
        """By a turn that is answered afterwards; a server that answered none before proves nothing."""
        found = window(fault)
        if found is None:
            return answer(id_, "not_run")
        if not measured.answers_typed_turns:
            why = finding("no_turn_before", "absence", Moment())
            return answer(id_, "not_run", why, _injected(found.fault))
        return judge(id_, found, limits)

    answers = [
        _cut(window("reset"), limits),
        _recovers("t4.reconnected", window("reset"), limits.recover_s),
        _api_error(window("api_error"), limits),
        judged_by_turn("t4.survives_api_error", "api_error", _survives_error),
        judged_by_turn("t4.pause", "pause", _survives),
        judged_by_turn("t4.slow", "slow", _survives),
        _recovers("t4.corrupt", window("corrupt"), limits.recover_s),
        _recovers("t4.half_open", window("half_open"), limits.half_open_s),
        _nothing_lost(record, measured),
    ]
    return explained(record, answers) if not measured.windows or record.own_failure else answers


@dataclass(frozen=True, slots=True)
class _Window:
    """The stream from the fault on, for as long as the run waited."""

    record: Record
    fault: FaultWindow

    def unmet(self, id_: str, *evidence: Evidence) -> Answer:
        """Failed if the run waited to the end, not run if the stream just stops."""
        if not self.record.complete:
            own = self.record.own_failure
            why = [] if own is None else [error_shown(self.record, own)]
            return answer(id_, "not_run", *why, _injected(self.fault))
        return answer(id_, "fail", *evidence, _injected(self.fault))


def _injected(fault: FaultWindow) -> Evidence:
    return finding(f"fault_{fault.fault}", "request", Moment(fault.at))


def _lost(record: Record, lost: Connection, fault: FaultWindow) -> Evidence:
    moment = record.moment(lost)
    noticed_s: float | None = None
    if moment.at is not None:
        noticed = datetime.fromisoformat(moment.at) - datetime.fromisoformat(fault.at)
        noticed_s = round(max(0.0, noticed.total_seconds()), 3)
    data = {"close_code": lost.close_code, "reason": lost.reason, "noticed_s": noticed_s}
    return finding("lost", "event", moment, **data)


def _restored(record: Record) -> Step | None:
    """The gate that opened again after a loss."""
    lost = record.lost
    if lost is None or record.one(Connection, lambda event: event.state == "restored") is None:
        return None
    return record.one(Step, lambda step: step.step == "gate_open" and step.t >= lost.t)


def _cut(window: _Window | None, limits: Limits) -> Answer:
    id_ = "t4.network_cut"
    if window is None:
        return answer(id_, "not_run")
    record, fault = window.record, window.fault
    gate = _restored(record)
    problem = record.one(Problem, lambda problem: problem.where == "connection")
    evidence: list[Evidence] = []
    if record.lost is not None:
        evidence.append(_lost(record, record.lost, fault))
    if gate is not None:
        evidence.append(finding("reconnected", "event", record.moment(gate), connection=gate.connection))
    if problem is not None:
        evidence.append(error_shown(record, problem))
    shown = [event.t for event in (gate, problem) if event is not None]
    own = record.own_failure
    if not shown or (own is not None and own.t <= min(shown)):
        return window.unmet(id_, *evidence, absent(record, "reconnection / error", limits.recover_s))
    return answer(id_, "pass", *evidence, _injected(fault))


def _recovers(id_: str, window: _Window | None, limit_s: float) -> Answer:
    if window is None:
        return answer(id_, "not_run")
    record, fault = window.record, window.fault
    lost, gate = record.lost, _restored(record)
    if lost is None:
        return window.unmet(id_, absent(record, "connection (lost)", limit_s))
    if gate is None:
        why = trouble(record) if record.of(Problem) else None
        return window.unmet(id_, why or absent(record, "reconnection", limit_s), _lost(record, lost, fault))
    back = finding(
        "reconnected",
        "event",
        record.moment(gate),
        connection=gate.connection,
        seconds=round(gate.t - lost.t, 3),
    )
    return answer(id_, "pass", back, _lost(record, lost, fault), _injected(fault))


def _api_problem(record: Record) -> Problem | None:
    return record.one(Problem, lambda problem: problem.where == "server")


def _api_error(window: _Window | None, limits: Limits) -> Answer:
    id_ = "t4.api_error"
    if window is None:
        return answer(id_, "not_run")
    problem = _api_problem(window.record)
    if problem is None:
        return window.unmet(id_, absent(window.record, "error (server)", limits.error_s))
    return answer(id_, "pass", error_shown(window.record, problem), _injected(window.fault))


def _survives_error(id_: str, window: _Window, limits: Limits) -> Answer:
    if _api_problem(window.record) is None:
        return answer(id_, "not_run", _injected(window.fault))
    return _survives(id_, window, limits)


def _survives(id_: str, window: _Window, limits: Limits) -> Answer:
    """A turn after the fault is answered, on the same connection."""
    record, fault = window.record, window.fault
    if record.lost is not None:
        return window.unmet(id_, _lost(record, record.lost, fault))
    done = record.completed_response
    if done is None or not record.complete:
        return window.unmet(id_, absent(record, "response.done", limits.answer_s))
    return answer(id_, "pass", finding("answered", "event", record.moment(done)), _injected(fault))


# --- what was recorded ---------------------------------------------------------------------------


def _nothing_lost(record: Record, measured: FaultMeasurements) -> Answer:
    id_ = "t4.nothing_lost"
    recording, summary = measured.recording, record.summary
    cuts = [fault for fault in _CUTS if _was_cut(record, measured, fault)]
    if recording is None or summary is None or not record.complete:
        return answer(id_, "not_run")
    if not cuts:
        return answer(id_, "not_run", finding("no_cut", "absence", Moment()))
    if (why := recording_failed(record)) is not None:
        return answer(id_, "not_run", why)
    unrecorded = _unrecorded(record.events, recording)
    sent_s = summary.bytes_sent / BYTES_PER_SECOND
    recorded_s = recording.user_seconds or 0.0
    said = {event.text for event in record.of(Transcript, lambda event: event.final)}
    if not said or sent_s <= 0:
        return answer(id_, "not_run", finding("nothing_to_lose", "absence", Moment()))
    kept = {*summary.user_transcripts, *summary.assistant_transcripts}
    evidence = finding(
        "recorded",
        "measurement",
        record.moment(summary),
        events=len(record.events),
        unrecorded=unrecorded,
        sent_s=round(sent_s, 2),
        recorded_s=round(recorded_s, 2),
        transcripts=len(said),
        transcripts_lost=len(said - kept),
        cuts=len(cuts),
    )
    sound = recorded_s >= sent_s - _AUDIO_SLACK_S and recording.customer_seconds is not None
    return answer(id_, "pass" if unrecorded == 0 and sound and said <= kept else "fail", evidence)


def _was_cut(record: Record, measured: FaultMeasurements, fault: Fault) -> bool:
    """The proxy cut the connection and the cut was felt: a loss not caused by the proxy proves nothing."""
    found = measured.windows.get(fault)
    return found is not None and record.window(found.first, found.last).lost is not None


def _unrecorded(events: Sequence[StreamEvent], recording: RecordingFiles) -> int:
    """How many events of the stream are not in the recording.

    The first line comes before the recording begins, and levels say nothing that is not in the sound.
    """
    kept: dict[bytes, int] = {}
    for line in recording.events:
        try:
            event = stream.decode(line)
        except msgspec.DecodeError:
            continue
        key = stream.encode(event)
        kept[key] = kept.get(key, 0) + 1
    missing = 0
    for event in events:
        if isinstance(event, Meters | stream.Recording | stream.Started):
            continue
        key = stream.encode(event)
        if kept.get(key, 0) == 0:
            missing += 1
        else:
            kept[key] -= 1
    return missing
