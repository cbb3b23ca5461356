"""The signals as lines of text: what was measured is drawn, nothing else."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from relay.conversation import ConversationState, fold
from relay.stream import Connection, Latency, Playback, RealtimeMode, Response, Speech, StreamEvent
from tests.tui import scripted
from tui import i18n
from tui.conversation.instruments.dots import bars, bars_and_lines
from tui.conversation.instruments.history import KEPT_SAMPLES, SignalHistory
from tui.conversation.instruments.signal_plots import plot_lines
from tui.conversation.instruments.signals import LABEL_WIDTH, Line, View, legend, signal_lines


def told(*events: StreamEvent) -> SignalHistory:
    history = SignalHistory()
    history.take(events)
    return history


def text(lines: list[Line]) -> list[str]:
    return ["".join(piece for piece, _style in line) for line in lines]


def axis(line: str, view: View) -> str:
    return line[LABEL_WIDTH : LABEL_WIDTH + view.cells]


VIEW = View(window_s=30, width=85)  # 60 cells of half a second


def test_a_bar_fills_from_the_bottom_and_the_smallest_shows_one_dot() -> None:
    assert bars([1.0, 1.0], 1, plain=False) == ["⣿"]
    assert bars([0.0, 0.5], 1, plain=False) == ["⣠"]
    assert bars([0.5, 1.0], 2, plain=False) == ["⢸", "⣿"]


def test_what_was_not_measured_is_blank() -> None:
    assert bars([None, None, 0.0, None], 1, plain=False) == [" ⡀"]
    assert bars([None, None, 0.0, None], 1, plain=True) == [" ."]


def test_lines_at_the_percentiles_cross_the_whole_width() -> None:
    drawn = bars_and_lines([0.25], [1.0], 3, 1, plain=False)
    assert drawn == ["⠈⠈⡈"]
    assert bars_and_lines([], [], 3, 1, plain=False) == ["   "]


def test_plain_signals_are_ascii() -> None:
    history = told(*scripted.talk())
    state = fold(ConversationState(), scripted.talk())
    view = View(30, 90, 2, plain=True)
    lines = [
        *signal_lines(history, 13.4, view),
        *plot_lines(history, state, 13.4, view),
        (*legend(history.marks, view),),
    ]
    assert "".join(text(lines)).isascii()


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("width", [40, 80, 118, 196])
def test_no_line_is_longer_than_the_panel_and_no_letter_is_of_ambiguous_width(
    language: i18n.Language, width: int
) -> None:
    i18n.set_language(language)
    history = told(*scripted.talk())
    state = fold(ConversationState(), scripted.talk())
    view = View(60, width, 2)
    for line in text(signal_lines(history, 13.4, view)):
        assert cell_len(line.rstrip()) <= max(width, 37), line
    if width >= 66:
        for line in text(plot_lines(history, state, 13.4, view)):
            assert cell_len(line.rstrip()) <= width, line


def test_levels_stand_where_they_were_measured() -> None:
    history = told(
        scripted.meters(5.0, mic_rms_dbfs=-30.0),
        scripted.meters(29.9, mic_rms_dbfs=0.0, speaker_rms_dbfs=-10.0),
    )
    you, _vad, customer, *_rest = text(signal_lines(history, 29.9, VIEW))
    drawn = axis(you, VIEW)
    assert drawn[10] != " "
    assert drawn[59] == "⢸"
    assert drawn.replace(" ", "") == drawn[10] + drawn[59]
    assert "0 dBFS" in you
    # Nothing plays, so the loudspeaker's level says nothing of the customer.
    assert axis(customer, VIEW).strip() == ""


def test_muted_is_not_drawn_as_a_level() -> None:
    you = text(signal_lines(told(scripted.meters(5.0, muted=True)), 5.0, VIEW))[0]
    assert axis(you, VIEW).strip() == ""
    assert you.split() == ["You", "-"]


def test_speech_and_answers_last_as_long_as_they_did() -> None:
    history = told(
        Speech(t=10.0, state="started", item_id="u", audio_ms=0),
        Speech(t=12.4, state="stopped", item_id="u", audio_ms=0),
        Response(t=13.0, response_id="r", state="created"),
        Playback(t=14.0, item_id="a", state="started", heard_ms=0, received_ms=10),
        Response(t=15.0, response_id="r", state="done", status="completed"),
    )
    view = View(30, 85, plain=True)
    lines = text(signal_lines(history, 29.9, view))
    assert axis(lines[1], view).rstrip() == " " * 20 + "=" * 5
    assert axis(lines[3], view).rstrip() == " " * 26 + "--" + "=" * 32
    assert lines[3].endswith("heard")


def test_the_picture_stays_put_within_a_cell() -> None:
    history = told(scripted.meters(20.0))
    assert signal_lines(history, 29.6, VIEW) == signal_lines(history, 29.9, VIEW)


def test_marks_have_letters_and_words() -> None:
    history = told(
        Speech(t=20.0, state="started", item_id="u", audio_ms=0),
        Playback(t=20.1, item_id="a", state="interrupted", heard_ms=1, received_ms=10),
        Connection(t=25.0, state="lost"),
        Connection(t=27.0, state="restored"),
    )
    marks = text(signal_lines(history, 29.9, VIEW))[4]
    assert axis(marks, VIEW).split() == ["B", "X", "R"]
    words = "".join(piece for piece, _style in legend(history.marks, VIEW))
    assert "B barge-in" in words
    assert "X lost" in words
    assert "gap" not in words


def test_an_answer_stopped_by_key_is_no_barge_in() -> None:
    history = told(Playback(t=20.1, item_id="a", state="interrupted", heard_ms=1, received_ms=10))
    assert [mark.kind for mark in history.marks] == ["stopped"]


def test_a_hole_counts_once_more_of_the_answer_has_come() -> None:
    history = told(Playback(t=1.0, item_id="a", state="started", heard_ms=0, received_ms=10))

    def heard(t: float, received: int, waiting: int) -> None:
        history.take([scripted.meters(t, audio_received_ms=received, playback_buffer_ms=waiting)])

    heard(1.0, 500, 300)
    heard(1.4, 500, 0)
    heard(1.5, 500, 0)
    assert not history.gaps
    heard(1.9, 900, 200)
    assert [round(gap.value) for gap in history.gaps] == [500]
    heard(2.3, 900, 0)
    history.take([Playback(t=2.4, item_id="a", state="finished", heard_ms=900, received_ms=900)])
    heard(9.0, 1_500, 300)
    assert len(history.gaps) == 1


def test_nothing_is_claimed_of_what_was_not_measured() -> None:
    lines = text(plot_lines(told(), ConversationState(), 10.0, View(60, 100)))
    assert all("n=0" in line for line in lines)
    assert all(" - " in f"{line} " or "-/s" in line for line in lines), lines


def test_every_plot_has_its_number_its_window_and_n() -> None:
    events = [
        *scripted.opening(),
        scripted.meters(5.0, chunk_rate=25.0),
        scripted.meters(6.0, chunk_rate=24.0, lateness_p99_ms=80.0),
        RealtimeMode(t=6.0, value=True, phase="during", round_trip_ms=33.0),
        *(
            Latency(t=7.0 + turn, turn=turn, item_id=None, response_latency_ms=100.0 * turn, basis="speech")
            for turn in range(1, 21)
        ),
    ]
    rate, lateness, latency, trip, gaps = text(
        plot_lines(told(*events), fold(ConversationState(), events), 30.0, View(60, 110))
    )
    assert "24.0/s of 25.0/s" in rate
    assert rate.rstrip().endswith("60 s  n=3")
    assert "p99 80.0 ms, worst 80.0 ms" in lateness
    assert "2,000, p50 1,000, p95 1,900 ms" in latency
    assert "n=20" in latency
    assert "33 ms" in trip
    assert "-" in gaps.split()


def test_the_history_is_bounded() -> None:
    history = SignalHistory()
    for tick in range(KEPT_SAMPLES + 100):
        history.take([scripted.meters(tick / 10)])
    assert len(history.samples) == KEPT_SAMPLES
