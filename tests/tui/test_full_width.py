"""A Japanese input method in the way: full-width input, and a function key for every letter."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
from textual.events import Key
from textual.keys import _character_to_key

from tui.frame.full_width import as_pressed, key_name, meant
from tui.frame.help import HelpScreen
from tui.keymap import action_groups
from tui.sessions.new_session import NewSessionScreen
from tui.sessions.screen import SessionsScreen

PUNCTUATION = {"slash", "comma", "full_stop", "left_square_bracket", "right_square_bracket", "minus", "space"}
FUNCTION_KEY = re.compile(r"(shift\+)?f\d+")


def test_every_letter_and_digit_has_a_function_key_beside_it() -> None:
    alone = {
        action.id
        for actions in action_groups()
        for action in actions
        if any(len(key) == 1 for key in action.keys.split(","))
        and not any(FUNCTION_KEY.fullmatch(key) for key in action.keys.split(","))
    }
    assert alone == set()


def test_shifted_function_keys_are_bound_under_both_names() -> None:
    """Terminals send Shift+F1 as such or as F13."""
    for actions in action_groups():
        for action in actions:
            keys = action.keys.split(",")
            for key in keys:
                if found := re.fullmatch(r"shift\+f(\d+)", key):
                    assert f"f{int(found[1]) + 12}" in keys, action.id


@pytest.mark.parametrize("character", string.punctuation + string.ascii_letters + string.digits)
def test_full_width_characters_are_taken_for_their_keys(character: str) -> None:
    wide = chr(ord(character) + 0xFEE0)
    assert meant(wide) == character
    pressed = as_pressed(Key("x", wide))
    assert (pressed.key, pressed.character) == (_character_to_key(character), character)


def test_the_punctuation_in_use_can_be_typed_in_kana_mode() -> None:
    assert {key_name(meant(kana) or "") for kana in "・、。「」ー　"} == PUNCTUATION


@pytest.mark.parametrize("character", ["n", "", "か", "会", "é"])
def test_other_characters_stay_what_they_are(character: str) -> None:
    event = Key("n", character)
    assert as_pressed(event) is event


async def test_full_width_keys_do_what_their_keys_do_but_are_typed_into_fields(
    make_app: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: app.screen.query("#table") and app.focused is not None)
        app.post_message(Key("？", "？"))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        app.post_message(Key("ｑ", "ｑ"))
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        app.post_message(Key("ん", "ん"))
        await until(pilot, lambda: isinstance(app.screen, NewSessionScreen) and app.focused is not None)
        app.post_message(Key("ｎ", "ｎ"))
        await until(pilot, lambda: app.screen.query_one("#industry").value == "ｎ")
