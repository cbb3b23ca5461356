"""Test 1: from a stream to answers. Pure.

A conversation may have had several connections. A required step counts if one connection reached it;
what must never happen must not have happened on any, which is known only once the conversation is over.
"""

from __future__ import annotations

from collections import Counter

from acceptance.evidence import answer, finding
from acceptance.judges.connections import Dialled, connections, first_flow, sent_before_gate
from acceptance.judges.reasons import explained, unmet
from acceptance.record import Record
from acceptance.results import Answer
from relay.stream import ProtocolEvent, Step

_CREATED = "session.created"
_UPDATE = "session.update"
_UPDATED = "session.updated"


def judge_connection(record: Record) -> list[Answer]:
    """The answers of test 1. A step never reached is not run; one that was awaited and did not come has failed."""
    dialled = connections(record)
    return explained(
        record,
        [
            _accepted(record, dialled),
            _created(record, dialled),
            _update_once(record, dialled),
            _updated(record, dialled),
            _audio_ready(record, dialled),
            _order(record, dialled),
        ],
    )


def _reached(dialled: list[Dialled], *steps: str) -> Dialled | None:
    """The first connection that reached all of ``steps``."""
    return next((one for one in dialled if all(one.step(name) for name in steps)), None)


def _accepted(record: Record, dialled: list[Dialled]) -> Answer:
    id_ = "t1.websocket_accepted"
    accepted = _reached(dialled, "connecting", "connected")
    if accepted is not None:
        connected = accepted.steps["connected"]
        seconds = round(connected.t - accepted.steps["connecting"].t, 3)
        return answer(id_, "pass", finding("connected", "event", record.moment(connected), seconds=seconds))
    if not dialled:
        return answer(id_, "not_run")
    return unmet(record, id_, "101 Switching Protocols")


def _created(record: Record, dialled: list[Dialled]) -> Answer:
    id_ = "t1.session_created"
    reached = _reached(dialled, "created")
    if reached is None:
        connected = _reached(dialled, "connected")
        return answer(id_, "not_run") if connected is None else unmet(record, id_, _CREATED)
    steps = record.of(Step, lambda step: step.step == "created" and step.connection == reached.number)
    return answer(
        id_,
        "pass",
        finding(
            "created",
            "event",
            record.moment(steps[0]),
            n=len(steps),
            sources=", ".join(step.detail or "?" for step in steps),
        ),
    )


def _update_once(record: Record, dialled: list[Dialled]) -> Answer:
    id_ = "t1.session_update_once"
    sent = record.sent(_UPDATE)
    if not sent:
        created = _reached(dialled, "created")
        return answer(id_, "not_run") if created is None else unmet(record, id_, _UPDATE)
    per_connection = Counter(event.connection for event in sent)
    most = max(per_connection.values())
    if most == 1 and not record.complete:
        return answer(id_, "not_run")  # the second may still come
    evidence = finding(
        "updates_sent",
        "event",
        record.moment(sent[0]),
        n=most,
        connections=len(per_connection),
        size_bytes=sent[0].size_bytes,
    )
    return answer(id_, "pass" if most == 1 else "fail", evidence)


def _updated(record: Record, dialled: list[Dialled]) -> Answer:
    id_ = "t1.session_updated"
    reached = _reached(dialled, "update_sent", "updated")
    if reached is None:
        sent = _reached(dialled, "update_sent")
        return answer(id_, "not_run") if sent is None else unmet(record, id_, _UPDATED)
    updated = reached.steps["updated"]
    ms = round((updated.t - reached.steps["update_sent"].t) * 1_000, 1)
    return answer(id_, "pass", finding("updated", "event", record.moment(updated), ms=ms))


def _audio_ready(record: Record, dialled: list[Dialled]) -> Answer:
    """Ready means that audio is actually sent on the connection whose gate opened."""
    id_ = "t1.audio_ready"
    if _reached(dialled, "updated") is None:
        return answer(id_, "not_run")
    for one in dialled:
        flowing = first_flow(record, one)
        if flowing is not None:
            gate = one.steps["gate_open"]
            began = one.step("connecting") or gate
            ready = finding("audio_ready", "event", record.moment(gate), seconds=round(gate.t - began.t, 3))
            sent = finding("chunks_sent", "measurement", record.moment(flowing), n=flowing.chunks_sent)
            return answer(id_, "pass", ready, sent)
    gate_opened = _reached(dialled, "gate_open") is not None
    return unmet(record, id_, "audio" if gate_opened else "audio gate")


def _order(record: Record, dialled: list[Dialled]) -> Answer:
    """On every connection; every ``session.created`` must come before ``session.updated``."""
    id_ = "t1.order"
    judged = [one for one in dialled if one.step("gate_open") is not None and _handshake(record, one)]
    broken = [one for one in judged if not _kept(record, one)]
    if not judged or (not broken and not record.complete):
        return answer(id_, "not_run")
    handshake = _handshake(record, (broken or judged)[0])
    evidence = finding(
        "order",
        "event",
        record.moment(handshake[0]),
        order=" → ".join(f"{event.type} ({event.t - handshake[0].t:.3f} s)" for event in handshake),
    )
    return answer(id_, "fail" if broken else "pass", evidence)


def _handshake(record: Record, dialled: Dialled) -> list[ProtocolEvent]:
    """Its messages; none unless all three kinds are there."""
    found = [
        event
        for event in record.of(ProtocolEvent, lambda event: event.connection == dialled.number)
        if (event.direction, event.type) in {("in", _CREATED), ("out", _UPDATE), ("in", _UPDATED)}
    ]
    return found if {event.type for event in found} == {_CREATED, _UPDATE, _UPDATED} else []


def _kept(record: Record, dialled: Dialled) -> bool:
    kinds = [event.type for event in _handshake(record, dialled)]
    updated_at = kinds.index(_UPDATED)
    return (
        kinds[0] == _CREATED
        and kinds.index(_UPDATE) < updated_at
        and _CREATED not in kinds[updated_at:]
        and not sent_before_gate(record, dialled)
    )
