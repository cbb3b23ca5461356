"""The live screen's readings as plain rows, from state to text; no widgets.

A missing measurement is a dash. Every tone goes with a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api_client.harmless import one_line
from relay.conversation import ConversationState
from relay.conversation_state import ConnectionSteps, LatencyFigures
from tui.conversation.instruments.diagnosis import BargeIns
from tui.i18n import _, ngettext
from tui.status import mode_words
from tui.tones import Tone
from tui.wording.figures import NOTHING, number

RATE_TOLERANCE = 0.05
"""Chunk rates further than this from the geometry's are marked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a label and what is measured."""

    label: str
    value: str
    tone: Tone = "plain"


def connection_rows(state: ConversationState, now: float) -> list[Row]:
    """The steps of the latest connection, and ``realtime_mode`` with the age of its report."""
    steps = state.current
    times = steps.times if steps else {}
    base = times.get("connecting", 0.0)

    def at(step: str) -> str:
        return f"{times[step] - base:.2f} s" if step in times else NOTHING

    def tone(step: str) -> Tone:
        return "good" if step in times else "dim"

    sent = steps.updates_sent if steps else 0
    return [
        Row("session.created", at("created"), tone("created")),
        Row(
            "session.update",
            _("sent x{n}").format(n=sent) + f"  {at('update_sent')}" if sent else NOTHING,
            ("good" if sent == 1 else "warn") if sent else "dim",
        ),
        Row("session.updated", at("updated"), tone("updated")),
        Row(_("Ready for audio"), at("gate_open"), tone("gate_open")),
        mode_row(state, now),
    ]


def mode_row(state: ConversationState, now: float) -> Row:
    """``realtime_mode`` as the server reports it, never inferred."""
    mode = state.mode
    age = None if mode.at is None else max(0.0, now - mode.at)
    words, tone = mode_words(mode.value, age)
    if mode.unanswered_since is not None:
        silent = f"{max(0.0, now - mode.unanswered_since):.0f}"
        return Row(_("Realtime mode"), _("no answer for {n} s").format(n=silent), "warn")
    return Row(_("Realtime mode"), words, tone)


def audio_rows(state: ConversationState) -> list[Row]:
    """Audio sent and received, latency, and problems."""
    meters = state.meters
    latency = state.latency
    started = state.started
    if meters is None:
        return [Row(label, NOTHING, "dim") for label in _audio_labels()]
    rate_tone: Tone = "plain"
    expected = started.expected_chunk_rate if started else None
    if meters.chunk_rate is not None and expected:
        rate_tone = "good" if abs(meters.chunk_rate / expected - 1) <= RATE_TOLERANCE else "warn"
    values: list[tuple[str, Tone]] = [
        (
            _("{rate}/s of {expected}/s").format(
                rate=number(meters.chunk_rate, 1), expected=number(expected, 1)
            ),
            rate_tone,
        ),
        (
            _("p99 {p99} max {most} ms").format(
                p99=number(meters.lateness_p99_ms, 1), most=number(meters.lateness_max_ms, 1)
            ),
            "plain",
        ),
        (
            _("{rate} ms/s, {total} s").format(
                rate=number(meters.received_ms_per_s), total=number(meters.audio_received_ms / 1000, 1)
            ),
            "plain",
        ),
        (f"{meters.playback_buffer_ms} ms", "plain"),
        *_latency_words(latency),
        (
            ngettext(
                "{dropped} dropped, {errors} error", "{dropped} dropped, {errors} errors", state.error_count
            ).format(dropped=meters.dropped_chunks, errors=state.error_count),
            "bad" if meters.dropped_chunks or state.error_count else "plain",
        ),
    ]
    return [Row(label, value, tone) for label, (value, tone) in zip(_audio_labels(), values, strict=True)]


def input_rows(state: ConversationState, found: BargeIns) -> list[Row]:
    """What is done to the operator's voice, and what came of it. ``found``: since the echo is handled so."""
    echo = {"off": _("off"), "half-duplex": _("half-duplex"), "cancel": _("cancelled")}[state.echo]
    if found.all:
        echo = _("{echo}, {n}/{all} false").format(echo=echo, n=found.false, all=found.all)
    return [
        Row(_("Echo"), echo, "warn" if found.false else "plain"),
        Row(_("Gain"), f"{state.gain_db:+g} dB" if state.gain_db else "0 dB"),
    ]


