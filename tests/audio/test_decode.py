"""Sound files of every kind become the same PCM16 at 24 kHz mono."""

from __future__ import annotations

import os
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.decode import open_decoder
from audio.errors import AudioError, AudioErrorCode
from audio.file_source import FileSource
from audio.generated import sine
from audio.open import make_sink, make_source
from audio.pcm import level
from audio.wav import WavWriter, header

HZ = 440.0
SECONDS = 2.3


def _tone(rate: int, channels: int, seconds: float = SECONDS, hz: float = HZ) -> NDArray[np.float64]:
    t = np.arange(round(rate * seconds)) / rate
    return np.repeat(0.5 * np.sin(2 * np.pi * hz * t)[:, None], channels, axis=1)


def _decode(path: Path) -> bytes:
    decoder = open_decoder(path)
    try:
        return b"".join(iter(decoder.read, b""))
    finally:
        decoder.close()


def _pitch(pcm: bytes) -> float:
    values = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(values * np.hanning(len(values))))
    return float(np.argmax(spectrum)) * 24_000 / len(values)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype", "slack_s"),
    [
        ("cd.wav", 44_100, 2, "PCM_16", 0),
        ("float.wav", 48_000, 1, "FLOAT", 0),
        ("deep.flac", 96_000, 2, "PCM_24", 0),
        ("double.wav", 44_100, 1, "DOUBLE", 0),
        ("deep.wav", 48_000, 2, "PCM_24", 0),
        ("deepest.wav", 24_000, 1, "PCM_32", 0),
        ("eight-bit.wav", 24_000, 1, "PCM_U8", 0),
        ("phone.wav", 8_000, 1, "ULAW", 0),
        ("old.aiff", 22_050, 1, "PCM_16", 0),
        ("same.wav", 24_000, 1, "PCM_16", 0),
        ("same.flac", 24_000, 1, "PCM_16", 0),
        ("surround.wav", 48_000, 6, "PCM_16", 0),
        ("voice.ogg", 44_100, 1, "VORBIS", 0.05),
        ("voice.opus", 48_000, 2, "OPUS", 0.05),
        ("voice.mp3", 44_100, 2, "MPEG_LAYER_III", 0.1),
    ],
)
def test_length_level_and_pitch_survive(
    tmp_path: Path, name: str, rate: int, channels: int, subtype: str, slack_s: float
) -> None:
    path = tmp_path / name
    container = {"opus": "OGG"}.get(path.suffix[1:], path.suffix[1:].upper())
    soundfile.write(path, _tone(rate, channels), rate, subtype=subtype, format=container)
    pcm = _decode(path)
    assert len(pcm) / 48_000 == pytest.approx(SECONDS, abs=slack_s + 0.001)
    assert _pitch(pcm) == pytest.approx(HZ, abs=1)
    middle = pcm[24_000:-24_000]
    assert level(middle).rms_dbfs == pytest.approx(-9.03, abs=0.3)
    decoder = open_decoder(path)
    assert decoder.rate_hz == rate
    decoder.close()


def test_what_needs_no_conversion_is_not_touched(tmp_path: Path) -> None:
    pcm = np.random.default_rng(7).integers(-32_768, 32_768, 60_001, dtype=np.int16).astype("<i2").tobytes()
    with WavWriter(tmp_path / "a.wav") as writer:
        writer.write(pcm)
    assert _decode(tmp_path / "a.wav") == pcm


def test_channels_are_mixed(tmp_path: Path) -> None:
    frames = _tone(24_000, 2)
    frames[:, 1] *= -1
    soundfile.write(tmp_path / "opposite.wav", frames, 24_000, subtype="PCM_16")
    assert level(_decode(tmp_path / "opposite.wav")).peak_dbfs < -85


@pytest.mark.parametrize(("reversed_", "told"), [(True, 1), (False, 0)])
async def test_channels_that_cancel_each_other_are_told(tmp_path: Path, reversed_: bool, told: int) -> None:
    frames = _tone(48_000, 2)
    frames[:, 1] *= -0.99 if reversed_ else 0.5
    soundfile.write(tmp_path / "stereo.wav", frames, 48_000, subtype="PCM_16")
    warnings: list[AudioError] = []
    source = make_source(f"wav:{tmp_path}/stereo.wav?loop", chunk_bytes=960, on_warning=warnings.append)
    await source.open()
    for _ in range(3):
        await source.read()
    await source.close()
    assert [warning.code for warning in warnings] == [AudioErrorCode.CHANNELS_CANCEL] * told


