"""What is pasted is text, whatever is in it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from textual.events import Paste
from textual.widgets import Input

from tui.frame.field import LONGEST
from tui.host.pastes import END, START, PasteFilter

TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=20)
ANYTHING = st.text(st.sampled_from("\x00\x03\x07\x11\x1b[20~1ab\x7f\x9b\n"), max_size=20)


def through(*pieces: str) -> str:
    filtering = PasteFilter()
    return "".join(filtering.feed(piece) for piece in pieces)


@given(st.text(max_size=40).filter(lambda text: START not in text))
def test_what_is_typed_is_left_as_it_is(text: str) -> None:
    assert through(text) == text


@given(TEXT, ANYTHING.filter(lambda text: END not in text), TEXT)
def test_no_control_character_of_a_paste_is_left(before: str, pasted: str, after: str) -> None:
    result = through(before + START + pasted + END + after)
    assert result.startswith(before + START)
    assert result.endswith(END + after)
    inside = result[len(before + START) : len(result) - len(END + after)]
    assert all(character >= " " or character in "\t\n\r" for character in inside)
    assert not set(inside) & {"\x7f", "\x9b"}
    assert [one for one in inside if one.isalnum()] == [one for one in pasted if one.isalnum()]


@given(ANYTHING, ANYTHING, st.data())
def test_how_the_input_is_cut_does_not_matter(one: str, other: str, data: st.DataObject) -> None:
    whole = one + START + other + END + one
    cut = data.draw(st.integers(0, len(whole)))
    assert through(whole[:cut], whole[cut:]) == through(whole)


async def test_every_line_of_a_paste_is_kept(make_app: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Paste("first line\nsecond\tline\r\n"))
        await until(pilot, lambda: app.screen.username.value)
        assert app.screen.username.value == "first line second line"


async def test_paste_that_is_too_long_is_cut_and_said(make_app: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Paste("x" * 33_000))
        await until(pilot, lambda: len(app.screen.query_one("#username", Input).value) == LONGEST)
        await until(pilot, lambda: app._notifications)
