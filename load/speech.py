"""What a user says: recorded words and silence, cut into chunks, and when the words end."""

from __future__ import annotations

from dataclasses import dataclass

from audio import samples
from audio.decode import open_decoder
from audio.pcm import rms_dbfs
from load.plan import Language

BYTES_PER_SECOND = 48_000
BLOCK_BYTES = 960
"""20 ms, in which the end of the words is looked for."""
WORDS_DBFS = -45.0
"""What is quieter than this is no longer a word."""


@dataclass(frozen=True, slots=True)
class Recording:
    """PCM16, 24 kHz, mono."""

    pcm: bytes
    words_end_byte: int
    """Where the last word ends; the rest is silence, in which a server notices it."""


def recording(pcm: bytes) -> Recording:
    """``pcm`` and where its words end: after the last block that is loud."""
    ends = len(pcm) - len(pcm) % BLOCK_BYTES
    while ends > 0 and rms_dbfs(pcm[ends - BLOCK_BYTES : ends]) < WORDS_DBFS:
        ends -= BLOCK_BYTES
    return Recording(pcm, ends)


def spoken_lines(language: Language) -> list[Recording]:
    """The sample recordings in ``language``, the shortest first, decoded (blocking)."""
    shortest_first = sorted(samples.samples(language), key=lambda sample: sample.seconds)
    return [recording(_decoded(sample)) for sample in shortest_first]


def _decoded(sample: samples.Sample) -> bytes:
    decoder = open_decoder(sample.path)
    blocks = []
    while block := decoder.read():
        blocks.append(block)
    decoder.close()
    return b"".join(blocks)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One message of audio."""

    pcm: bytes
    words_ended_before_end_s: float | None = None
    """Set on the chunk in which the words of a turn end: how long before the end of the chunk."""


class Voice:
    """One user's microphone: silence, except for what it has been told to ``say``."""

    def __init__(self, chunk_bytes: int) -> None:
        self._silence = bytes(chunk_bytes)
        self._saying: Recording | None = None
        self._at = 0

    @property
    def speaking(self) -> bool:
        """Whether there is something left to say, be it silence at its end."""
        return self._saying is not None

    def say(self, words: Recording) -> None:
        """Begin ``words`` with the next chunk."""
        self._saying, self._at = words, 0

    def next_chunk(self) -> Chunk:
        """What the microphone hears next."""
        if (said := self._saying) is None:
            return Chunk(self._silence)
        size = len(self._silence)
        begin, self._at = self._at, self._at + size
        if self._at >= len(said.pcm):
            self._saying = None
        pcm = said.pcm[begin : self._at].ljust(size, b"\0")
        if begin < said.words_end_byte <= self._at:
            return Chunk(pcm, (self._at - said.words_end_byte) / BYTES_PER_SECOND)
        return Chunk(pcm)
