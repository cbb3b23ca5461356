"""The recordings that ship: complete, readable, and as long as the loader says."""

from __future__ import annotations

import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from audio.samples import DIRECTORY, language_of, ogg_opus_seconds, samples


@pytest.mark.parametrize(("language", "at_least"), [("ja", 15), ("en", 6)])
def test_every_sample_is_opus_of_24_khz_mono_and_has_the_length_it_says(language: str, at_least: int) -> None:
    found = samples(language)
    assert len(found) >= at_least
    for sample in found:
        info = sf.info(sample.path)
        assert (info.samplerate, info.channels, info.subtype) == (24_000, 1, "OPUS")
        assert sample.seconds == pytest.approx(info.frames / 24_000, abs=0.03)
        assert sample.text
        assert sample.title


def test_the_silence_at_the_end_is_long_enough_for_the_default_vad() -> None:
    for sample in (*samples("ja"), *samples("en")):
        audio, _ = sf.read(sample.path, dtype="int16")
        assert abs(audio[-int(24_000 * 0.8) :]).max() < 300, sample.id


def test_no_recording_lies_about_that_the_manifest_does_not_know() -> None:
    listed = {sample.path for language in ("ja", "en") for sample in samples(language)}
    assert set(DIRECTORY.rglob("*.opus")) == listed


def test_a_language_without_samples_has_none() -> None:
    assert samples("fr") == ()


@given(st.binary(max_size=200))
def test_anything_else_is_refused_and_not_guessed_at(data: bytes) -> None:
    if b"OpusHead" not in data:
        with pytest.raises(ValueError, match="Ogg Opus"):
            ogg_opus_seconds(data)


def test_the_language_of_a_sample_is_known_wherever_it_is_named_from(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = samples("ja")[0]
    assert language_of(sample.path) == "ja"
    monkeypatch.chdir(DIRECTORY.parent)
    assert language_of(f"samples/en/../ja/{sample.path.name}") == "ja"
    assert language_of(samples("en")[0].path) == "en"
    assert language_of(DIRECTORY / "ja" / "of-my-own.opus") is None
    assert language_of(DIRECTORY / "manifest.toml") is None
    assert language_of("") is None
