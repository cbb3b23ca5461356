"""Test 1: from a stream to answers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from acceptance.evidence import absent, answer, finding
from acceptance.record import Record
from acceptance.results import Answer, Evidence
from relay.stream import Connection, Meters, Problem, ProtocolEvent, Step

_CREATED = "session.created"
_UPDATE = "session.update"
_UPDATED = "session.updated"
_RECORDING_FAILED = "recording_failed"
"""Of this machine's disk: it explains nothing else."""


def judge_connection(record: Record) -> list[Answer]:
    """The answers of test 1. What was never reached is not run; what was and stayed away has failed."""
    return explained(
        record,
        [
            _accepted(record),
            _created(record),
            _update_once(record),
            _updated(record),
            _audio_ready(record),
            _order(record),
        ],
    )


def explained(record: Record, answers: Iterable[Answer]) -> list[Answer]:
    """``answers``, where those that are not run for no reason of their own give the stream's."""
    why = trouble(record)
    return [
        answer(given.checkpoint, given.verdict, why)
        if why is not None and given.verdict == "not_run" and not given.evidence
        else given
        for given in answers
    ]


def trouble(record: Record) -> Evidence | None:
    """The first error or refusal in the stream: why something may be missing."""
    problem = record.one(Problem, lambda problem: problem.code != _RECORDING_FAILED)
    if problem is not None:
        return error_shown(record, problem)
    lost = record.lost
    if lost is None:
        return None
    return finding("lost", "event", record.moment(lost), close_code=lost.close_code, reason=lost.reason)


def error_shown(record: Record, problem: Problem) -> Evidence:
    """The error as it was shown."""
    data = {"where": problem.where, "code": problem.code, "message": problem.message}
    return finding("error_shown", "event", record.moment(problem), **data)


def recording_failed(record: Record) -> Evidence | None:
    """Why the recording is not whole, if it is not: then it proves nothing about the server."""
    problem = record.one(Problem, lambda problem: problem.code == _RECORDING_FAILED)
    return None if problem is None else error_shown(record, problem)


def _missing(record: Record, what: str) -> tuple[Evidence, ...]:
    missing, why = absent(record, what), trouble(record)
    return (missing,) if why is None else (missing, why)


def _accepted(record: Record) -> Answer:
    id_ = "t1.websocket_accepted"
    dialled, connected = record.step("connecting"), record.step("connected")
    if connected is not None and dialled is not None:
        seconds = round(connected.t - dialled.t, 3)
        return answer(id_, "pass", finding("connected", "event", record.moment(connected), seconds=seconds))
    if dialled is None and record.one(Problem) is None:
        return answer(id_, "not_run")
    return answer(id_, "fail", *_missing(record, "101 Switching Protocols"))


def _created(record: Record) -> Answer:
    id_ = "t1.session_created"
    created = record.step("created")
    if created is not None:
        sources = [step.detail or "?" for step in record.of(Step, lambda step: step.step == "created")]
        return answer(
            id_,
            "pass",
            finding("created", "event", record.moment(created), n=len(sources), sources=", ".join(sources)),
        )
    if record.step("connected") is None:
        return answer(id_, "not_run")
    return answer(id_, "fail", *_missing(record, _CREATED))


def _update_once(record: Record) -> Answer:
    id_ = "t1.session_update_once"
    sent = record.sent(_UPDATE)
    if not sent:
        if record.step("created") is None:
            return answer(id_, "not_run")
        return answer(id_, "fail", *_missing(record, _UPDATE))
    per_connection = Counter(event.connection for event in sent)
    most = max(per_connection.values())
    evidence = finding(
        "updates_sent",
        "event",
        record.moment(sent[0]),
        n=most,
        connections=len(per_connection),
        size_bytes=sent[0].size_bytes,
    )
    return answer(id_, "pass" if most == 1 else "fail", evidence)


def _updated(record: Record) -> Answer:
    id_ = "t1.session_updated"
    sent, updated = record.step("update_sent"), record.step("updated")
    if sent is None:
        return answer(id_, "not_run")
    if updated is None:
        return answer(id_, "fail", *_missing(record, _UPDATED))
    ms = round((updated.t - sent.t) * 1_000, 1)
    return answer(id_, "pass", finding("updated", "event", record.moment(updated), ms=ms))


def _audio_ready(record: Record) -> Answer:
    """Ready means that audio does go out, on the connection on which the gate opened."""
    id_ = "t1.audio_ready"
    updated, gate = record.step("updated"), record.step("gate_open")
    if updated is None:
        return answer(id_, "not_run")
    if gate is None:
        return answer(id_, "fail", *_missing(record, "audio gate"))
    flowing = record.one(Meters, lambda meters: meters.gate_open and meters.chunks_sent > 0)
    lost = record.one(Connection, lambda event: event.state == "lost")
    if flowing is None or (lost is not None and lost.t <= flowing.t):
        return answer(id_, "fail", *_missing(record, "audio"))
    first = record.step("connecting")
    seconds = round(gate.t - (first.t if first is not None else 0.0), 3)
    ready = finding("audio_ready", "event", record.moment(gate), seconds=seconds)
    sent = finding("chunks_sent", "measurement", record.moment(flowing), n=flowing.chunks_sent)
    return answer(id_, "pass", ready, sent)


def _order(record: Record) -> Answer:
    """On the first connection; every ``session.created`` must come before ``session.updated``."""
    id_ = "t1.order"
    handshake = [
        event
        for event in record.of(ProtocolEvent, lambda event: event.connection == 1)
        if (event.direction, event.type) in {("in", _CREATED), ("out", _UPDATE), ("in", _UPDATED)}
    ]
    kinds = [event.type for event in handshake]
    if not {_CREATED, _UPDATE, _UPDATED} <= set(kinds) or record.step("gate_open") is None:
        return answer(id_, "not_run")
    updated_at = kinds.index(_UPDATED)
    kept = (
        kinds[0] == _CREATED
        and kinds.index(_UPDATE) < updated_at
        and _CREATED not in kinds[updated_at:]
        and not _audio_before_gate(record)
    )
    evidence = finding(
        "order",
        "event",
        record.moment(handshake[0]),
        order=" → ".join(f"{event.type} ({event.t - handshake[0].t:.3f} s)" for event in handshake),
    )
    return answer(id_, "pass" if kept else "fail", evidence)


def _audio_before_gate(record: Record) -> bool:
    gate = record.step("gate_open")
    assert gate is not None
    return record.one(Meters, lambda meters: meters.t < gate.t and meters.chunks_sent > 0) is not None
