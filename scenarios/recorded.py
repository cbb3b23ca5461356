"""A scenario from a recorded conversation: its turns as recordings, and expectations proposed from what was measured.

What the salesperson did is taken from the events, not from how the session was configured to listen: a turn is what the
server's VAD made one, and an interruption is speech that began while an answer was being heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from api_client.harmless import one_line
from relay.conversation import fold
from relay.conversation_state import ConversationState, Turn
from relay.link.instructions import RolePlay
from relay.recording.manifest import Manifest
from relay.stream import Connection, Latency, Playback, Speech, StreamEvent
from scenarios.texts import language_of

BEFORE_S = 1.0
"""How much is kept before the server reported speech: it takes a moment to be sure."""
AFTER_S = 1.0
"""Silence after the words, by which a server hears the end of the turn."""
_CER = 0.3
_LONGEST_QUOTE = 120


class NothingSaid(Exception):
    """The salesperson said nothing in the recording: there is nothing to repeat."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of what was sent, which becomes a recording of its own. Seconds on the recording's clock."""

    file: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A scenario to be written: its text, and the recordings that it names, relative to it."""

    text: str
    cuts: tuple[Cut, ...]


@dataclass(slots=True)
class _Said:
    """One thing that the salesperson said, and what became of it."""

    item_ids: list[str]
    text: str
    start_s: float
    end_s: float
    spoken: bool
    after_s: float | None = None
    """It began so long into an answer that was being heard."""
    answer: str = ""
    heard: bool = False
    latency_ms: float | None = None
    stopped: bool = False
    """An answer was interrupted by it."""


def propose(events: Iterable[StreamEvent], manifest: Manifest, role: RolePlay, name: str) -> Proposal:
    """The scenario. ``name``: of its file, without the ending. Raises ``NothingSaid``."""
    seen = list(events)
    said = _said(seen)
    if not said:
        raise NothingSaid(manifest.id)
    cuts: list[Cut] = []
    turns: list[str] = []
    for number, one in enumerate(said, 1):
        file = ""
        if one.spoken:
            file = f"{name}/turn-{number}.wav"
            earliest = said[number - 2].end_s if number > 1 else 0.0
            cuts.append(Cut(file, max(earliest, one.start_s - BEFORE_S, 0.0), one.end_s))
        turns += ["", *_turn_lines(one, file)]
    lines = [*_head(manifest, role, seen), *turns, "", "[end]", "realtime_mode = false", "stored = true"]
    return Proposal("\n".join(lines) + "\n", tuple(cuts))


# --- what was said -----------------------------------------------------------------------------------


def _said(events: Sequence[StreamEvent]) -> list[_Said]:
    turns = fold(ConversationState(), events).turns
    started = {e.item_id: e.t for e in reversed(events) if isinstance(e, Speech) and e.state == "started"}
    stopped = {e.item_id: e.t for e in events if isinstance(e, Speech) and e.state == "stopped"}
    found: list[_Said] = []
    for turn in sorted((turn for turn in turns if turn.text.strip()), key=lambda turn: turn.at):
        if turn.role == "user":
            _add_said(found, turn, started, stopped, events)
        elif turn.role == "assistant" and found:
            _add_answer(found[-1], turn, events)
    return found


def _add_said(
    found: list[_Said],
    turn: Turn,
    started: dict[str, float],
    stopped: dict[str, float],
    events: Sequence[StreamEvent],
) -> None:
    start = started.get(turn.item_id)
    spoken = start is not None and turn.item_id in stopped
    begin = turn.at if start is None else start
    end = stopped.get(turn.item_id, begin)
    last = found[-1] if found else None
    if last is not None and spoken and last.spoken and not last.heard:
        # One thought, that a pause has cut in two before anybody answered.
        last.item_ids.append(turn.item_id)
        last.text, last.end_s = f"{last.text} {turn.text.strip()}", end
        return
    playing = _playing_at(events, begin)
    cut_off = any(
        isinstance(event, Playback) and event.state == "interrupted" and begin <= event.t <= begin + 2.0
        for event in events
    )
    found.append(
        _Said(
            item_ids=[turn.item_id],
            text=turn.text.strip(),
            start_s=begin,
            end_s=end,
            spoken=spoken,
            after_s=None if playing is None else max(0.0, round(begin - playing, 1)),
            stopped=playing is not None and cut_off,
        )
    )


def _add_answer(said: _Said, turn: Turn, events: Sequence[StreamEvent]) -> None:
    said.answer = f"{said.answer} {turn.text.strip()}".strip()
    said.heard = said.heard or bool(turn.heard_ms)
    latencies = [e for e in events if isinstance(e, Latency) and e.item_id == turn.item_id]
    if latencies:
        said.latency_ms = max(said.latency_ms or 0.0, latencies[0].response_latency_ms)


def _playing_at(events: Sequence[StreamEvent], t: float) -> float | None:
    """When the answer began that was being heard at ``t``; None if there was none."""
    begun: float | None = None
    for event in events:
        if event.t > t:
            break
        if isinstance(event, Playback):
            begun = event.t if event.state == "started" else None
    return begun


# --- as TOML -----------------------------------------------------------------------------------------


def _head(manifest: Manifest, role: RolePlay, events: Sequence[StreamEvent]) -> Iterator[str]:
    settings = manifest.settings
    yield f"# Recorded: {one_line(manifest.id)}, {one_line(manifest.started_at)}"
    yield "# The expectations are proposals from what was measured. Keep those that matter to you."
    if any(isinstance(event, Connection) and event.state == "lost" for event in events):
        yield "# The connection was lost in the recording. Add [[turns]] with cut, pause or half_open for that."
    yield f"title = {_quoted(manifest.id)}"
    language = settings.get("language")
    yield f"language = {_quoted(language if language in ('ja', 'en') else 'ja')}"
    yield ""
    yield "[session]"
    offer = role.value_proposition
    if offer is None:
        yield "# The recording does not say what was offered."
    yield f"value_proposition = {_quoted(offer or manifest.id)}"
    yield f"industry = {_quoted(role.industry or '-')}"
    if role.persona:
        yield f"customer_persona = {_quoted(role.persona)}"
    if role.pain:
        yield f"customer_pain = {_quoted(role.pain)}"
    yield from _settings_lines(settings)


def _settings_lines(settings: dict[str, Any]) -> Iterator[str]:
    voice = {"name": settings.get("voice"), "transcription_model": settings.get("transcription_model")}
    if any(isinstance(value, str) for value in voice.values()):
        yield ""
        yield "[voice]"
        yield from (f"{name} = {_quoted(value)}" for name, value in voice.items() if isinstance(value, str))
    detection = settings.get("turn_detection")
    if isinstance(detection, dict):
        yield ""
        yield "[vad]"
        yield from (f"{name} = {value}" for name, value in detection.items() if _is_number(value))
    if _is_number(settings.get("chunk_bytes")):
        yield ""
        yield "[audio]"
        yield f"chunk_bytes = {settings['chunk_bytes']}"


def _turn_lines(said: _Said, file: str) -> Iterator[str]:
    yield "[[turns]]"
    action = f"speak = {_quoted(file)}" if said.spoken else f"say = {_quoted(said.text)}"
    if said.after_s is None:
        yield action
    else:
        yield f"interrupt = {{ after_s = {said.after_s:g}, {action} }}"
    expect: list[str] = []
    if said.spoken:
        expect += [f"transcript = {_quoted(said.text)}", f"transcript_cer = {_CER:g}"]
    if said.stopped:
        expect.append("stopped_within_ms = 1500")
    if said.answer:
        expect.append("answered = true")
        if said.heard:
            expect.append("audible = true")
        if (language := language_of(said.answer)) is not None:
            expect.append(f"answer_language = {_quoted(language)}")
        if said.latency_ms is not None and said.latency_ms >= 0:
            measured = round(said.latency_ms)
            expect.append(f"answered_within_ms = {_allowed_ms(said.latency_ms)}  # it was {measured}")
        quote = one_line(said.answer)
        quote = quote if len(quote) <= _LONGEST_QUOTE else quote[:_LONGEST_QUOTE] + "…"
        expect.append(f"# The answer was: {quote}")
    if any(not line.startswith("#") for line in expect):
        yield ""
        yield "[turns.expect]"
    yield from expect


def _allowed_ms(measured_ms: float) -> int:
    """Three times what was measured and 2 s at least, to half a second: another day is another day."""
    return max(2_000, math.ceil(measured_ms * 3 / 500) * 500)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _quoted(text: str) -> str:
    import tomlkit

    return tomlkit.item(one_line(text) or "-").as_string()
