"""Test 4: from what happened after each fault to answers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from acceptance.evidence import absent, answer, finding
from acceptance.judges.connection import error_shown, recording_failed, trouble
from acceptance.judges.streaming import answered
from acceptance.measurements import Fault, FaultMeasurements, FaultWindow, RecordingFiles
from acceptance.record import Moment, Record
from acceptance.request import Limits
from acceptance.results import Answer, Evidence
from relay import stream
from relay.config import BYTES_PER_SECOND
from relay.stream import Connection, Meters, Problem, SourceState, Step, StreamEvent, Transcript

_AUDIO_SLACK_S = 0.25
"""How much shorter than what was sent the recording may be: the chunk that was under way."""


def judge_refused_microphone(record: Record) -> Answer:
    """A source that cannot be opened must be said, with a sentence, and must not end the conversation."""
    id_ = "t4.microphone_refused"
    failed = record.one(SourceState, lambda event: event.state == "failed")
    if record.one(SourceState) is None and record.one(Problem) is None:
        return answer(id_, "not_run")
    shown = record.one(Problem, lambda problem: problem.where == "audio" and bool(problem.message.strip()))
    if shown is None:
        missing = absent(record, "error (audio)")
        return answer(id_, "fail", missing)
    spec = failed.spec if failed is not None else "?"
    simulated = finding("simulated_microphone", "event", record.moment(failed), spec=spec)
    return answer(id_, "pass", error_shown(record, shown), simulated)


def judge_faults(record: Record, measured: FaultMeasurements, limits: Limits) -> list[Answer]:
    """The answers about the faults that were injected into one conversation. What was not tried is not run."""

    def window(fault: Fault) -> tuple[Record, FaultWindow] | None:
        found = measured.windows.get(fault)
        return None if found is None else (record.window(found.first, found.last), found)

    def judged_by_turn(id_: str, fault: Fault, judge: Callable[[str, _Window, Limits], Answer]) -> Answer:
        """By a turn that is answered afterwards; a server that answered none before proves nothing."""
        found = window(fault)
        if found is not None and not measured.answers_typed_turns:
            why = finding("no_turn_before", "absence", Moment())
            return answer(id_, "not_run", why, _injected(found[1]))
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
    if not measured.windows and (why := trouble(record)) is not None:
        return [answer(given.checkpoint, given.verdict, *given.evidence, why) for given in answers]
    return answers


_Window = tuple[Record, FaultWindow] | None


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


def _cut(window: _Window, limits: Limits) -> Answer:
    id_ = "t4.network_cut"
    if window is None:
        return answer(id_, "not_run")
    record, fault = window
    gate = _restored(record)
    problem = record.one(Problem, lambda problem: problem.where == "connection")
    evidence: list[Evidence] = []
    if record.lost is not None:
        evidence.append(_lost(record, record.lost, fault))
    if gate is not None:
        evidence.append(finding("reconnected", "event", record.moment(gate), connection=gate.connection))
    if problem is not None:
        evidence.append(error_shown(record, problem))
    shown = gate is not None or problem is not None
    if not shown:
        evidence.append(absent(record, "reconnection / error", within_s=limits.recover_s))
    return answer(id_, "pass" if shown else "fail", *evidence, _injected(fault))


def _recovers(id_: str, window: _Window, limit_s: float) -> Answer:
    if window is None:
        return answer(id_, "not_run")
    record, fault = window
    lost, gate = record.lost, _restored(record)
    if lost is None:
        unnoticed = absent(record, "connection (lost)", within_s=limit_s)
        return answer(id_, "fail", unnoticed, _injected(fault))
    if gate is None:
        problem = record.one(Problem)
        why = (
            absent(record, "reconnection", within_s=limit_s)
            if problem is None
            else error_shown(record, problem)
        )
        return answer(id_, "fail", why, _lost(record, lost, fault), _injected(fault))
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


def _api_error(window: _Window, limits: Limits) -> Answer:
    id_ = "t4.api_error"
    if window is None:
        return answer(id_, "not_run")
    record, fault = window
    problem = _api_problem(record)
    if problem is None:
        nothing = absent(record, "error (server)", within_s=limits.error_s)
        return answer(id_, "fail", nothing, _injected(fault))
    return answer(id_, "pass", error_shown(record, problem), _injected(fault))


def _survives_error(id_: str, window: _Window, limits: Limits) -> Answer:
    if window is not None and _api_problem(window[0]) is None:
        return answer(id_, "not_run", _injected(window[1]))
    return _survives(id_, window, limits)


def _survives(id_: str, window: _Window, limits: Limits) -> Answer:
    """A turn after the fault is answered, on the same connection."""
    if window is None:
        return answer(id_, "not_run")
    record, fault = window
    if record.lost is not None:
        return answer(id_, "fail", _lost(record, record.lost, fault), _injected(fault))
    done = answered(record)
    if done is None:
        nothing = absent(record, "response.done", within_s=limits.answer_s)
        return answer(id_, "fail", nothing, _injected(fault))
    return answer(id_, "pass", finding("answered", "event", record.moment(done)), _injected(fault))


# --- what was recorded ---------------------------------------------------------------------------


def _nothing_lost(record: Record, measured: FaultMeasurements) -> Answer:
    id_ = "t4.nothing_lost"
    recording, summary = measured.recording, record.summary
    cuts = record.of(Connection, lambda event: event.state == "lost")
    if recording is None or summary is None or not cuts:
        return answer(id_, "not_run")
    if (why := recording_failed(record)) is not None:
        return answer(id_, "not_run", why)
    unrecorded = _unrecorded(record.events, recording)
    sent_s = summary.bytes_sent / BYTES_PER_SECOND
    recorded_s = recording.user_seconds or 0.0
    said = {event.text for event in record.of(Transcript, lambda event: event.final)}
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
    whole = unrecorded == 0 and recorded_s >= sent_s - _AUDIO_SLACK_S and said <= kept
    return answer(id_, "pass" if whole else "fail", evidence)


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
