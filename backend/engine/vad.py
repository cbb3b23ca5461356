"""Voice activity: where the user's speech begins and ends.

Two parts: ``SpeechScorer`` gives each 16 ms frame a score (earshot, a small neural network), ``TurnGate``
turns scores into turns. The gate is pure and knows no audio.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

FRAME_MS = 16
_FRAME_SAMPLES = 256  # at 16 kHz: what earshot takes
ONSET_FRAMES = 2
"""So many frames of speech in a row open a turn. A third costs 14 ms more of a barge-in and keeps nothing out:
white and pink noise, keys, knocks and hum set off as many turns with two as with three."""
_RELEASE_MARGIN = 0.15
"""A turn goes on while scores stay above the threshold less this, so that it does not flutter at the edge."""

PAUSE_MS = 160
"""So much silence is told of before the turn ends, for whoever wants to make use of the wait."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long ``semantic_vad`` waits in ms: after a whole sentence, after words unknown, and at the very most."""

    finished_ms: int
    unknown_ms: int
    longest_ms: int


# Approximations but for the caps, which are documented (8, 4 and 2 s).
_MEDIUM = Patience(600, 1_200, 4_000)
PATIENCE = {
    "high": Patience(400, 800, 2_000),
    "medium": _MEDIUM,
    "auto": _MEDIUM,
    "low": Patience(1_000, 2_500, 8_000),
}


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """``start_ms`` includes the prefix padding."""

    start_ms: int


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The turn may be over: silence from shortly before ``at_ms``, not yet as long as is waited for."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """It was not over."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """``end_ms`` includes the silence that was waited for."""

    end_ms: int


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """When a turn opens and closes."""

    threshold: float
    prefix_padding_ms: int
    silence_duration_ms: int
    patience: Patience | None = None
    """Set where the wait depends on what is being said; ``silence_duration_ms`` holds while that is not known."""


def turn_settings(turn_detection: dict[str, Any]) -> TurnSettings:
    """The settings of a session's ``turn_detection`` of either type."""
    if turn_detection["type"] == "semantic_vad":
        patience = PATIENCE[turn_detection["eagerness"]]
        return TurnSettings(0.5, 300, patience.unknown_ms, patience)
    return TurnSettings(
        turn_detection["threshold"],
        turn_detection["prefix_padding_ms"],
        turn_detection["silence_duration_ms"],
    )


Change = SpeechStarted | SpeechPaused | SpeechResumed | SpeechStopped


class TurnGate:
    """Scores in, starts and stops out, in ms since the first byte ever appended to the session."""

    def __init__(self, settings: TurnSettings, now_ms: int = 0) -> None:
        self.settings = settings
        self._now_ms = float(now_ms)
        self._earliest_ms = float(now_ms)  # a turn's prefix never reaches back into what came before
        self._speaking = False
        self._loud_frames = 0
        self._quiet_ms = 0
        self._wait_ms: int | None = None

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._speaking

    @property
    def now_ms(self) -> int:
        """Up to where the audio has been judged."""
        return int(self._now_ms)

    def feed(self, scores: Iterable[float]) -> Iterator[Change]:
        """What the next frames, one score (0 to 1) each, bring about."""
        for score in scores:
            self._now_ms += FRAME_MS
            if self._speaking:
                yield from self._go_on(score)
            elif self._opens(score):
                onset_ms = self._now_ms - ONSET_FRAMES * FRAME_MS
                start_ms = max(self._earliest_ms, onset_ms - self.settings.prefix_padding_ms)
                yield SpeechStarted(int(start_ms))

    def judge(self, finished: bool) -> None:
        """The words before the present pause are known now, and make a whole sentence or do not."""
        patience = self.settings.patience
        if patience is not None and self._speaking:
            self._wait_ms = patience.finished_ms if finished else patience.longest_ms

    def reset(self) -> None:
        """Forget an open turn, as when the buffer is cleared or committed by hand."""
        self._speaking = False
        self._loud_frames = self._quiet_ms = 0
        self._wait_ms = None
        self._earliest_ms = self._now_ms

    def _opens(self, score: float) -> bool:
        self._loud_frames = self._loud_frames + 1 if score >= self.settings.threshold else 0
        self._speaking = self._loud_frames >= ONSET_FRAMES
        if self._speaking:
            self._quiet_ms = 0
        return self._speaking

    def _go_on(self, score: float) -> Iterator[Change]:
        if score >= max(self.settings.threshold - _RELEASE_MARGIN, 0.01):
            if self._quiet_ms >= PAUSE_MS:
                yield SpeechResumed()
            self._quiet_ms = 0
            self._wait_ms = None
            return
        self._quiet_ms += FRAME_MS
        wait_ms = self.settings.silence_duration_ms if self._wait_ms is None else self._wait_ms
        if self._quiet_ms >= wait_ms:
            self.reset()
            yield SpeechStopped(self.now_ms)
        elif self._quiet_ms - FRAME_MS < PAUSE_MS <= self._quiet_ms:
            yield SpeechPaused(self.now_ms)


class SpeechScorer:
    """PCM16 at 24 kHz in, one score for each 16 ms of it out. Keeps what does not fill a frame."""

    def __init__(self) -> None:
        import earshot
        import numpy as np
        import soxr

        self._np = np
        self._detector = earshot.Detector()
        # LQ delays by 1.25 ms where better settings delay by 26 and more; VAD needs no better.
        self._to_16k = soxr.ResampleStream(24_000, 16_000, 1, dtype="int16", quality="LQ")
        self._rest = np.zeros(0, np.int16)

    def scores(self, pcm: bytes) -> Iterator[float]:
        """Scores of the frames that ``pcm`` (whole samples) completes."""
        np = self._np
        samples = self._to_16k.resample_chunk(np.frombuffer(pcm, np.int16))
        self._rest = np.concatenate([self._rest, samples])
        whole = len(self._rest) // _FRAME_SAMPLES * _FRAME_SAMPLES
        frames, self._rest = self._rest[:whole], self._rest[whole:]
        for start in range(0, whole, _FRAME_SAMPLES):
            yield float(self._detector.predict_i16(frames[start : start + _FRAME_SAMPLES]))
