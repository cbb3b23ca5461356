"""The section of the page that shows one conversation: figures, charts, what was said, every event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from acceptance.reports.chart import TimeAxis
from acceptance.reports.markup import Markup, element, join
from acceptance.reports.plots import RATE_TOLERANCE, chunk_rate_plot, latency_plot, lateness_plot
from acceptance.reports.recorded import RecordedConversation, read_conversation
from acceptance.reports.timeline import Mark, evidence_marks, legend, timeline
from acceptance.reports.waveform import waveforms
from acceptance.reports.wording import Words
from acceptance.results import ConversationRecord, RunResult
from relay.config import BYTES_PER_SECOND
from relay.stream import LogLine, Meters, StreamEvent, Transcript

MOST_ROWS = 1_000
"""Events listed for a conversation; the recording has all of them."""


def conversations(result: RunResult, directory: Path | None, words: Words) -> Iterator[Markup]:
    """A section for each conversation that was recorded in the run's ``directory``, then the names of the others."""
    for record in result.conversations:
        if record.directory is not None:
            yield _conversation(record, read_conversation(record, directory), result, words)
    others = [record for record in result.conversations if record.directory is None]
    if others:
        yield element(
            "article",
            element(
                "p",
                words.choose(("録音していない会話", "Conversations that were not recorded")),
                class_="muted",
            ),
            element("ul", (element("li", *_names(record, words)) for record in others), class_="conditions"),
            class_="card",
        )


def _names(record: ConversationRecord, words: Words) -> tuple[Markup, ...]:
    return (
        element("code", record.name),
        element("span", f"{words('test')} {record.test}", class_="tag"),
        element("span", record.session_id, class_="id"),
    )


def _conversation(
    record: ConversationRecord, recorded: RecordedConversation | None, result: RunResult, words: Words
) -> Markup:
    head = element("h3", *_names(record, words))
    if recorded is None:
        gone = words.choose(("録音が見つかりません: {name}", "Recording not found: {name}"))
        return element(
            "article", head, element("p", gone.format(name=record.directory), class_="muted"), class_="card"
        )
    marks = evidence_marks(result, recorded.name, words)
    return conversation_article(record.name, head, recorded, result.chunk_bytes, words, marks)


def conversation_article(
    name: str,
    head: Markup,
    recorded: RecordedConversation,
    chunk_bytes: int,
    words: Words,
    evidence: Sequence[Mark] = (),
) -> Markup:
    """Everything about one recorded conversation. ``evidence``: marks of a run's answers on its timeline."""
    axis = TimeAxis(recorded.seconds)
    return element(
        "article",
        head,
        _figures(recorded, words),
        _panel(
            words.choose(("イベントの時系列", "Event timeline")), timeline(recorded, evidence, axis, words)
        ),
        legend(words),
        _panel(words.choose(("波形", "Waveform")), waveforms(recorded, axis, words)),
        _plots(recorded, chunk_bytes, axis, words),
        _turns(recorded, words),
        _events(recorded, words),
        class_="card",
        id=f"conversation-{name}",
    )


def _plots(
    recorded: RecordedConversation, chunk_bytes: int, axis: TimeAxis, words: Words
) -> Iterator[Markup]:
    expected = BYTES_PER_SECOND / chunk_bytes
    rate = (
        "送信レート (chunks/s) - 破線: 期待値 {expected}, 帯: ±{tolerance:.0%}",
        "Chunk rate (chunks/s) - dashed: {expected} expected, band: ±{tolerance:.0%}",
    )
    title = words.choose(rate).format(expected=f"{expected:.2f}", tolerance=RATE_TOLERANCE)
    if (plot := chunk_rate_plot(recorded, expected, axis, title)) is not None:
        yield _panel(title, plot)
    title = words.choose(("応答時間 (ms)", "Response latency (ms)"))
    if (plot := latency_plot(recorded, axis, title)) is not None:
        yield _panel(title, plot)
    title = words.choose(("送信の遅れ p99 (ms)", "Send lateness, p99 (ms)"))
    if (plot := lateness_plot(recorded, axis, title)) is not None:
        yield _panel(title, plot)


