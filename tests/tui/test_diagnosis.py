"""What is most likely wrong, from prepared conversations."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from relay.conversation import ConversationState, fold
from relay.stream import Connection, Problem, Response, SourceState, Speech, Step, StreamEvent, Transcript
from tests.tui import prepared_faults
from tui import i18n
from tui.actions import KeyNames
from tui.conversation.instruments.diagnosis import Finding, diagnose, likeness
from tui.conversation.instruments.health import health_news
from tui.conversation.instruments.history import SignalHistory


def found(events: list[StreamEvent], now: float | None = None) -> tuple[Finding, str]:
    history = SignalHistory()
    history.take(events)
    state = fold(ConversationState(), events)
    finding = diagnose(state, history, state.now if now is None else now)
    words = health_news(finding, state, history, KeyNames({}).first).words
    return finding, words.replace("\u00a0", " ")


@pytest.mark.parametrize("name", ["wrong_rate", "microphone_silent", "upstream_slow", "line_lossy", "echo"])
def test_each_prepared_fault_is_named(name: str) -> None:
    finding, words = found(prepared_faults.FAULTS[name]())
    assert finding.cause == name, words


def test_nothing_is_wrong_when_all_is_well() -> None:
    finding, words = found(prepared_faults.well())
    assert finding == Finding("well")
    assert words == "No problems.  25.0/s of 25.0/s  latency p50 800 ms (n=3)  round trip 7 ms"


def test_the_words_name_figures_and_the_key() -> None:
    said = {name: found(events())[1] for name, events in prepared_faults.FAULTS.items()}
    assert said["wrong_rate"] == (
        "Wrong sample rate: 45.9 chunks/s instead of 25.0, as if 44.1 kHz were sent as 24 kHz. d: another source."
    )
    assert "only zeros for 5 s" in said["microphone_silent"]
    assert "5,300 ms to answer (p50, n=2), the network takes" in said["upstream_slow"]
    assert "Longest wait before: first audio." in said["upstream_slow"]
    assert "not sent 3 times, cut once" in said["line_lossy"]
    assert said["line_lossy"].endswith("r: reconnect.")
    assert "interrupted 3 of 3 answers" in said["echo"]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_finding_fits_two_lines_of_eighty_columns(language: i18n.Language) -> None:
    from rich.cells import cell_len

    i18n.set_language(language)
    for name, events in prepared_faults.FAULTS.items():
        assert cell_len(found(events())[1]) <= 150, name


def test_a_rate_that_only_touches_another_is_not_blamed() -> None:
    events = prepared_faults.in_order(
        prepared_faults.on_microphone(),
        prepared_faults.metered(chunk_rate=lambda t: 45.9 if t > 39.5 else 25.0),
    )
    assert found(events)[0].cause == "well"


def test_a_real_interruption_is_no_echo() -> None:
    events = [
        replace(event, text="少し待ってください。質問があります。")
        if isinstance(event, Transcript) and event.role == "user" and event.final
        else event
        for event in prepared_faults.echo()
    ]
    assert found(events)[0].cause == "well"


def test_likeness_is_of_letters_not_of_marks() -> None:
    assert likeness("Yes, WE do!", "yes we do, of course") == 1.0
    assert likeness("在庫です", "まったく違う") == 0.0
    assert likeness("", "x") == 0.0


def test_an_answer_that_is_owed_is_missed_before_it_ever_came() -> None:
    asked: list[StreamEvent] = [
        Speech(t=2.0, state="started", item_id="u", audio_ms=0),
        Speech(t=5.0, state="stopped", item_id="u", audio_ms=0),
    ]
    events = prepared_faults.in_order(prepared_faults.on_microphone(), asked, prepared_faults.metered(8.0))
    assert found(events, 8.0)[0].cause == "well"
    assert found(events, 13.0)[0] == Finding("upstream_waiting", {"seconds": 8.0, "trip": 7.0 + 39 % 3})


def test_silence_that_was_chosen_is_no_broken_microphone() -> None:
    chosen = SourceState(t=39.0, state="opened", spec="silence", name="silence")
    finding, words = found([*prepared_faults.silent_microphone(), chosen])
    assert finding.cause == "source_silence"
    assert words.endswith("n: speak a sample line.")


@pytest.mark.parametrize("spec", ["wav:line.wav", "silence"])
def test_silence_after_a_recording_is_no_broken_microphone(spec: str) -> None:
    after = SourceState(t=20.0, state="ended", spec=spec, name="line.wav")
    events = prepared_faults.in_order(prepared_faults.silent_microphone(), [after])
    assert found(events)[0].cause == "source_silence"
    answer = Response(t=39.0, response_id="r", state="created")
    assert found(prepared_faults.in_order(events, [answer]))[0].cause == "well"


def test_a_quiet_file_is_no_microphone() -> None:
    file = SourceState(t=20.0, state="opened", spec="wav:quiet.wav", name="quiet.wav")
    events = prepared_faults.in_order(prepared_faults.silent_microphone(), [file])
    assert found(events)[0].cause == "well"


def test_a_short_silence_says_nothing_of_the_microphone() -> None:
    events = prepared_faults.in_order(
        prepared_faults.on_microphone(),
        prepared_faults.metered(mic_rms_dbfs=lambda t: -120.0 if t > 37 else -30.0),
    )
    assert found(events)[0].cause == "well"


def test_a_lost_connection_explains_everything_else() -> None:
    lost = Connection(t=41.0, state="lost", close_code=1006)
    assert found([*prepared_faults.wrong_rate(), lost])[0].cause == "connection_lost"


def test_what_was_given_up_says_why_and_how_to_try_again() -> None:
    final = Problem(t=41.0, where="server", code="insufficient_quota", message="Quota.", fatal=True)
    later = Problem(t=41.1, where="connection", code="connection_lost", message="Lost.")
    over = Connection(t=41.2, state="given_up", close_code=1000)
    finding, words = found([*prepared_faults.wrong_rate(), final, later, over])
    assert finding.cause == "given_up"
    assert words.startswith("The server's OpenAI account has used up its quota.")
    assert words.endswith("r: try again.")


def test_before_and_after_there_is_nothing_to_find_fault_with() -> None:
    assert found([])[0].cause == "not_started"
    over = Step(t=50.0, step="closed", connection=1, close_code=1000)
    assert found([*prepared_faults.echo(), over])[0].cause == "ended"


def test_without_a_key_the_sentence_stands_alone() -> None:
    history = SignalHistory()
    history.take(prepared_faults.wrong_rate())
    state = fold(ConversationState(), prepared_faults.wrong_rate())
    news = health_news(diagnose(state, history, state.now), state, history, lambda _action: None)
    assert news.words.endswith("24 kHz.")
    assert news.tone == "bad"
