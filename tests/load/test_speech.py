"""What a user says arrives whole, and the end of the words is where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.playout import BYTES_PER_SECOND, Playout
from load.speech import BLOCK_BYTES, Recording, Voice, recording, spoken_lines

LOUD = b"\x00\x20"


@given(st.integers(0, 60_000), st.integers(1, 6000), st.integers(0, 100))
def test_the_words_are_sent_whole_and_end_once(samples: int, chunk_samples: int, share: int) -> None:
    pcm = LOUD * samples
    said = Recording(pcm, len(pcm) * share // 200 * 2)
    voice = Voice(chunk_samples * 2)
    voice.say(said)
    chunks = []
    while voice.speaking:
        chunks.append(voice.next_chunk())
    sent = b"".join(chunk.pcm for chunk in chunks)
    assert {len(chunk.pcm) for chunk in chunks} <= {chunk_samples * 2}
    assert sent[: len(pcm)] == pcm
    assert not sent[len(pcm) :].strip(b"\0")
    ends = [
        ((number + 1) * chunk_samples * 2 - chunk.words_ended_before_end_s * BYTES_PER_SECOND)
        for number, chunk in enumerate(chunks)
        if chunk.words_ended_before_end_s is not None
    ]
    assert ends == ([pytest.approx(said.words_end_byte)] if said.words_end_byte else [])
    assert voice.next_chunk().pcm == bytes(chunk_samples * 2)


@given(st.integers(1, 40), st.integers(0, 40))
def test_the_end_of_the_words_is_where_silence_begins(loud_blocks: int, silent_blocks: int) -> None:
    pcm = LOUD * (BLOCK_BYTES // 2) * loud_blocks + bytes(BLOCK_BYTES * silent_blocks)
    assert recording(pcm).words_end_byte == loud_blocks * BLOCK_BYTES


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_samples_end_in_the_silence_that_a_server_needs(language: str) -> None:
    lines = spoken_lines(language)  # type: ignore[arg-type]
    assert len(lines) > 1
    for line in lines:
        assert 0.5 < (len(line.pcm) - line.words_end_byte) / BYTES_PER_SECOND < 2
        assert line.words_end_byte / BYTES_PER_SECOND > 1


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 96_000)), min_size=1, max_size=50))
def test_what_is_heard_lasts_as_long_as_audio_and_gaps_together(pieces: list[tuple[float, int]]) -> None:
    playout, now, gaps_s, audio_s = Playout(), 100.0, 0.0, 0.0
    playout.begin()
    for pause_s, size_bytes in pieces:
        now += pause_s
        gaps_s += playout.arrived(size_bytes, now)
        audio_s += size_bytes / BYTES_PER_SECOND
    begun = 100.0 + pieces[0][0]
    ends = begun + gaps_s + audio_s
    assert ends >= now - 1e-6
    assert gaps_s <= now - begun + 1e-6


def test_audio_that_comes_in_time_leaves_no_gap_and_late_audio_leaves_its_lateness() -> None:
    playout = Playout()
    playout.begin()
    assert playout.arrived(4800, 10.0) == 0
    assert playout.arrived(4800, 10.05) == 0
    assert playout.arrived(4800, 10.5) == pytest.approx(0.3)
    playout.begin()
    assert playout.arrived(4800, 20.0) == 0