def test_one_channel_of_many_or_a_quiet_file_cancels_nothing(tmp_path: Path) -> None:
    surround = _tone(48_000, 8)
    surround[:, 1:] = 0
    quiet = _tone(48_000, 2) * 0.001
    quiet[:, 1] *= -1
    for name, frames in (("surround.wav", surround), ("quiet.wav", quiet)):
        soundfile.write(tmp_path / name, frames, 48_000, subtype="PCM_16")
        decoder = open_decoder(tmp_path / name)
        while decoder.read():
            pass
        assert not decoder.channels_cancel
        decoder.close()


@pytest.mark.parametrize(
    ("rate", "channels", "subtype"), [(24_000, 1, "VORBIS"), (44_100, 2, "VORBIS"), (48_000, 2, "OPUS")]
)
@pytest.mark.parametrize("loop", [False, True])
def test_a_chained_ogg_plays_all_its_parts(
    tmp_path: Path, rate: int, channels: int, subtype: str, loop: bool
) -> None:
    parts = []
    for number, hz in enumerate((440.0, 880.0, 1_320.0)):
        part = tmp_path / f"{number}.ogg"
        # The second part has a rate of its own.
        part_rate = 48_000 if number == 1 else rate
        frames = _tone(part_rate, channels, 1.0, hz)
        soundfile.write(part, frames, part_rate, subtype=subtype, format="OGG")
        parts.append(part.read_bytes())
    (tmp_path / "chained.ogg").write_bytes(b"".join(parts))
    decoder = open_decoder(tmp_path / "chained.ogg", loop=loop)
    pcm = b""
    while len(pcm) < 48_000 * (5 if loop else 3) - 4_000:
        pcm += decoder.read()
    decoder.close()
    for second, hz in enumerate((440, 880, 1_320, 440, 880)[: 5 if loop else 3]):
        assert _pitch(pcm[second * 48_000 + 12_000 : second * 48_000 + 36_000]) == pytest.approx(hz, abs=3)


@pytest.mark.parametrize("name", ["page.mp3", "page.wav", "page.opus"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
        (b"\xef\xbb\xbf\n<HTML>", "a web page"),
        (b'{"detail": "not found"}', "a document"),
        (b"PK\x03\x04" + bytes(100), "an archive"),
        (b"", "empty"),
        (b"just words", "no sound"),
    ],
)
def test_what_is_no_sound_is_not_said_to_be_missing(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError) as caught:
        open_decoder(tmp_path / name)
    assert caught.value.code is AudioErrorCode.FILE_UNREADABLE
    assert reason in caught.value.params["reason"]
    assert "exist" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("suffix", ["wav", "flac", "opus"])
async def test_a_name_that_is_not_utf_8_is_played_and_can_be_shown(tmp_path: Path, suffix: str) -> None:
    soundfile.write(
        tmp_path / f"a.{suffix}", _tone(48_000, 1), 48_000, format="OGG" if suffix == "opus" else None,
        subtype="OPUS" if suffix == "opus" else None,
    )  # fmt: skip
    path = tmp_path / f"caf\udce9.{suffix}"
    (tmp_path / f"a.{suffix}").rename(path)
    source = make_source(f"wav:{path}", chunk_bytes=960)
    info = await source.open()
    await source.close()
    assert info.name == f"caf\ufffd.{suffix}"
    with pytest.raises(AudioError) as caught:
        open_decoder(tmp_path / "missing\udce9.wav")
    assert caught.value.params["path"].endswith("missing\ufffd.wav")
    assert str(caught.value).encode()
    sink = make_sink(f"wav:{tmp_path}/out\udce9.wav")
    assert (await sink.open(lambda samples: bytes(2 * samples))).name == "out\ufffd.wav"
    await sink.close()
    assert (tmp_path / "out\udce9.wav").exists()


def test_a_path_that_no_system_takes_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(AudioError) as caught:
        open_decoder(tmp_path / ("x" * 5_000))
    assert caught.value.code in (AudioErrorCode.FILE_NOT_FOUND, AudioErrorCode.FILE_UNREADABLE)


