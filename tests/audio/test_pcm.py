"""Arithmetic on PCM16."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import pcm
from audio.generated import sine
from audio.ports import SAMPLE_RATE
from audio.resample import ToRelayFormat

pcm_bytes = st.binary(max_size=4_000).map(lambda data: data[: len(data) // 2 * 2])
cuts = st.lists(st.binary(max_size=50))


def test_levels_of_known_signals() -> None:
    full_scale_square = np.tile(np.array([32_767, -32_768], "<i2"), 1_200).tobytes()
    assert pcm.level(full_scale_square).rms_dbfs == pytest.approx(0.0, abs=0.01)
    assert pcm.level(full_scale_square).peak_dbfs == 0.0
    tone = pcm.level(sine(1_000, 0, 2_400))
    assert tone.peak_dbfs == pytest.approx(-20.0, abs=0.01)
    # A sine's RMS is 3.01 dB below its peak.
    assert tone.rms_dbfs == pytest.approx(-23.01, abs=0.01)
    one_step = pcm.level(b"\x01\x00" + bytes(4_798))
    assert one_step.peak_dbfs == pytest.approx(-90.31, abs=0.01)


@pytest.mark.parametrize("silence", [b"", bytes(1_920)])
def test_digital_silence_is_minus_120(silence: bytes) -> None:
    assert pcm.level(silence) == pcm.Level(-120.0, -120.0)
    assert pcm.is_digital_silence(silence)


@given(pcm_bytes)
def test_levels_agree_with_floating_point(data: bytes) -> None:
    level = pcm.level(data)
    values = np.frombuffer(data, "<i2").astype(np.float64) / 32_768
    rms = math.sqrt(float(np.mean(values**2))) if len(values) else 0.0
    peak = float(np.max(np.abs(values))) if len(values) else 0.0
    for measured, amplitude in ((level.rms_dbfs, rms), (level.peak_dbfs, peak)):
        expected = max(-120.0, 20 * math.log10(amplitude)) if amplitude else -120.0
        assert measured == pytest.approx(expected, abs=1e-6)
    assert level.rms_dbfs <= level.peak_dbfs + 1e-9
    assert pcm.is_digital_silence(data) == (peak == 0.0)
    assert (pcm.rms_dbfs(data), pcm.peak_dbfs(data)) == (level.rms_dbfs, level.peak_dbfs)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        pcm.level(b"\x00\x01\x02")


@given(pcm_bytes)
def test_floats_and_back_is_lossless(data: bytes) -> None:
    assert pcm.from_float(pcm.to_float(data)) == data


def test_floats_beyond_full_scale_are_clipped_and_nan_is_silence() -> None:
    values = np.array([2.0, -2.0, np.inf, -np.inf, np.nan, 0.5], np.float32)
    assert np.frombuffer(pcm.from_float(values), "<i2").tolist() == [
        32_767,
        -32_768,
        32_767,
        -32_768,
        0,
        16_384,
    ]


@given(pcm_bytes, st.integers(1, 8))
def test_equal_channels_mix_to_themselves(data: bytes, channels: int) -> None:
    spread = np.repeat(np.frombuffer(data, "<i2"), channels).tobytes()
    assert ToRelayFormat(SAMPLE_RATE, channels).feed(spread) == data


def test_mixing_does_not_overflow() -> None:
    loud = np.array([32_767, 32_767, -32_768, -32_768, 32_767, -32_767], "<i2").tobytes()
    assert np.frombuffer(ToRelayFormat(SAMPLE_RATE, 2).feed(loud), "<i2").tolist() == [32_767, -32_768, 0]


@pytest.mark.parametrize(("size", "channels"), [(6, 2), (3, 2), (8, 3)])
def test_frames_cut_short_are_refused(size: int, channels: int) -> None:
    with pytest.raises(ValueError, match=r"shape|buffer size"):
        ToRelayFormat(SAMPLE_RATE, channels).feed(bytes(size))


@given(cuts)
def test_aligner_gives_every_whole_sample_in_order(pieces: list[bytes]) -> None:
    aligner = pcm.SampleAligner()
    given_out = [aligner.feed(piece) for piece in pieces]
    sent = b"".join(pieces)
    assert b"".join(given_out) == sent[: len(sent) // 2 * 2]
    assert all(len(piece) % 2 == 0 for piece in given_out)


@given(cuts, st.integers(1, 64))
def test_chunker_gives_whole_chunks_and_pads_the_last(pieces: list[bytes], size: int) -> None:
    chunker = pcm.Chunker(size)
    chunks = [chunk for piece in pieces for chunk in chunker.feed(piece)]
    sent = b"".join(pieces)
    assert chunker.pending_bytes == len(sent) % size
    rest = chunker.flush()
    assert all(len(chunk) == size for chunk in chunks)
    assert len(rest) in (0, size)
    joined = b"".join(chunks) + rest
    assert joined == sent.ljust(-(-len(sent) // size) * size, b"\0")
    assert chunker.flush() == b""


def test_chunker_takes_what_it_is_fed_even_if_nobody_takes_the_chunks() -> None:
    chunker = pcm.Chunker(4)
    chunker.feed(b"abcd")
    assert list(chunker.feed(b"efgh")) == [b"efgh"]


def test_a_chunk_has_at_least_a_byte() -> None:
    with pytest.raises(ValueError, match="at least one"):
        pcm.Chunker(0)
