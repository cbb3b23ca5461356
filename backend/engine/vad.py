"""Voice activity: where the user's speech begins and ends.

Two parts: ``SpeechScorer`` judges every 8 ms of audio (by earshot, a small neural network, and by loudness),
``TurnGate`` makes turns of what it finds. The gate is pure and knows no audio.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from backend.engine.onset import HOP_MS, ONSET_MS, Hop, SpeechOnset, SuddenOnset

_FRAME_SAMPLES = 256  # 16 ms at 16 kHz: what earshot takes
_HOP_SAMPLES_16K = 16 * HOP_MS
_HOP_SAMPLES_24K = 24 * HOP_MS
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
    """Hops in, starts and stops out, in ms since the first byte ever appended to the session."""

    def __init__(self, settings: TurnSettings, now_ms: int = 0) -> None:
        self.settings = settings
        self._now_ms = float(now_ms)
        self._earliest_ms = float(now_ms)  # a turn's prefix never reaches back into what came before
        self._speaking = False
        self._speech = SpeechOnset()
        self._sudden = SuddenOnset()
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

    def feed(self, hops: Iterable[Hop], breaking_in: bool = False) -> Iterator[Change]:
        """What the next hops bring about. ``breaking_in``: a turn that opens now interrupts the customer."""
        for hop in hops:
            self._now_ms += HOP_MS
            sudden = self._sudden.hears(hop, self.settings.threshold)  # at all times: to know the background
            if self._speaking:
                yield from self._go_on(hop.score)
            elif self._speech.hears(hop, self.settings.threshold) or (sudden and breaking_in):
                self._speaking = True
                self._quiet_ms = 0
                start_ms = max(self._earliest_ms, self._now_ms - ONSET_MS - self.settings.prefix_padding_ms)
                yield SpeechStarted(int(start_ms))

    def judge(self, finished: bool) -> None:
        """The words before the present pause are known now, and make a whole sentence or do not."""
        patience = self.settings.patience
        if patience is not None and self._speaking:
            self._wait_ms = patience.finished_ms if finished else patience.longest_ms

    def reset(self) -> None:
        """Forget an open turn, as when the buffer is cleared or committed by hand."""
        self._speaking = False
        self._speech = SpeechOnset()
        self._quiet_ms = 0
        self._wait_ms = None
        self._earliest_ms = self._now_ms

    def _go_on(self, score: float) -> Iterator[Change]:
        if score >= max(self.settings.threshold - _RELEASE_MARGIN, 0.01):
            if self._quiet_ms >= PAUSE_MS:
                yield SpeechResumed()
            self._quiet_ms = 0
            self._wait_ms = None
            return
        self._quiet_ms += HOP_MS
        wait_ms = self.settings.silence_duration_ms if self._wait_ms is None else self._wait_ms
        if self._quiet_ms >= wait_ms:
            self.reset()
            yield SpeechStopped(self.now_ms)
        elif self._quiet_ms - HOP_MS < PAUSE_MS <= self._quiet_ms:
            yield SpeechPaused(self.now_ms)


class SpeechScorer:
    """PCM16 at 24 kHz in, one ``Hop`` for each 8 ms of it out. Keeps what does not fill a hop."""

    def __init__(self) -> None:
        import earshot
        import numpy as np
        import soxr

        self._np = np
        # Each takes every other frame: frames overlap by half, and neither detector sees a sample twice.
        self._detectors = cycle((earshot.Detector(), earshot.Detector()))
        # QQ holds back one sample. LQ holds back up to 20 ms, and the detector hears no better with it.
        self._to_16k = soxr.ResampleStream(24_000, 16_000, 1, dtype="int16", quality="QQ")
        self._heard_16k = np.zeros(_FRAME_SAMPLES - _HOP_SAMPLES_16K, np.int16)
        self._heard_24k = np.zeros(0, np.int16)

    def hops(self, pcm: bytes) -> Iterator[Hop]:
        """The hops that ``pcm`` (whole samples) completes."""
        np = self._np
        samples = np.frombuffer(pcm, np.int16)
        self._heard_16k = np.concatenate([self._heard_16k, self._to_16k.resample_chunk(samples)])
        self._heard_24k = np.concatenate([self._heard_24k, samples])
        while len(self._heard_16k) >= _FRAME_SAMPLES:
            score = next(self._detectors).predict_i16(self._heard_16k[:_FRAME_SAMPLES])
            # By all 12 kHz: much of an s lies above the 8 kHz that earshot hears.
            loud = self._heard_24k[:_HOP_SAMPLES_24K].astype(np.float32)
            power = float(np.dot(loud, loud)) / (len(loud) * 32_768.0**2)
            yield Hop(float(score), 10 * math.log10(power + 1e-9))
            self._heard_16k = self._heard_16k[_HOP_SAMPLES_16K:]
            self._heard_24k = self._heard_24k[_HOP_SAMPLES_24K:]
