"""A WAV is played to its end, whatever sizes its header gives."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio.decode import open_decoder
from audio.errors import AudioError
from audio.generated import sine
from audio.wav_reading import read_layout

PCM = sine(440, 0, 24_000)
LIST = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf60.16.100\0"


def _wav(
    data: int | None = None,
    riff: int | None = None,
    *,
    rate: int = 24_000,
    before: bytes = b"",
    after: bytes = b"",
    pcm: bytes = PCM,
) -> bytes:
    """A WAV of PCM16 mono with these sizes in its header; None: the right ones."""
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    body = before + fmt + struct.pack("<4sI", b"data", len(pcm) if data is None else data) + pcm + after
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4 if riff is None else riff, b"WAVE") + body


def _decode(path: Path, content: bytes) -> bytes:
    path.write_bytes(content)
    decoder = open_decoder(path)
    try:
        return b"".join(iter(decoder.read, b""))
    finally:
        decoder.close()


SIZES: dict[str, dict[str, Any]] = {
    "right": {},
    "a pipe's: all ones": {"data": 0xFFFF_FFFF, "riff": 0xFFFF_FFFF},
    "a pipe's: sox": {"data": 0x7FFF_F000, "riff": 0x7FFF_F024},
    "a pipe's: nothing": {"data": 0, "riff": 0},
    "killed before the first": {"data": 0, "riff": 36},
    "killed a little later": {"data": 4_800, "riff": 4_836},
    "only the file's size wrong": {"riff": 36},
    "cut off": {"data": 96_000, "riff": 96_036},
    "chunks before": {"before": LIST},
    "an odd chunk before": {"before": b"JUNK" + struct.pack("<I", 3) + b"abc\0"},
    "chunks after": {"after": LIST},
    "chunks after, killed": {"data": 0, "before": LIST},
    "a tag after": {"after": b"TAG" + b"title".ljust(125, b"\0")},
    "an odd byte after": {"after": b"\1"},
    "an empty chunk after": {"after": b"JUNK" + bytes(4)},
}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_all_the_sound_is_played_and_nothing_else(tmp_path: Path, sizes: dict[str, Any]) -> None:
    assert _decode(tmp_path / "a.wav", _wav(**sizes)) == PCM


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_also_where_it_must_be_converted(tmp_path: Path, sizes: dict[str, Any]) -> None:
    played = _decode(tmp_path / "a.wav", _wav(rate=48_000, **sizes))
    assert len(played) == pytest.approx(len(PCM) // 2, abs=4)


def test_two_files_joined_play_the_first(tmp_path: Path) -> None:
    assert _decode(tmp_path / "a.wav", _wav() * 2) == PCM


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("declared", [0, 2_400])
def test_other_samples_of_a_killed_recorder_are_found(tmp_path: Path, subtype: str, declared: int) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, [0.25] * 24_000, 24_000, subtype=subtype, format="WAV")
    content = bytearray(buffer.getvalue())
    at = content.index(b"data") + 4
    content[at : at + 4] = declared.to_bytes(4, "little")
    content[4:8] = (36).to_bytes(4, "little")
    assert len(_decode(tmp_path / "a.wav", bytes(content))) == len(PCM)


def test_sound_that_is_not_there_is_not_made_up(tmp_path: Path) -> None:
    assert _decode(tmp_path / "a.wav", _wav(pcm=b"")) == b""
    assert _decode(tmp_path / "a.wav", _wav(pcm=b"", after=LIST)) == b""


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 120))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_size_hides_sound_or_makes_noise(tmp_path: Path, data: int, riff: int, samples: int) -> None:
    pcm = PCM[2 : 2 + 2 * samples]
    assert _decode(tmp_path / "a.wav", _wav(data, riff, pcm=pcm)) == pcm


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_have_a_layout_or_none(noise: bytes, marked: bool) -> None:
    content = _wav(pcm=b"")[:36] + noise if marked else noise
    layout = read_layout(io.BytesIO(content))
    if layout is not None:
        assert 0 <= layout.data_at + layout.data_bytes <= len(content)


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_at_another_rate_is_read_or_refused(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(_wav(rate=48_000, pcm=PCM[:2_000]))
    for at, value in changes:
        content[at] = value
    try:
        assert len(_decode(tmp_path / "a.wav", bytes(content))) % 2 == 0
    except AudioError as error:
        assert error.params["reason"]
