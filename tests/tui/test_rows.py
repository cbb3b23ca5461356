"""Figures and rows as plain values: nothing is made up, nothing raises."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from relay.conversation import ConversationState, fold
from relay.stream import InputSettings, Recording, StreamEvent
from tests.evil_strings import EVIL, harm_in
from tests.tui import scripted
from tui import i18n
from tui.conversation.instruments.diagnosis import BargeIns
from tui.conversation.instruments.rows import (
    audio_rows,
    connection_rows,
    input_rows,
    level_words,
    summary_rows,
)
from tui.conversation.readings import padded
from tui.host.services import ServerAccount
from tui.status import Status, at_account, parts, place_name
from tui.wording.figures import clock, meter_cells, number

SIDE_VALUE_CELLS = 45 - 2 - 19
"""Cells beside the labels at 80 columns (live.tcss: width and padding of #side; live.py: LABEL_WIDTH)."""


HALF_DUPLEX = InputSettings(t=1.0, echo="half-duplex", gain_db=-30.0)


def test_nothing_measured_is_a_dash() -> None:
    state = ConversationState()
    assert {row.value for row in audio_rows(state)} == {"-"}
    assert [row.value for row in connection_rows(state, 0.0)][:4] == ["-", "-", "-", "-"]
    assert number(None) == "-"
    assert level_words(None, muted=False)[0] == "-"
    assert summary_rows(state) == []


def test_rows_fit_eighty_columns_in_both_languages() -> None:
    late = scripted.meters(99.0, audio_received_ms=98_760, received_ms_per_s=1_010, lateness_max_ms=21.4)
    live = fold(ConversationState(), [*scripted.talk(), late])
    over = fold(live, scripted.end())
    for language in i18n.LANGUAGES:
        i18n.set_language(language)
        counted = input_rows(replace(live, input_settings=HALF_DUPLEX), BargeIns(12, 20))
        for row in (*connection_rows(live, live.now + 99), *audio_rows(live), *counted, *summary_rows(over)):
            assert cell_len(row.label) < 19, row
            assert cell_len(row.value) <= SIDE_VALUE_CELLS, row


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(data=st.data())
def test_any_order_of_events_can_be_shown(data: st.DataObject) -> None:
    events: list[StreamEvent] = data.draw(st.permutations([*scripted.talk(), *scripted.end()]))
    state = fold(ConversationState(), events[: data.draw(st.integers(0, len(events)))])
    rows = (*connection_rows(state, state.now), *audio_rows(state), *summary_rows(state))
    assert all(row.value for row in rows)


@given(st.one_of(st.none(), st.floats(-200, 20)), st.integers(1, 60))
def test_meter_stays_within_its_width(dbfs: float | None, width: int) -> None:
    assert 0 <= meter_cells(dbfs, width) <= width


def test_meter_ends() -> None:
    assert meter_cells(-60.0, 10) == 0
    assert meter_cells(-59.9, 10) == 1
    assert meter_cells(-30.0, 10) == 5
    assert meter_cells(0.0, 10) == 10


@given(st.text(max_size=40), st.integers(3, 30))
def test_padding_is_exact_in_cells(text: str, width: int) -> None:
    assert cell_len(padded(text, width)) == width


def test_clock() -> None:
    assert [clock(0), clock(61.9), clock(3_661)] == ["0:00", "1:01", "1:01:01"]


def test_status_line_says_the_age_of_the_report() -> None:
    fresh = Status(socket="open", mode_reported=True, mode=True, mode_age_s=0.44)
    stale = Status(socket="open", mode_reported=True, mode=True, mode_age_s=12.0)
    assert ("RT true 0.4 s ago", "good") in parts(fresh)
    assert ("RT true 12 s ago", "warn") in parts(stale)
    over = Status(socket="closed", mode_reported=True, mode=False, mode_age_s=0.0, over=True)
    assert ("RT false at the end", "plain") in parts(over)  # its age would stand still
    assert ("RT not reported yet", "dim") in parts(Status(mode_reported=True))
    assert ("INSECURE", "bad") in parts(Status(insecure=True))
    assert ("WS closed 4404", "dim") in parts(Status(socket="closed", close_code=4404))


def test_place_hides_credentials_in_an_address() -> None:
    assert place_name("https://user:secret@host:8443/x", "demo") == "demo@host:8443"
    assert at_account(ServerAccount("http://h", "admin", "t")).place == "h"
    assert at_account(None) == Status()


def test_the_summary_names_the_recording_unless_it_was_deleted() -> None:
    def last_row(*more: StreamEvent) -> tuple[str, str]:
        events = [*scripted.talk(), *scripted.end(), *more]
        row = summary_rows(fold(ConversationState(), events))[-1]
        return row.label, row.value

    assert last_row() == ("Recording", "1")
    assert last_row(Recording(t=14.5, state="deleted", directory="recordings/1"))[0] == "Duration"
    for evil in EVIL.values():
        finished = Recording(t=14.5, state="finished", directory=f"recordings/{evil}")
        assert not harm_in(last_row(finished)[1])
