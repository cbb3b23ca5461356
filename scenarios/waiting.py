"""What a scenario waits for in its conversation: an answer, silence, a connection that is back."""

from __future__ import annotations

from datetime import UTC, datetime

from acceptance.held_conversation import HeldConversation
from acceptance.record import Record
from relay.stream import Connection, Playback, Response, Role, Started, Transcript
from scenarios.window import Window


def answer_begun(held: HeldConversation, first: int) -> bool:
    """An answer has begun since event number ``first``."""
    window = held.record.window(first)
    return window.one(Response) is not None or window.one(Playback) is not None


def answered(held: HeldConversation, first: int) -> bool:
    """A response that began in the window has ended, however."""
    return held.record.window(first).one(Response, lambda event: event.state == "done") is not None


def busy(held: HeldConversation) -> bool:
    """Somebody is speaking, or about to be heard."""
    return not quiet(held)


def quiet(held: HeldConversation) -> bool:
    """Nobody is speaking, and nothing is about to be heard."""
    state = held.state
    waiting = state.meters is not None and state.meters.playback_buffer_ms > 0
    return not state.answering and state.speech_item_id is None and not waiting


def left_to_play_s(held: HeldConversation) -> float:
    """Seconds of answer audio that wait to be heard."""
    meters = held.state.meters
    return 0.0 if meters is None else meters.playback_buffer_ms / 1_000


def written_down(held: HeldConversation, first: int, *, spoken: bool) -> bool:
    """Both sides of the turn have their final words."""
    window = Window(held.record, first)
    roles: tuple[Role, ...] = ("user", "assistant") if spoken else ("assistant",)
    final = {event.role for event in held.record.window(first).of(Transcript, lambda event: event.final)}
    return all(window.all_final(role) and role in final for role in roles)


async def into_the_answer(held: HeldConversation, after_s: float, within_s: float) -> None:
    """Wait until an answer has been heard for ``after_s``; at once if none begins within ``within_s``."""

    def begun(held: HeldConversation) -> bool:
        return held.state.playing_item_id is not None

    if not await held.until(begun, within_s):
        return
    playing = held.state.playing_item_id
    started = held.record.of(Playback, lambda event: event.item_id == playing and event.state == "started")
    heard_s = stream_time(held.record, default=0.0) - started[-1].t if started else 0.0
    await held.until(lambda held: held.state.playing_item_id != playing, max(0.0, after_s - heard_s))


async def restored(held: HeldConversation, mark: int, within_s: float) -> None:
    """Wait until the connection was lost and is back with audio, or given up."""

    def settled(held: HeldConversation) -> bool:
        states = [event.state for event in held.record.window(mark).of(Connection)]
        return "given_up" in states or ("restored" in states and held.state.gate_open)

    await held.until(settled, within_s)


def stream_time(record: Record, default: float | None = None) -> float:
    """Now, on the clock of the stream: both processes have the same wall clock."""
    started = record.one(Started)
    if started is None:
        return default or 0.0
    passed = datetime.now(UTC) - datetime.fromisoformat(started.wall_time)
    return started.t + passed.total_seconds()