def test_a_loop_has_no_seam(tmp_path: Path) -> None:
    # Ten whole periods: a loop of it is the endless tone.
    soundfile.write(tmp_path / "a.wav", _tone(48_000, 1, seconds=0.1, hz=100), 48_000, subtype="PCM_16")
    decoder = open_decoder(tmp_path / "a.wav", loop=True)
    pcm = b""
    while len(pcm) < 48_000:
        pcm += decoder.read()
    decoder.close()
    values = np.frombuffer(pcm, "<i2").astype(float)[2_400:24_000]
    steepest = 2 * np.pi * 100 / 24_000 * 16_384
    assert np.abs(np.diff(values)).max() < steepest * 1.05


def test_a_loop_of_the_relays_own_format_is_exact(tmp_path: Path) -> None:
    pcm = sine(440, 0, 1_001)
    with WavWriter(tmp_path / "a.wav") as writer:
        writer.write(pcm)
    decoder = open_decoder(tmp_path / "a.wav", loop=True)
    assert b"".join(decoder.read() for _ in range(3)) == pcm * 3
    decoder.close()


def _write_empty(path: Path) -> None:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(44_100)


def test_what_is_no_sound_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a sound")
    (tmp_path / "nothing.wav").write_bytes(b"")
    (tmp_path / "data.raw").write_bytes(bytes(100))
    _write_empty(tmp_path / "empty.wav")
    cases = {
        "missing.wav": AudioErrorCode.FILE_NOT_FOUND,
        ".": AudioErrorCode.FILE_UNREADABLE,
        "text.wav": AudioErrorCode.FILE_UNREADABLE,
        "nothing.wav": AudioErrorCode.FILE_UNREADABLE,
        "data.raw": AudioErrorCode.FILE_UNREADABLE,
    }
    for name, code in cases.items():
        with pytest.raises(AudioError) as caught:
            open_decoder(tmp_path / name)
        assert caught.value.code is code
        assert caught.value.params["path"] == str(tmp_path / name)
    looped = open_decoder(tmp_path / "empty.wav", loop=True)
    with pytest.raises(AudioError, match="no sound in it"):
        looped.read()
    looped.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, _tone(8_000, 1), 8_000)
    path.chmod(0)
    with pytest.raises(AudioError) as caught:
        open_decoder(path)
    assert caught.value.code is AudioErrorCode.FILE_UNREADABLE


def test_a_file_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    with WavWriter(path) as writer:
        writer.write(sine(440, 0, 24_000))
    path.write_bytes(path.read_bytes()[:20_045])
    pcm = _decode(path)
    assert pcm == sine(440, 0, 24_000)[:20_000]


def _wav(rate: int, data: bytes) -> bytes:
    return header(len(data), rate) + data


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(header(0)[:20], id="a header cut short"),
        pytest.param(_wav(24_000, b""), id="no sound"),
        pytest.param(_wav(24_000, b"\x01"), id="half a sample"),
        pytest.param(_wav(0, bytes(480)), id="no rate"),
        pytest.param(_wav(2, bytes(480)), id="two samples a second"),
        pytest.param(_wav(2_000_000_000, bytes(480)), id="two gigahertz"),
        pytest.param(
            b"RIFF\x04/\x00\x00WAVEf\x00t \x80\x00\x00\x00" + bytes(16),
            id="a chunk that leads out of the file",
        ),
    ],
)
async def test_an_odd_header_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(content)
    for loop in (False, True):
        with pytest.raises(AudioError) as caught:
            await FileSource(str(path), 960, loop=loop).open()
        assert caught.value.code is AudioErrorCode.FILE_UNREADABLE
        assert caught.value.params["reason"]


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 255)), min_size=1, max_size=8), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_is_read_or_refused(tmp_path: Path, changes: list[tuple[int, int]], loop: bool) -> None:
    content = bytearray(_wav(24_000, sine(440, 0, 1_000)))
    for at, value in changes:
        content[at] = value
    path = tmp_path / "any.wav"
    path.write_bytes(content)
    try:
        decoder = open_decoder(path, loop=loop)
    except AudioError:
        return
    try:
        for _ in range(3):
            assert len(decoder.read()) % 2 == 0
    except AudioError as error:
        assert error.code is AudioErrorCode.FILE_UNREADABLE
    finally:
        decoder.close()
