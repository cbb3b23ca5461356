"""Test 2: from a stream, and the level of what was played, to answers. Pure."""

from __future__ import annotations

from acceptance.evidence import answer, finding
from acceptance.judges.connections import connections
from acceptance.judges.reasons import explained, recording_failed, trouble, unmet
from acceptance.measurements import StoredMessages
from acceptance.record import Moment, Record
from acceptance.request import Limits
from acceptance.results import Answer, Evidence
from acceptance.sample_source import source_name
from relay.config import BYTES_PER_SECOND
from relay.stream import (
    Connection,
    Latency,
    Meters,
    Notice,
    Response,
    Role,
    SourceState,
    Speech,
    Started,
    Transcript,
    TranscriptFailed,
)

SAMPLE_RATE = 24_000
"""Hz, of everything that goes out (realtime-protocol, section 3)."""
SILENT_DBFS = -120.0
"""What meters show of input that is nothing but zeros."""
_COUNTED_WITHIN_S = 0.5
"""From sending a chunk to the meters that count it: they come ten times a second."""


def judge_streaming(record: Record, loudest_dbfs: float | None, limits: Limits) -> list[Answer]:
    """The answers of test 2, without the operator's.

    ``loudest_dbfs``: RMS of the loudest 100 ms of what was played; None when nothing was recorded as played.
    """
    answers = [
        _source(record),
        _audio_sent(record),
        _chunk_rate(record, limits),
        _sample_rate(record, limits),
        _answer(record, limits),
        _user_transcript(record, limits),
        _customer_transcript(record),
        _audible(record, loudest_dbfs, limits),
        _latency(record, limits),
    ]
    return explained(record, answers)


def _source(record: Record) -> Answer:
    id_ = "t2.source_opened"
    opened = record.one(SourceState, lambda event: event.state == "opened")
    failed = record.one(SourceState, lambda event: event.state == "failed")
    if opened is None:
        if failed is None or not record.complete:  # it may still be opened
            return answer(id_, "not_run")
        found = finding("source_failed", "event", record.moment(failed), spec=source_name(failed.spec))
        why = trouble(record)
        return answer(id_, "fail", found, *([] if why is None else [why]))
    zeros = record.one(Notice, lambda notice: notice.code == "digital_silence")
    heard = record.one(Meters, lambda meters: (meters.mic_rms_dbfs or SILENT_DBFS) > SILENT_DBFS)
    if heard is None and zeros is not None and record.complete:
        # Some systems refuse a microphone by giving zeros in its place.
        silent = finding("source_silent", "event", record.moment(zeros), spec=source_name(opened.spec))
        return answer(id_, "fail", silent)
    if heard is None and not record.complete:
        return answer(id_, "not_run")  # so far nobody knows whether it gives anything
    data = {"spec": source_name(opened.spec), "name": opened.name, "rate_hz": opened.rate_hz}
    return answer(id_, "pass", finding("source_opened", "event", record.moment(opened), **data))


def _sending(record: Record) -> list[Meters]:
    """Meters that show more of the source sent than those before: silence in place of one that failed is not its."""
    found: list[Meters] = []
    usable, count = False, 0
    for event in record.events[record.first :]:
        if isinstance(event, SourceState) and event.state != "ended":
            usable = event.state == "opened"
        elif isinstance(event, Meters):
            if usable and event.chunks_sent > count:
                found.append(event)
            count = event.chunks_sent
    return found


def _audio_sent(record: Record) -> Answer:
    id_ = "t2.audio_sent"
    sent = _sending(record)
    if sent:
        return answer(id_, "pass", *_sent(record, sent[-1]))
    if _source_failed(record) or not _time_to_send(record):
        return answer(id_, "not_run")
    return unmet(record, id_, "audio")


def _sent(record: Record, last: Meters) -> list[Evidence]:
    summary, rate, moment = record.summary, _mean_rate(record), record.moment(last)
    chunks, size = last.chunks_sent, last.bytes_sent
    if summary is not None:
        chunks, size = summary.chunks_sent, summary.bytes_sent
    if rate is None:  # no second of audio has gone out yet
        return [finding("chunks_sent", "measurement", moment, n=chunks)]
    data = {"chunks": chunks, "bytes_per_chunk": round(size / chunks), "rate": round(rate, 2)}
    return [finding("audio_sent", "measurement", moment, **data)]


def _time_to_send(record: Record) -> bool:
    """A gate was open for long enough that a chunk should have gone out and been counted."""
    started = record.one(Started)
    chunk_s = 0.0 if started is None else started.chunk_bytes / BYTES_PER_SECOND
    last_t = record.events[-1].t if record.events else 0.0
    for one in connections(record):
        gate = one.step("gate_open")
        ended_t = last_t if one.ended is None else one.ended.t
        if gate is not None and ended_t - gate.t >= chunk_s + _COUNTED_WITHIN_S:
            return True
    return False


