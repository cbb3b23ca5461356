"""What a headless talk is asked for."""

from __future__ import annotations

from typing import Literal

import pytest

from audio.samples import samples
from tui import i18n
from tui.cli.talk_session import TalkRequest
from tui.settings import ConsoleSettings


def request(*sources: str, spoken: Literal["ja", "en"] | None = None) -> TalkRequest:
    return TalkRequest(
        session_id=None, new_session=True, industry=None, value_proposition=None, persona=None, pain=None,
        sources=sources, typed=(), seconds=None, spoken=spoken, record=None, as_json=True,
    )  # fmt: skip


def test_the_conversation_is_in_the_samples_language_unless_another_is_named() -> None:
    i18n.set_language("en")
    japanese = f"wav:{samples('ja')[0].path}"
    assert request(japanese).language(ConsoleSettings()) == "ja"
    assert request("silence", f"{japanese}?loop").language(ConsoleSettings()) == "ja"
    assert request(japanese, spoken="en").language(ConsoleSettings()) == "en"
    assert request(japanese).language(ConsoleSettings(conversation_language="en")) == "en"


@pytest.mark.parametrize("screen", ["ja", "en"])
def test_without_a_sample_it_is_in_the_screens_language(screen: Literal["ja", "en"]) -> None:
    i18n.set_language(screen)
    assert request("wav:of-my-own.wav", "tone").language(ConsoleSettings()) == screen
    assert request().language(ConsoleSettings()) == screen
