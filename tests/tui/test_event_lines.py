"""Lines of the event log: each received message once, the probe as no error."""

from __future__ import annotations

from relay.link.watchdog import probe
from relay.stream import LogLine, Problem, ProtocolEvent, RealtimeMode, StreamEvent
from tests.tui import scripted
from tui.conversation.instruments.event_lines import PROBE_ITEM, EventLines


def received(t: float, name: str) -> list[StreamEvent]:
    """As the relay tells it: the protocol's line, then the document's log line."""
    return [
        ProtocolEvent(t=t, direction="in", type=name, size_bytes=96, connection=1),
        LogLine(t=t, text=f"📩 メッセージ受信: {name}"),
    ]


def asked(t: float) -> ProtocolEvent:
    """The relay's question whether anybody answers."""
    item_id = probe(1_001).item_id
    kind = "conversation.item.retrieve"
    return ProtocolEvent(t=t, direction="out", type=kind, size_bytes=90, connection=1, item_id=item_id)


def test_a_received_message_is_shown_once_and_kept_twice() -> None:
    lines = EventLines().take([*received(1, "session.created"), *received(2, "session.updated")])
    assert [line.twin for line in lines] == [False, True, False, True]
    assert "96 B" in lines[0].text


def test_a_log_line_of_its_own_is_no_twin() -> None:
    other = LogLine(t=1, text="🎤 音声送信準備完了")
    lines = EventLines().take([*received(1, "session.updated"), other])
    assert not lines[2].twin
    alone = EventLines().take([LogLine(t=1, text="📩 メッセージ受信: session.updated")])
    assert not alone[0].twin


def test_twins_are_found_across_two_ticks() -> None:
    lines = EventLines()
    first, second = received(1, "session.created")
    assert not lines.take([first])[0].twin
    assert lines.take([second])[0].twin


def test_probe_and_its_answer_do_not_look_like_an_error() -> None:
    assert probe(7).item_id.startswith(PROBE_ITEM)
    lines = EventLines().take([asked(1), *received(1.2, "error")])
    assert "probe" in lines[0].text
    assert "no error" in lines[1].text


def test_an_error_that_means_something_looks_like_one() -> None:
    trouble = Problem(t=1.2, where="server", code="insufficient_quota", message="")
    lines = EventLines().take([asked(1), *received(1.2, "error"), trouble, *received(1.4, "error")])
    assert "no error" not in lines[1].text
    assert lines[3].text.split()[1] == "ERROR"
    assert "no error" in lines[4].text  # the probe's answer came after it
    later = EventLines().take(received(2, "error"))
    assert "no error" not in later[0].text


def test_a_repeated_report_of_the_mode_is_no_news() -> None:
    reports = [
        RealtimeMode(t=t, value=value, phase="during") for t, value in ((1, True), (3, True), (5, None))
    ]
    assert len(EventLines().take(reports)) == 2
    assert EventLines().take([scripted.meters(1.0)]) == []
