"""The conversation as lines of text."""

from __future__ import annotations

from collections.abc import Callable

from api_client.harmless import one_line
from relay.conversation import ConversationState, percentile
from relay.stream import Step, StreamEvent, Summary, Transcript, TranscriptFailed
from tui.i18n import _


class TranscriptPrinter:
    """Prints each finished turn once, the steps of the connection, and the summary."""

    def __init__(self, echo: Callable[[str], object]) -> None:
        self._echo = echo

    def __call__(self, event: StreamEvent, state: ConversationState) -> None:
        """Print ``event``, if there is anything to print; ``state`` is the conversation after it."""
        match event:
            case Transcript(final=True):
                self._line(event.t, f"{speaker(event.role)}: {one_line(event.text.strip())}")
            case TranscriptFailed():
                self._line(
                    event.t,
                    f"{speaker('user')}: " + _("(not transcribed: {code})").format(code=one_line(event.code)),
                )
            case Step(step="gate_open"):
                self._line(event.t, _("Connected, ready for audio"))
            case Step(step="closed"):
                self._line(event.t, _("Connection closed (code {code})").format(code=event.close_code))
            case Summary():
                for line in summary_lines(event):
                    self._echo(line)

    def _line(self, t: float, words: str) -> None:
        self._echo(f"{t:8.2f}  {words}")


def speaker(role: str) -> str:
    """Who speaks, in the current language."""
    return {"user": _("You"), "assistant": _("Customer")}.get(role, _("System"))


def summary_lines(summary: Summary) -> list[str]:
    """The summary in a few lines."""
    modes = summary.realtime_mode
    latencies = summary.response_latency_ms
    rate = "-" if summary.chunk_rate is None else f"{summary.chunk_rate:.2f}"
    lines = [
        "",
        _("Session {id}").format(id=one_line(summary.session_id or "-")),
        _("realtime_mode: before {before}, during {during}, after {after}").format(
            before=_mode(modes.before), during=_mode(modes.during), after=_mode(modes.after)
        ),
        _("Sent {chunks} chunks of {size} bytes, {rate} per second (expected {expected:.2f})").format(
            chunks=summary.chunks_sent,
            size=summary.chunk_bytes,
            rate=rate,
            expected=summary.expected_chunk_rate,
        ),
        _("Received {seconds:.1f} s of audio").format(seconds=summary.audio_received_ms / 1000),
    ]
    if latencies:
        lines.append(
            _("Response latency: median {p50:.0f} ms, p95 {p95:.0f} ms (n = {n})").format(
                p50=percentile(latencies, 50), p95=percentile(latencies, 95), n=len(latencies)
            )
        )
    return lines


def _mode(value: bool | None) -> str:
    return "-" if value is None else str(value).lower()
