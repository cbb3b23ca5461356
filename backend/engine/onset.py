"""When speech sets in: a calm rule, and a quick one for breaking in on the customer.

The voice activity network is sure of vowels; of a consonant without voice (the s of その, the h of Hello) it is in
doubt until the vowel comes, up to 120 ms later. That is soon enough to open a turn, whose padding reaches back before
it, but not to fall silent when interrupted. So while the customer is heard, loudness has a say too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

HOP_MS = 8
"""Audio is judged this often; each score covers the last two hops."""
ONSET_MS = 32
"""A turn opens at most so long after what opened it began: three scores, which overlap, cover four hops."""

# Chosen with benchmarks/onset.py, on the recordings, 292 telephone prompts and 170 sounds that are no speech.
_ONSET_HOPS = 3
_LEAST_SHARE = 0.4  # of the threshold: where silence scores 0.14 to 0.17, and an h 0.2 to 0.3, at 0.5
_RISE_DB = 18.0
_FALL_DB = 3.0
_FAINTEST_DBFS = -55.0
_BACKGROUND_HOPS = 30


@dataclass(frozen=True, slots=True)
class Hop:
    """``HOP_MS`` of audio: how much like speech (0 to 1) it and the hop before are, and how loud it is."""

    score: float
    level_dbfs: float


class SpeechOnset:
    """Three scores above the threshold in a row are speech."""

    def __init__(self) -> None:
        self._run = 0

    def hears(self, hop: Hop, threshold: float) -> bool:
        """Whether speech has set in by the end of ``hop``."""
        self._run = self._run + 1 if hop.score >= threshold else 0
        return self._run >= _ONSET_HOPS


class SuddenOnset:
    """A jump in loudness that lasts is speech, unless the network is all but sure that it is not.

    A key or a clap rises as steeply, but has fallen again before it counts. Steady noise becomes the background.
    """

    def __init__(self) -> None:
        self._past = deque([-90.0], maxlen=_BACKGROUND_HOPS)
        self._background_dbfs = -90.0
        self._run = 0
        self._loudest_dbfs = 0.0

    def hears(self, hop: Hop, threshold: float) -> bool:
        """Whether speech has set in by the end of ``hop``."""
        if self._run == 0:
            self._background_dbfs = sorted(self._past)[len(self._past) // 2]
            self._loudest_dbfs = hop.level_dbfs
        self._past.append(hop.level_dbfs)
        loud = hop.level_dbfs >= max(self._background_dbfs + _RISE_DB, _FAINTEST_DBFS)
        if not loud or hop.score < _LEAST_SHARE * threshold or self._run >= _BACKGROUND_HOPS:
            self._run = 0
            return False
        self._run += 1
        self._loudest_dbfs = max(self._loudest_dbfs, hop.level_dbfs)
        return self._run >= _ONSET_HOPS and hop.level_dbfs >= self._loudest_dbfs - _FALL_DB