def _source_failed(record: Record, before_t: float | None = None) -> bool:
    """Then what goes out is silence in its place, and proves nothing about the source."""
    return (
        record.one(
            SourceState,
            lambda event: event.state == "failed" and (before_t is None or event.t <= before_t),
        )
        is not None
    )


def _mean_rate(record: Record) -> float | None:
    summary = record.summary
    if summary is not None and summary.chunk_rate is not None:
        return summary.chunk_rate
    rates = [meters.chunk_rate for meters in record.of(Meters) if meters.chunk_rate is not None]
    return rates[-1] if rates else None


def _chunk_rate(record: Record, limits: Limits) -> Answer:
    id_ = "t2.chunk_rate"
    rate, summary = _mean_rate(record), record.summary
    if (
        rate is None
        or summary is None
        or not _spoken(record)
        or _source_failed(record)
        or not record.complete
    ):
        return answer(id_, "not_run")
    expected = summary.expected_chunk_rate
    off = rate / expected - 1
    whole = summary.bytes_sent == summary.chunks_sent * summary.chunk_bytes
    evidence = finding(
        "chunk_rate",
        "measurement",
        record.moment(summary),
        rate=round(rate, 2),
        expected=round(expected, 2),
        bytes_per_chunk=round(summary.bytes_sent / summary.chunks_sent),
        expected_bytes=summary.chunk_bytes,
        off_percent=round(off * 100, 1),
        tolerance_percent=round(limits.rate_tolerance * 100, 1),
        sample_rate_hz=round(rate * summary.chunk_bytes / 2),
    )
    right = abs(off) <= limits.rate_tolerance and whole
    return answer(id_, "pass" if right else "fail", evidence)


def _sample_rate(record: Record, limits: Limits) -> Answer:
    """The server says at which sample of what it received the speech ended; we know when it said so.

    Only on the first connection: a later one is sent what the one before it could not take, faster than real time.
    """
    id_ = "t2.sample_rate"
    stopped = record.one(Speech, lambda event: event.state == "stopped" and event.audio_ms > 0)
    if stopped is None or _source_failed(record, stopped.t):
        return answer(id_, "not_run")
    gate = next((one.step("gate_open") for one in connections(record) if one.step("gate_open")), None)
    cut = record.one(Connection, lambda event: event.t <= stopped.t)
    if gate is None or cut is not None:
        return answer(id_, "not_run")
    elapsed = stopped.t - gate.t
    if elapsed <= 0:  # of what was heard before anything was sent, nothing can be measured
        return answer(id_, "not_run")
    rate = stopped.audio_ms / 1_000 * SAMPLE_RATE / elapsed
    evidence = finding(
        "server_sample_rate",
        "measurement",
        record.moment(stopped),
        rate_hz=round(rate),
        audio_ms=stopped.audio_ms,
        elapsed_s=round(elapsed, 3),
        tolerance_percent=round(limits.sample_rate_tolerance * 100, 1),
    )
    right = abs(rate / SAMPLE_RATE - 1) <= limits.sample_rate_tolerance
    return answer(id_, "pass" if right else "fail", evidence)


def _spoken(record: Record, before_t: float | None = None) -> bool:
    """Sound of the source went out: without it there is nothing to answer or to write down.

    ``before_t``: by then, on the connection that stood then.
    """
    sent = [meters.t for meters in _sending(record)]
    if before_t is None:
        return bool(sent)
    cuts = [event.t for event in record.of(Connection) if event.state == "lost" and event.t <= before_t]
    return any(max(cuts, default=0.0) <= t <= before_t for t in sent)


def _cut_after_speech(record: Record) -> bool:
    """Nothing was said on the last connection, and whoever was to answer what was said before is gone."""
    restored = [event.t for event in record.of(Connection, lambda event: event.state == "restored")]
    return bool(restored) and not any(meters.t > restored[-1] for meters in _sending(record))


def _answer(record: Record, limits: Limits) -> Answer:
    id_ = "t2.answer_received"
    done = record.completed_response
    if done is not None and _spoken(record, done.t):
        created = record.one(
            Response, lambda event: event.state == "created" and event.response_id == done.response_id
        )
        seconds = None if created is None else round(done.t - created.t, 3)
        return answer(id_, "pass", finding("answered", "event", record.moment(done), seconds=seconds))
    if done is not None or not _spoken(record) or _cut_after_speech(record):
        return answer(id_, "not_run")
    ended = record.one(Response, lambda event: event.state == "done")
    if ended is not None and record.complete:
        data = {"status": ended.status, "reason": ended.reason, "code": ended.code, "said": ended.message}
        found = finding("answer_failed", "event", record.moment(ended), **data)
        return answer(id_, "fail", found)
    return unmet(record, id_, "response.done", limits.answer_s)


