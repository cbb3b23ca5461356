"""A turn made out while it is spoken: what is kept, what is heard again, what is thrown away."""

from __future__ import annotations

import asyncio

import pytest

from backend.engine.speech import Expectation, Speech, Words
from backend.engine.spoken_turn import SETTLED_MS, SpokenTurn
from backend.engine.transcription import TranscriptionUnavailable

LONG = SETTLED_MS + 500
SOUND = bytes(range(256)) * 48 * 200


class Ears:
    """Hears the lengths of what it is given; holds still while ``free`` is clear."""

    def __init__(self) -> None:
        self.speeches: list[Speech] = []
        self.language = "ja"
        self.failing = False
        self.free = asyncio.Event()
        self.free.set()

    async def transcribe(self, speech: Speech) -> Words:
        self.speeches.append(speech)
        await self.free.wait()
        if self.failing:
            raise TranscriptionUnavailable("transcription_failed", "no")
        return Words(f"{len(speech.pcm) // 48}。", self.language)


def turn_of(ears: Ears) -> SpokenTurn:
    expectation = Expectation(("ja",), ("en",))
    return SpokenTurn(ears, expectation, lambda start, end: SOUND[start * 48 : end * 48], 0)


async def test_the_words_at_the_last_pause_are_those_of_the_turn() -> None:
    ears = Ears()
    turn = turn_of(ears)
    assert (await turn.pause(3_000)).text == "3000。"
    assert (await turn.finish(3_340)).text == "3000。"
    assert [speech.urgent for speech in ears.speeches] == [True]


async def test_a_short_stretch_is_heard_again_with_what_follows() -> None:
    ears = Ears()
    turn = turn_of(ears)
    ears.free.clear()
    so_far = turn.pause(3_000)
    await asyncio.sleep(0)
    turn.resume()
    ears.free.set()
    turn.pause(5_000)
    assert (await turn.finish(5_340)).text == "5000。"
    assert [len(speech.pcm) // 48 for speech in ears.speeches] == [3_000, 5_000]
    with pytest.raises(asyncio.CancelledError):
        await so_far


async def test_of_a_long_turn_only_the_last_stretch_is_left_at_the_end() -> None:
    ears = Ears()
    turn = turn_of(ears)
    await turn.pause(LONG)
    turn.resume()
    so_far = await turn.pause(LONG + 2_000)
    words = await turn.finish(LONG + 2_340)
    lengths = [len(speech.pcm) // 48 for speech in ears.speeches]
    assert lengths[0] == LONG
    assert 2_000 <= lengths[1] <= 2_200  # from within the pause on
    assert words == so_far == Words(f"{lengths[0]}。{lengths[1]}。", "ja")
    assert ears.speeches[1].before == f"{lengths[0]}。"


async def test_a_turn_keeps_the_language_that_it_began_in() -> None:
    ears = Ears()
    ears.language = "en"
    turn = turn_of(ears)
    turn.pause(LONG)
    turn.resume()
    assert (await turn.finish(LONG + 2_000)).language == "en"
    assert ears.speeches[1].expectation.settled == "en"


async def test_at_the_end_every_stretch_is_urgent() -> None:
    ears = Ears()
    turn = turn_of(ears)
    ears.free.clear()
    turn.pause(LONG)
    turn.resume()
    turn.pause(LONG + 2_000)
    await asyncio.sleep(0)
    assert [speech.urgent for speech in ears.speeches] == [False]
    words = turn.finish(LONG + 2_340)
    ears.free.set()
    await words
    assert [speech.urgent for speech in ears.speeches] == [True, True]


async def test_nobody_waits_for_a_turn_that_was_dropped() -> None:
    ears = Ears()
    turn = turn_of(ears)
    ears.free.clear()
    so_far = turn.pause(LONG)
    turn.resume()
    turn.pause(LONG + 2_000)
    turn.drop()
    with pytest.raises(asyncio.CancelledError):
        await so_far


async def test_a_failure_is_that_of_the_turn() -> None:
    ears = Ears()
    ears.failing = True
    turn = turn_of(ears)
    turn.pause(LONG)
    turn.resume()
    with pytest.raises(TranscriptionUnavailable):
        await turn.finish(LONG + 2_000)
