"""Turns as a timeline and in words: where each lost its time. Plain values in, lines, text and JSON out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from relay.conversation import ConversationState, Turn
from tui.conversation.instruments.health import STAGE_WORDS
from tui.conversation.instruments.signals import Line, Piece, padded, runs
from tui.conversation.instruments.turn_times import Exchange, Stage
from tui.i18n import N_, _
from tui.wording.figures import NOTHING, clock, number

WAITS: Mapping[Stage, tuple[str, str, str]] = {
    "vad_stopped": ("v", "$user", N_("the VAD waits for silence")),
    "transcript": ("t", "$primary", N_("speech to text")),
    "response_created": ("a", "$success", N_("the answer starts")),
    "first_audio": ("f", "$warning", N_("the first audio is generated")),
    "heard": ("p", "$customer", N_("playback")),
}
"""What an answer waits for until it is heard: letter, colour and words."""
HEAD_WIDTH = 18
FIGURES_WIDTH = 25
SHORTEST_SCALE_S = 1.0


def scale_s(exchanges: Sequence[Exchange]) -> float:
    """Seconds across the whole width of a timeline: enough for the slowest turn, so that all compare."""
    return max([SHORTEST_SCALE_S, *(_waited_s(one) for one in exchanges)])


def turn_line(exchange: Exchange, whole_s: float, width: int) -> Line:
    """Number, time, the waits as a bar, and the figures."""
    begin = exchange.reached[0][1] if exchange.reached else 0.0
    kind = {"speech": _("spoken"), "text": _("typed"), "greeting": _("greeting")}[exchange.basis]
    head = f"{exchange.number:>3}  {clock(begin):>5} {kind}"
    slow = exchange.slowest
    latency = NOTHING if exchange.latency_ms is None else f"{number(exchange.latency_ms)} ms"
    where = "" if slow is None else f"{WAITS[slow[0]][0]} {number(slow[1] * 1_000)} ms"
    cells = max(8, width - HEAD_WIDTH - FIGURES_WIDTH)
    return (
        (padded(head, HEAD_WIDTH), "$dim"),
        *wait_bar(exchange, whole_s, cells),
        (f" {latency:>9}", "bold"),
        (f"  {where}", "$dim"),
    )


def wait_bar(exchange: Exchange, whole_s: float, cells: int) -> Line:
    """From the end of speech to what is heard; each wait in its colour, its letter in front."""
    bar: list[Piece] = [(" ", "")] * cells
    zero = exchange.zero
    for stage, before, at in exchange.waits:
        first = min(cells - 1, max(0, round((before - zero) / whole_s * cells)))
        last = min(cells, max(first + 1, round((at - zero) / whole_s * cells)))
        letter, colour, _words = WAITS[stage]
        bar[first:last] = [(" ", f"on {colour}")] * (last - first)
        bar[first] = (letter, f"$background on {colour}")
    return runs(bar)


def key_lines() -> list[Line]:
    """What the letters mean."""
    return [
        ((f" {letter} ", f"$background on {colour}"), (" " + _(words), ""))
        for letter, colour, words in WAITS.values()
    ]


def stage_lines(exchange: Exchange) -> list[Line]:
    """Each stage that was reached: ms after the end of speech, and after the stage before it."""
    zero = exchange.zero
    lines: list[Line] = []
    before: float | None = None
    for stage, at in exchange.reached:
        step = "" if before is None else f"+{number((at - before) * 1_000)} ms"
        after = f"{(at - zero) * 1_000:,.0f} ms"
        colour = WAITS[stage][1] if stage in WAITS else ""
        lines.append(
            (
                (padded(_(STAGE_WORDS[stage]), 24), colour or "$dim"),
                (f"{at:10.3f} s", "$dim"),
                (f"{after:>12}", ""),
                (f"{step:>12}", "bold" if _is_slowest(exchange, stage) else "$dim"),
            )
        )
        before = at
    return lines


def outcome(exchange: Exchange) -> str:
    """How it ended, in words."""
    if exchange.heard_ms is not None:
        heard, whole = f"{exchange.heard_ms / 1000:.1f}", f"{(exchange.received_ms or 0) / 1000:.1f}"
        if exchange.interrupted:
            words = _("stopped by your voice") if exchange.by_voice else _("stopped by key")
            return f"{words}: " + _("{heard} s of {whole} s heard").format(heard=heard, whole=whole)
        return _("{heard} s of {whole} s heard").format(heard=heard, whole=whole)
    if exchange.heard is not None:
        return _("playing")
    return _("answer owed") if exchange.waiting_since() is not None else ""


def as_text(exchange: Exchange, state: ConversationState) -> str:
    """The turn for a report or a ticket."""
    said, answer = _texts(exchange, state.items)
    lines = [_("Turn {n}").format(n=exchange.number)]
    lines += [
        f"{who}: {turn.text.strip()}" for who, turn in ((_("You"), said), (_("Customer"), answer)) if turn
    ]
    if exchange.latency_ms is not None:
        lines.append(_("Response latency") + f": {number(exchange.latency_ms)} ms")
    lines += ["".join(text for text, _style in line).rstrip() for line in stage_lines(exchange)]
    if words := outcome(exchange):
        lines.append(words)
    return "\n".join(lines)


def as_json(exchange: Exchange, state: ConversationState) -> str:
    """The turn for a program: times in seconds of the stream, durations in ms."""
    said, answer = _texts(exchange, state.items)
    found: dict[str, Any] = {
        "turn": exchange.number,
        "basis": exchange.basis,
        "item_id": exchange.item_id,
        "answer_item_id": exchange.answer_id,
        "response_id": exchange.response_id,
        "user": said.text if said else None,
        "customer": answer.text if answer else None,
        "response_latency_ms": exchange.latency_ms,
        "heard_ms": exchange.heard_ms,
        "received_ms": exchange.received_ms,
        "interrupted": exchange.interrupted,
        "stages": {stage: round(at, 3) for stage, at in exchange.reached},
    }
    return json.dumps(found, ensure_ascii=False, indent=2)


def said_lines(exchange: Exchange, state: ConversationState) -> list[tuple[str, str]]:
    """Who said what, of both sides, as far as it is known."""
    said, answer = _texts(exchange, state.items)
    return [
        (name, turn.text.strip())
        for name, turn in ((_("You"), said), (_("Customer"), answer))
        if turn is not None and turn.text.strip()
    ]


def _texts(exchange: Exchange, items: Mapping[str, Turn]) -> tuple[Turn | None, Turn | None]:
    return items.get(exchange.item_id or ""), items.get(exchange.answer_id or "")


def _waited_s(exchange: Exchange) -> float:
    return max((at for _stage, _before, at in exchange.waits), default=exchange.zero) - exchange.zero


def _is_slowest(exchange: Exchange, stage: Stage) -> bool:
    slow = exchange.slowest
    return slow is not None and slow[0] == stage
