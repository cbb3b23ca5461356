"""Test 2: one conversation in which something is said, up to the last sample of its answer."""

from __future__ import annotations

import asyncio
import time

from acceptance.checkpoints import checkpoints_of
from acceptance.held_conversation import HeldConversation
from acceptance.judges.streaming import judge_stored, judge_streaming
from acceptance.measurements import StoredMessages
from acceptance.recorded_sound import loudest_dbfs
from acceptance.run import AcceptanceRun
from acceptance.sample_source import sample_source, source_name
from relay.stream import Meters, Playback, SourceState, Transcript

_LONGEST_RECORDING_S = 180.0
_PLAYBACK_MARGIN_S = 5.0
_RATE_KNOWN_S = 3.0
_READ_EVERY_S = 0.3


async def streaming_test(run: AcceptanceRun) -> None:
    """Speak one recording (or into the microphone) and follow the answer to its last sample."""
    source = run.request.source or sample_source(run.request.language)
    name = source_name(source)
    run.doing(f"音声を送信します: {name}", f"Sending audio: {name}")
    session_id = await run.new_session()
    run.running(*(point.id for point in checkpoints_of(2) if not point.operator))
    async with run.converse("t2", session_id, source=source, sink=run.request.sink, record=True) as held:
        held.on_batch = lambda held: run.tick(judge_streaming(held.record, None, run.limits))
        await _follow_turn(run, held, source)
        held.on_batch = None
    played = None if held.recording is None else loudest_dbfs(held.recording)
    run.answer(judge_streaming(held.record, played, run.limits))
    run.answer([judge_stored(held.record, await _stored(run, session_id, held))])
    await run.ask(
        "t2.operator_heard",
        "お客様の音声応答がスピーカーから聞こえましたか",
        "Did you hear the customer's answer from the loudspeaker?",
        aloud=run.request.sink.startswith("speaker"),
    )


async def _stored(run: AcceptanceRun, session_id: str, held: HeldConversation) -> StoredMessages:
    """Read until everything that was shown is there, or time is up."""
    ends = time.monotonic() + run.limits.stored_s
    while True:
        stored = await run.read_messages(session_id)
        if stored.salesperson or stored.customer:
            run.spoken_session = session_id
        if judge_stored(held.record, stored).verdict == "pass" or time.monotonic() >= ends:
            return stored
        await asyncio.sleep(_READ_EVERY_S)


async def _follow_turn(run: AcceptanceRun, held: HeldConversation, source: str) -> None:
    limits = run.limits
    if not await held.until(lambda held: held.state.gate_open, limits.connect_s):
        return
    if source.startswith("wav:") and not source.endswith("?loop"):
        await held.until(lambda held: _complete(held) or _source_over(held), _LONGEST_RECORDING_S)
        await held.until(_complete_or_hopeless, limits.answer_s)
    else:
        # Nobody can know when a person begins to speak.
        await held.until(_complete_or_hopeless, limits.answer_s * 2)
    if _source_failed(held):
        return
    await held.until(_measured, _RATE_KNOWN_S)
    mark = held.mark  # what was received up to here stands in the next levels
    await held.until(lambda held: held.record.window(mark).one(Meters) is not None, _RATE_KNOWN_S)
    received = max((event.audio_received_ms for event in held.record.of(Meters)), default=0)
    if received:
        await held.until(_played, received / 1_000 + _PLAYBACK_MARGIN_S)


def _source_over(held: HeldConversation) -> bool:
    return held.record.one(SourceState, lambda event: event.state != "opened") is not None


def _source_failed(held: HeldConversation) -> bool:
    return held.record.one(SourceState, lambda event: event.state == "failed") is not None


def _complete_or_hopeless(held: HeldConversation) -> bool:
    """Nobody answers silence, which is sent in place of a source that cannot be opened."""
    return _complete(held) or _source_failed(held)


def _measured(held: HeldConversation) -> bool:
    """A chunk rate is known: that takes a second of open gate."""
    return any(meters.chunk_rate is not None for meters in held.record.of(Meters))


def _complete(held: HeldConversation) -> bool:
    """Answered, and both sides transcribed."""
    final = {event.role for event in held.record.of(Transcript, lambda event: event.final)}
    return held.record.completed_response is not None and {"user", "assistant"} <= final


def _played(held: HeldConversation) -> bool:
    return held.record.one(Playback, lambda event: event.state != "started") is not None
