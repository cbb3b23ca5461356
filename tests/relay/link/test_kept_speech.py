"""Speech around a cut: which of it is kept, and how it is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import BYTES_PER_SECOND
from relay.link.kept_speech import LONGEST_S, LONGEST_SENT_S, KeptSpeech
from relay.link.out_chunk import OutChunk

CHUNK_S = 0.04
SIZE = round(CHUNK_S * BYTES_PER_SECOND)
PAUSE = bytes(SIZE * 20)


def chunk(number: int, *, audible: bool = True) -> OutChunk:
    return OutChunk(number.to_bytes(4, "big") * (SIZE // 4), float(number), audible)


def say(seconds: float, *, audible: bool = True, first: int = 1) -> list[OutChunk]:
    return [chunk(first + n, audible=audible) for n in range(round(seconds / CHUNK_S))]


def captured(chunks: list[OutChunk]) -> list[OutChunk]:
    return [each for each in chunks if each.due is not None]


@pytest.fixture
def kept() -> KeptSpeech:
    return KeptSpeech()


def test_what_was_said_while_the_line_was_away_is_sent_as_a_turn(kept: KeptSpeech) -> None:
    spoken = say(2)
    for each in [*say(1, audible=False, first=500), *spoken, *say(2, audible=False, first=700)]:
        kept.missed(each)
    assert kept.missed_seconds() == pytest.approx(2.0)
    sent = kept.take(PAUSE)
    assert [each for each in sent if each.audible] == spoken
    assert b"".join(each.pcm for each in sent[-20:]) == PAUSE
    assert len(sent) < 90  # not the silence around it
    assert kept.take(PAUSE) == []


def test_who_is_still_speaking_is_not_cut_off(kept: KeptSpeech) -> None:
    for each in say(1):
        kept.missed(each)
    assert kept.take(PAUSE) == say(1)


def test_silence_is_nothing_to_send(kept: KeptSpeech) -> None:
    for each in say(60, audible=False):
        kept.missed(each)
    assert kept.missed_seconds() == 0
    assert kept.take(PAUSE) == []


def test_what_the_lost_connection_did_not_understand_is_sent_again(kept: KeptSpeech) -> None:
    for each in say(1):
        kept.sent(each)
    kept.committed("item_1")
    second = say(1, first=100)
    for each in second[:10]:
        kept.sent(each)
    kept.understood("item_1")
    for each in second[10:]:
        kept.sent(each)
    kept.committed("item_2")  # and its words never came
    assert captured(kept.take(PAUSE)) == second


def test_an_answer_says_that_the_question_was_heard(kept: KeptSpeech) -> None:
    """Some servers make no transcripts."""
    for each in say(1):
        kept.sent(each)
    kept.committed("item_1")
    kept.understood()
    assert kept.take(PAUSE) == []


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 400)), max_size=20))
def test_it_is_bounded_and_in_order(stretches: list[tuple[bool, bool, int]]) -> None:
    kept = KeptSpeech()
    number = 0
    for away, audible, count in stretches:
        for _ in range(count):
            number += 1
            each = chunk(number, audible=audible)
            kept.missed(each) if away else kept.sent(each)
    assert kept.missed_seconds() <= LONGEST_S
    sent = captured(kept.take(PAUSE))
    assert len(sent) * CHUNK_S <= LONGEST_S + CHUNK_S
    assert [each.due for each in sent] == sorted(each.due or 0 for each in sent)
    if not any(away for away, _, _ in stretches):
        assert len(sent) * CHUNK_S <= LONGEST_SENT_S + CHUNK_S
    if sent:
        assert sent[-1].audible