def _panel(title: str, chart: Markup) -> Markup:
    return element("figure", element("figcaption", title), element("div", chart, class_="scroll"))


def _figures(recorded: RecordedConversation, words: Words) -> Markup:
    summary = recorded.state.summary
    if summary is None:
        ended = (
            "会話は最後まで記録されていません。",
            "The recording stops before the end of the conversation.",
        )
        return element("p", words.choose(ended), class_="muted")
    latencies = sorted(summary.response_latency_ms)
    rate = "-" if summary.chunk_rate is None else f"{summary.chunk_rate:.2f}"
    middle = f"{latencies[(len(latencies) - 1) // 2]:.0f} ms (n={len(latencies)})" if latencies else "-"
    facts = (
        (("長さ", "Length"), f"{summary.seconds:.1f} s"),
        (("接続数", "Connections"), str(summary.connections)),
        (("送信チャンク", "Chunks sent"), f"{summary.chunks_sent} × {summary.chunk_bytes} bytes"),
        (("送信レート", "Chunk rate"), f"{rate} / {summary.expected_chunk_rate:.2f} chunks/s"),
        (("応答時間 p50", "Response latency p50"), middle),
        (("受信音声", "Audio received"), f"{summary.audio_received_ms / 1000:.1f} s"),
        (("エラー", "Errors"), str(len(summary.errors))),
    )
    return element(
        "dl",
        (element("div", element("dt", words.choose(name)), element("dd", value)) for name, value in facts),
        class_="figures",
    )


def _turns(recorded: RecordedConversation, words: Words) -> Markup:
    turns = recorded.state.turns
    if not turns:
        return join()
    names = {
        "user": words.choose(("営業担当者", "Salesperson")),
        "assistant": words.choose(("お客様", "Customer")),
        "system": words.choose(("システム", "System")),
    }
    rows = (
        element(
            "li",
            element("span", f"{turn.at:.1f} s", class_="time"),
            element("b", names[turn.role]),
            element("span", turn.text or (f"({turn.failure})" if turn.failure else "…")),
            class_=turn.role,
        )
        for turn in turns
    )
    return element(
        "details",
        element("summary", words.choose(("文字起こし ({n})", "Transcript ({n})")).format(n=len(turns))),
        element("ol", rows, class_="turns"),
        open=True,
    )


def _events(recorded: RecordedConversation, words: Words) -> Markup:
    shown = [event for event in recorded.events if _is_listed(event)]
    title = words.choose(("イベント一覧 ({n})", "Events ({n})")).format(n=len(shown))
    rows = (
        element(
            "tr",
            element("td", f"{event.t:.3f}", class_="time"),
            element("td", element("code", str(event.__struct_config__.tag))),
            element("td", _details(event)),
        )
        for event in shown[:MOST_ROWS]
    )
    more = len(shown) - MOST_ROWS
    rest = words.choose(("ほか {n} 件は events.jsonl にあります。", "{n} more are in events.jsonl."))
    return element(
        "details",
        element("summary", title),
        element("div", element("table", element("tbody", rows), class_="events"), class_="scroll"),
        element("p", rest.format(n=more), class_="muted") if more > 0 else join(),
    )


def _is_listed(event: StreamEvent) -> bool:
    """Meters are drawn, log lines repeat events, and parts of a transcript come again as a whole."""
    if isinstance(event, Transcript):
        return event.final
    return not isinstance(event, Meters | LogLine)


def _details(event: StreamEvent) -> str:
    return "  ".join(_pairs(event))


def _pairs(event: StreamEvent) -> Iterator[str]:
    for field in msgspec.structs.fields(event):
        value = getattr(event, field.name)
        if field.name == "t" or value is None or value == field.default:
            continue
        if isinstance(value, float):
            value = f"{value:.3f}".rstrip("0").rstrip(".")
        elif not isinstance(value, str | int | bool):
            value = msgspec.json.encode(value).decode()
        yield f"{field.name}={value}"