def _final(record: Record, role: Role) -> Transcript | None:
    return record.one(
        Transcript, lambda event: event.role == role and event.final and bool(event.text.strip())
    )


def _user_transcript(record: Record, limits: Limits) -> Answer:
    id_ = "t2.user_transcript"
    transcript = _final(record, "user")
    if transcript is not None and _spoken(record, transcript.t):
        text = transcript.text.strip()
        return answer(id_, "pass", finding("transcript", "event", record.moment(transcript), text=text))
    if transcript is not None or not _spoken(record) or _cut_after_speech(record):
        return answer(id_, "not_run")
    failed = record.one(TranscriptFailed)
    if failed is not None and record.complete:
        data = {"code": failed.code, "message": failed.message}
        return answer(id_, "fail", finding("transcript_failed", "event", record.moment(failed), **data))
    name = "conversation.item.input_audio_transcription.completed"
    return unmet(record, id_, name, limits.answer_s)


def _customer_transcript(record: Record) -> Answer:
    id_ = "t2.customer_transcript"
    if record.completed_response is None:
        return answer(id_, "not_run")
    transcript = _final(record, "assistant")
    if transcript is None:
        return unmet(record, id_, "response.output_audio_transcript.done")
    text = transcript.text.strip()
    return answer(id_, "pass", finding("transcript", "event", record.moment(transcript), text=text))


def _audible(record: Record, loudest_dbfs: float | None, limits: Limits) -> Answer:
    id_ = "t2.answer_audible"
    done = record.completed_response
    if done is None:
        return answer(id_, "not_run")
    received = max((meters.audio_received_ms for meters in record.of(Meters)), default=0)
    if record.summary is not None:
        received = record.summary.audio_received_ms
    if received == 0:
        return unmet(record, id_, "response.output_audio.delta")
    if (why := recording_failed(record)) is not None:
        return answer(id_, "not_run", why)
    if loudest_dbfs is None or not record.complete:
        return answer(id_, "not_run")
    evidence = finding(
        "played_level",
        "measurement",
        record.moment(done),
        loudest_dbfs=round(loudest_dbfs, 1),
        threshold_dbfs=limits.audible_dbfs,
        received_ms=received,
    )
    return answer(id_, "pass" if loudest_dbfs > limits.audible_dbfs else "fail", evidence)


def _latency(record: Record, limits: Limits) -> Answer:
    """The worst turn decides. Negative: the customer spoke before the salesperson had finished."""
    id_ = "t2.response_latency"
    turns = record.of(Latency)
    late = [turn for turn in turns if not 0 <= turn.response_latency_ms <= limits.latency_ms]
    if not turns or (not late and not record.complete):
        return answer(id_, "not_run")
    worst = max(late or turns, key=lambda turn: abs(turn.response_latency_ms))
    evidence = finding(
        "latency",
        "measurement",
        record.moment(worst),
        ms=round(worst.response_latency_ms),
        limit_ms=round(limits.latency_ms),
        turns=len(turns),
    )
    return answer(id_, "fail" if late else "pass", evidence)


def judge_stored(record: Record, stored: StoredMessages | None) -> Answer:
    """What was shown, side by side, is what the session holds: same words, same order, nothing more."""
    id_ = "t2.stored_messages"
    user, customer = _shown(record, "user"), _shown(record, "assistant")
    if stored is None or not (user or customer) or not record.complete:
        return answer(id_, "not_run")
    if stored.salesperson is None or stored.customer is None:
        return answer(
            id_, "not_run", finding("request_failed", "request", Moment(stored.at), code=stored.error)
        )
    found = finding(
        "stored",
        "request",
        Moment(stored.at),
        user_shown=len(user),
        user_stored=len(stored.salesperson),
        customer_shown=len(customer),
        customer_stored=len(stored.customer),
    )
    same = user == list(stored.salesperson) and customer == list(stored.customer)
    return answer(id_, "pass" if same else "fail", found)


def _shown(record: Record, role: Role) -> list[str]:
    """The final text of each item, in the order in which the items were first seen."""
    texts: dict[str, str] = {}
    for event in record.of(Transcript, lambda event: event.role == role and event.final):
        texts[event.item_id] = event.text.strip()
    return [text for text in texts.values() if text]
