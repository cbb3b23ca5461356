"""What happened in a conversation, in lanes over its time: connection, server, both sides, problems, evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from acceptance.reports.chart import TimeAxis, bar, dot, drawing, grid, lane_label, time_labels
from acceptance.reports.markup import Markup, element
from acceptance.reports.recorded import RecordedConversation
from acceptance.reports.wording import Words
from acceptance.results import Answer, RunResult
from relay.stream import (
    Connection,
    Item,
    Notice,
    Playback,
    Problem,
    RealtimeMode,
    Speech,
    Step,
)

_LANE = 26.0
_BAR = 14.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Something that went on from ``start`` to ``end`` (seconds)."""

    start: float
    end: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at ``t``."""

    t: float
    kind: str
    title: str


def timeline(
    recorded: RecordedConversation, evidence: Sequence[Mark], axis: TimeAxis, words: Words
) -> Markup:
    """The lanes that have something in them."""
    lanes: list[tuple[str, list[Stretch], list[Mark]]] = [
        (words.choose(("接続", "Connection")), connection_stretches(recorded), []),
        ("realtime_mode", mode_stretches(recorded), []),
        (words.choose(("営業担当者", "Salesperson")), speech_stretches(recorded), typed_turns(recorded)),
        (words.choose(("お客様", "Customer")), playback_stretches(recorded), []),
        (words.choose(("エラー・通知", "Problems")), [], problem_marks(recorded)),
        (words.choose(("根拠", "Evidence")), [], list(evidence)),
    ]
    lanes = [lane for lane in lanes if lane[1] or lane[2]]
    drawn = []
    for n, (name, stretches, marks) in enumerate(lanes):
        top = n * _LANE + 4
        drawn.append(lane_label(name, top + _BAR - 3))
        drawn.extend(bar(axis, s.start, s.end, top, _BAR, s.kind, s.title) for s in stretches)
        drawn.extend(dot(axis, mark.t, top + _BAR / 2, mark.kind, mark.title) for mark in marks)
    height = len(lanes) * _LANE + 4
    title = words.choose(("イベントの時系列", "Event timeline"))
    return drawing(height + 16, title, grid(axis, 0, height), *drawn, time_labels(axis, height + 12))


def connection_stretches(recorded: RecordedConversation) -> list[Stretch]:
    """Dialling, open for audio, lost: until the next of them."""
    turns: list[tuple[float, str | None, str]] = []
    for event in recorded.events:
        if isinstance(event, Step):
            kinds = {"connecting": "waiting", "gate_open": "open", "closed": None}
            was_lost = bool(turns) and turns[-1][1] == "lost"
            if event.step in kinds and not (event.step == "closed" and was_lost):
                turns.append((event.t, kinds[event.step], f"#{event.connection} {event.step}"))
        elif isinstance(event, Connection) and event.state in ("lost", "given_up"):
            why = " ".join(str(part) for part in (event.close_code, event.reason) if part is not None)
            turns.append((event.t, "lost", f"{event.state} {why}"))
    return list(_until_next(turns, recorded.seconds))


def mode_stretches(recorded: RecordedConversation) -> list[Stretch]:
    """What the server reported, until it reported something else. Between reports nothing is known."""
    turns: list[tuple[float, str | None, str]] = []
    for report in recorded.of(RealtimeMode):
        value = "?" if report.value is None else str(report.value).lower()
        kind = {True: "open", False: "off", None: "lost"}[report.value]
        if not turns or turns[-1][1] != kind:
            turns.append((report.t, kind, f"realtime_mode: {value}"))
    return list(_until_next(turns, recorded.seconds))


def _until_next(turns: list[tuple[float, str | None, str]], end: float) -> Iterator[Stretch]:
    ends = [*(start for start, _, _ in turns[1:]), end]
    for (start, kind, title), stop in zip(turns, ends, strict=False):  # nothing may have happened at all
        if kind is not None:
            yield Stretch(start, stop, kind, f"{title} ({start:.2f}-{stop:.2f} s)")


def speech_stretches(recorded: RecordedConversation) -> list[Stretch]:
    """The user's speech as the server's VAD heard it."""
    found, since = [], None
    for speech in recorded.of(Speech):
        if speech.state == "started":
            since = speech.t
        elif since is not None:
            title = f"speech_started {since:.2f} s, speech_stopped {speech.t:.2f} s"
            found.append(Stretch(since, speech.t, "user", title))
            since = None
    if since is not None:
        found.append(Stretch(since, recorded.seconds, "user", f"speech_started {since:.2f} s"))
    return found


def typed_turns(recorded: RecordedConversation) -> list[Mark]:
    """Turns of the user that nobody spoke."""
    spoken = {speech.item_id for speech in recorded.of(Speech)}
    turns = recorded.state.items
    return [
        Mark(item.t, "user", turns[item.item_id].text if item.item_id in turns else item.item_id)
        for item in recorded.of(Item)
        if item.role == "user" and item.item_id not in spoken
    ]


def playback_stretches(recorded: RecordedConversation) -> list[Stretch]:
    """Answers while they were played."""
    begun: dict[str, float] = {}
    found = []
    for playback in recorded.of(Playback):
        if playback.state == "started":
            begun[playback.item_id] = playback.t
        elif playback.item_id in begun:
            title = f"{playback.state}: {playback.heard_ms} / {playback.received_ms} ms"
            found.append(Stretch(begun.pop(playback.item_id), playback.t, "customer", title))
    found.extend(Stretch(start, recorded.seconds, "customer", "started") for start in begun.values())
    return found


def problem_marks(recorded: RecordedConversation) -> list[Mark]:
    """Errors, notices and losses of the connection."""
    found = []
    for event in recorded.events:
        if isinstance(event, Problem):
            found.append(Mark(event.t, "fail", f"{event.t:.2f} s {event.code}: {event.message}"))
        elif isinstance(event, Notice):
            found.append(Mark(event.t, "not_run", f"{event.t:.2f} s {event.code}: {event.message}"))
        elif isinstance(event, Connection) and event.state == "lost":
            found.append(Mark(event.t, "fail", f"{event.t:.2f} s connection lost ({event.close_code})"))
    return found


def evidence_marks(result: RunResult, conversation: str, words: Words) -> list[Mark]:
    """Where what decided a checkpoint stands in this conversation."""
    return [
        Mark(evidence.t, answer.verdict, f"{words.point(answer)}: {words.of(evidence)}")
        for answer in _answers(result)
        for evidence in answer.evidence[:1]
        if evidence.conversation == conversation and evidence.t is not None
    ]


def _answers(result: RunResult) -> Iterable[Answer]:
    return (answer for test in result.tests for answer in test.answers)


def legend(words: Words) -> Markup:
    """What the colours of the lanes mean."""
    entries = (
        ("open", ("接続中 / true", "open / true")),
        ("waiting", ("接続処理中", "dialling")),
        ("off", ("false", "false")),
        ("lost", ("切断 / 回答なし", "lost / no answer")),
        ("user", ("営業担当者", "salesperson")),
        ("customer", ("お客様", "customer")),
    )
    return element(
        "p",
        (
            element("span", element("i", class_=f"key {kind}"), words.choose(pair), class_="entry")
            for kind, pair in entries
        ),
        class_="legend",
    )