def audio_title(state: ConversationState) -> str:
    """The geometry that the expected rate is computed from."""
    if state.started is None:
        return _("Audio")
    return _("Audio: {n} bytes/chunk").format(n=state.started.chunk_bytes)


def _audio_labels() -> list[str]:
    return [
        _("Chunks sent"),
        _("Lateness"),
        _("Received"),
        _("Buffered"),
        _("Latency"),
        "  p50 / p95",
        _("Problems"),
    ]


def _latency_words(latency: LatencyFigures) -> list[tuple[str, Tone]]:
    if latency.n == 0:
        return [(f"{NOTHING} (n=0)", "dim"), (NOTHING, "dim")]
    return [
        (f"{number(latency.last)} ms (n={latency.n})", "plain"),
        (f"{number(latency.p50)} / {number(latency.p95)} ms", "plain"),
    ]


def _latency_summary(latency: LatencyFigures) -> tuple[str, Tone]:
    if latency.n == 0:
        return f"{NOTHING} (n=0)", "dim"
    return f"{number(latency.p50)} / {number(latency.p95)} ms (n={latency.n})", "plain"


def level_words(dbfs: float | None, *, muted: bool) -> tuple[str, Tone]:
    """The level as a word beside the bar."""
    if muted:
        return _("muted"), "warn"
    if dbfs is None:
        return NOTHING, "dim"
    if dbfs <= -100:
        return _("silence"), "dim"
    tone: Tone = "bad" if dbfs > -3 else "plain"
    return f"{dbfs:.0f} dBFS", tone


def connection_title(steps: ConnectionSteps | None, state: ConversationState) -> str:
    """The connection's number, and the conversation's state."""
    number_ = f" #{steps.number}" if steps else ""
    words = {
        "idle": _("starting"),
        "connecting": _("connecting"),
        "live": _("live"),
        "lost": _("lost"),
        "retrying": _("retrying"),
        "given_up": _("given up"),
        "closing": _("closing"),
        "closed": _("closed"),
        "ended": _("ended"),
    }
    return _("Connection") + f"{number_}: {words[state.status]}"


def summary_rows(state: ConversationState) -> list[Row]:
    """The whole run, once it is over."""
    end = state.summary
    if end is None:
        return []

    def said(value: bool | None) -> str:
        return {True: "true", False: "false", None: NOTHING}[value]

    mode = end.realtime_mode
    latency = state.latency
    return [
        Row(_("Realtime mode"), _("as reported"), "dim"),
        Row(_("  before"), said(mode.before), "good" if mode.before is False else "warn"),
        Row(_("  during"), said(mode.during), "good" if mode.during else "warn"),
        Row(_("  after"), said(mode.after), "good" if mode.after is False else "warn"),
        Row(
            _("Turns"),
            _("you {you}, customer {customer}").format(
                you=len(end.user_transcripts), customer=len(end.assistant_transcripts)
            ),
        ),
        Row(_("Latency p50 / p95"), *_latency_summary(latency)),
        Row(
            _("Chunks sent"),
            _("{rate}/s of {expected}/s").format(
                rate=number(end.chunk_rate, 2), expected=number(end.expected_chunk_rate, 2)
            ),
        ),
        Row(_("Received"), f"{end.audio_received_ms / 1000:.1f} s"),
        Row("session.update", _("sent x{n}").format(n=end.session_updates_sent)),
        Row(
            _("Problems"),
            ngettext("{n} reconnect", "{n} reconnects", end.reconnects).format(n=end.reconnects)
            + ", "
            + ngettext("{n} error", "{n} errors", len(end.errors)).format(n=len(end.errors)),
            "warn" if end.reconnects or end.errors else "plain",
        ),
        Row(_("Close code"), NOTHING if end.close_code is None else str(end.close_code)),
        Row(_("Duration"), f"{end.seconds:.1f} s"),
        *_recording_rows(state),
    ]


def _recording_rows(state: ConversationState) -> list[Row]:
    """The recording's id in `salesmind runs`."""
    name = recording_name(state)
    if name is None or state.recording is None or state.recording.state == "started":
        return []
    return [Row(_("Recording"), name)]


def recording_name(state: ConversationState) -> str | None:
    """Of the recording that is being made or was made; None: there is none, or not to the end."""
    recording = state.recording
    if recording is None or recording.state in ("failed", "deleted"):
        return None
    return one_line(Path(recording.directory).name)
