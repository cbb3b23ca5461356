"""Test 2: from a stream, and the level of what was played, to answers. Pure."""

from __future__ import annotations

from acceptance.evidence import absent, answer, finding
from acceptance.judges.connection import explained, recording_failed, trouble
from acceptance.record import Record
from acceptance.request import Limits
from acceptance.results import Answer, Evidence
from acceptance.sample_source import source_name
from relay.stream import (
    Connection,
    Latency,
    Meters,
    Notice,
    Response,
    Role,
    SourceState,
    Speech,
    Transcript,
    TranscriptFailed,
)

SAMPLE_RATE = 24_000
"""Hz, of everything that goes out (realtime-protocol, section 3)."""


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


def answered(record: Record) -> Response | None:
    """The first answer that was completed."""
    return record.one(Response, lambda event: event.state == "done" and event.status == "completed")


def _with_trouble(record: Record, *evidence: Evidence) -> tuple[Evidence, ...]:
    why = trouble(record)
    return evidence if why is None else (*evidence, why)


def _source(record: Record) -> Answer:
    id_ = "t2.source_opened"
    state = record.one(SourceState, lambda event: event.state in ("opened", "failed"))
    if state is None:
        return answer(id_, "not_run")
    moment = record.moment(state)
    zeros = record.one(Notice, lambda notice: notice.code == "digital_silence")
    if zeros is not None:
        # Some systems refuse a microphone by giving zeros in its place.
        silent = finding("source_silent", "event", record.moment(zeros), spec=source_name(state.spec))
        return answer(id_, "fail", silent)
    if state.state == "opened":
        data = {"spec": source_name(state.spec), "name": state.name, "rate_hz": state.rate_hz}
        return answer(id_, "pass", finding("source_opened", "event", moment, **data))
    failed = finding("source_failed", "event", moment, spec=source_name(state.spec))
    return answer(id_, "fail", *_with_trouble(record, failed))


def _source_failed(record: Record) -> bool:
    """Then what goes out is silence in its place, and proves nothing about the source."""
    return record.one(SourceState, lambda event: event.state == "failed") is not None


def _audio_sent(record: Record) -> Answer:
    id_ = "t2.audio_sent"
    if record.step("gate_open") is None or _source_failed(record):
        return answer(id_, "not_run")
    summary = record.summary
    sent = record.of(Meters, lambda meters: meters.chunks_sent > 0)
    if not sent:
        return answer(id_, "fail", *_with_trouble(record, absent(record, "audio")))
    chunks, size = sent[-1].chunks_sent, sent[-1].bytes_sent
    if summary is not None:
        chunks, size = summary.chunks_sent, summary.bytes_sent
    rate, moment = _mean_rate(record), record.moment(sent[-1])
    if rate is None:  # no second of audio has gone out yet
        return answer(id_, "pass", finding("chunks_sent", "measurement", moment, n=chunks))
    data = {"chunks": chunks, "bytes_per_chunk": round(size / chunks), "rate": round(rate, 2)}
    return answer(id_, "pass", finding("audio_sent", "measurement", moment, **data))


def _mean_rate(record: Record) -> float | None:
    summary = record.summary
    if summary is not None and summary.chunk_rate is not None:
        return summary.chunk_rate
    rates = [meters.chunk_rate for meters in record.of(Meters) if meters.chunk_rate is not None]
    return rates[-1] if rates else None


def _chunk_rate(record: Record, limits: Limits) -> Answer:
    id_ = "t2.chunk_rate"
    rate, summary = _mean_rate(record), record.summary
    if rate is None or summary is None or not _spoken(record):
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

    Only while the connection held: a new one counts from its own first sample.
    """
    id_ = "t2.sample_rate"
    gate = record.step("gate_open")
    stopped = record.one(Speech, lambda event: event.state == "stopped" and event.audio_ms > 0)
    if gate is None or stopped is None or _source_failed(record) or record.one(Connection) is not None:
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


def _spoken(record: Record) -> bool:
    """Sound of the source went out: without it there is nothing to answer or to write down."""
    sent = record.one(Meters, lambda meters: meters.chunks_sent > 0) is not None
    return record.step("gate_open") is not None and sent and not _source_failed(record)


def _answer(record: Record, limits: Limits) -> Answer:
    id_ = "t2.answer_received"
    if not _spoken(record):
        return answer(id_, "not_run")
    done = answered(record)
    if done is not None:
        created = record.one(
            Response, lambda event: event.state == "created" and event.response_id == done.response_id
        )
        seconds = None if created is None else round(done.t - created.t, 3)
        return answer(id_, "pass", finding("answered", "event", record.moment(done), seconds=seconds))
    ended = record.one(Response, lambda event: event.state == "done")
    if ended is not None:
        data = {"status": ended.status, "reason": ended.reason, "code": ended.code}
        return answer(id_, "fail", finding("answer_failed", "event", record.moment(ended), **data))
    nothing = absent(record, "response.done", within_s=limits.answer_s)
    return answer(id_, "fail", *_with_trouble(record, nothing))


def _final(record: Record, role: Role) -> Transcript | None:
    return record.one(
        Transcript, lambda event: event.role == role and event.final and bool(event.text.strip())
    )


def _user_transcript(record: Record, limits: Limits) -> Answer:
    id_ = "t2.user_transcript"
    if not _spoken(record):
        return answer(id_, "not_run")
    transcript = _final(record, "user")
    if transcript is not None:
        text = transcript.text.strip()
        return answer(id_, "pass", finding("transcript", "event", record.moment(transcript), text=text))
    failed = record.one(TranscriptFailed)
    if failed is not None:
        data = {"code": failed.code, "message": failed.message}
        return answer(id_, "fail", finding("transcript_failed", "event", record.moment(failed), **data))
    name = "conversation.item.input_audio_transcription.completed"
    return answer(id_, "fail", *_with_trouble(record, absent(record, name, within_s=limits.answer_s)))


def _customer_transcript(record: Record) -> Answer:
    id_ = "t2.customer_transcript"
    if answered(record) is None:
        return answer(id_, "not_run")
    transcript = _final(record, "assistant")
    if transcript is None:
        return answer(id_, "fail", absent(record, "response.output_audio_transcript.done"))
    text = transcript.text.strip()
    return answer(id_, "pass", finding("transcript", "event", record.moment(transcript), text=text))


def _audible(record: Record, loudest_dbfs: float | None, limits: Limits) -> Answer:
    id_ = "t2.answer_audible"
    done = answered(record)
    if done is None:
        return answer(id_, "not_run")
    received = max((meters.audio_received_ms for meters in record.of(Meters)), default=0)
    if record.summary is not None:
        received = record.summary.audio_received_ms
    if received == 0:
        return answer(id_, "fail", absent(record, "response.output_audio.delta"))
    if (why := recording_failed(record)) is not None:
        return answer(id_, "not_run", why)
    if loudest_dbfs is None:
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
    id_ = "t2.response_latency"
    latency = record.one(Latency)
    if latency is None:
        return answer(id_, "not_run")
    ms = latency.response_latency_ms
    evidence = finding(
        "latency", "measurement", record.moment(latency), ms=round(ms), limit_ms=round(limits.latency_ms)
    )
    # Below zero: the customer talked before the salesperson had finished.
    return answer(id_, "pass" if 0 <= ms <= limits.latency_ms else "fail", evidence)
