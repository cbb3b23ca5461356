"""The words of a turn while it is being spoken: stretch by stretch, so that at its end only the last is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from backend.engine.speech import Expectation, Speech, Words, joined
from backend.engine.transcription import Transcriber

SETTLED_MS = 6_000
"""A stretch of this length that ends in a pause is kept when the user goes on; a shorter one is heard again with the
rest, as Whisper understands whole sentences better."""
_REACH_BACK_MS = 120
"""A stretch begins so long before the end of the pause before it was certain: its first consonant may lie there."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    speech: Speech
    words: asyncio.Task[Words]


class SpokenTurn:
    """An open turn, from ``start_ms`` on."""

    def __init__(
        self,
        transcriber: Transcriber,
        expectation: Expectation,
        audio: Callable[[int, int], bytes],
        start_ms: int,
    ) -> None:
        """``audio``: PCM16 24 kHz mono between two positions in ms."""
        self._transcriber = transcriber
        self._expectation = expectation
        self._audio = audio
        self._from_ms = start_ms
        self._pause_ms = start_ms
        self._settled: list[_Stretch] = []
        self._latest: _Stretch | None = None

    def pause(self, at_ms: int) -> asyncio.Task[Words]:
        """Begin to make out what was said before a pause, as it may be the last: the words of the whole turn so far.

        What follows until the turn ends can only be silence: with anything else the turn is ``resumed``. The task may
        raise ``TranscriptionUnavailable``.
        """
        self._pause_ms = at_ms
        self._latest = self._begin(at_ms)
        return asyncio.create_task(self._whole([*self._settled, self._latest]))

    def resume(self) -> None:
        """The pause was not the end."""
        if self._latest is None:
            return
        if self._pause_ms - self._from_ms >= SETTLED_MS:
            self._settled.append(self._latest)
            self._from_ms = self._pause_ms - _REACH_BACK_MS
        else:
            self._latest.words.cancel()
        self._latest = None

    def finish(self, end_ms: int) -> asyncio.Task[Words]:
        """The words of the whole turn, which somebody waits for now. May raise ``TranscriptionUnavailable``."""
        stretches = [*self._settled, self._latest or self._begin(end_ms)]
        for stretch in stretches:
            stretch.speech.urgent = True
        return asyncio.create_task(self._whole(stretches, last=True))

    def drop(self) -> None:
        """Nobody wants the words."""
        for stretch in (*self._settled, *([self._latest] if self._latest else ())):
            stretch.words.cancel()

    def _begin(self, end_ms: int) -> _Stretch:
        speech = Speech(self._audio(self._from_ms, end_ms), self._expectation)
        words = asyncio.create_task(self._hear(speech, [stretch.words for stretch in self._settled]))
        words.add_done_callback(_retrieved)
        return _Stretch(speech, words)

    async def _hear(self, speech: Speech, earlier: Sequence[asyncio.Task[Words]]) -> Words:
        if earlier:
            await asyncio.wait(earlier)  # which does not cancel them when this is cancelled
            said = joined([words.result() for words in earlier])
            speech.before = said.text
            if said.text:  # nobody changes the language within a turn
                speech.expectation = replace(speech.expectation, languages=(said.language,), limited=True)
        return await self._transcriber.transcribe(speech)

    async def _whole(self, stretches: Sequence[_Stretch], *, last: bool = False) -> Words:
        try:
            await asyncio.wait([stretch.words for stretch in stretches])
        except asyncio.CancelledError:
            if last:
                self.drop()
            raise
        return joined([stretch.words.result() for stretch in stretches])


def _retrieved(task: asyncio.Task[Words]) -> None:
    """Look at a failure that nobody may ask for any more, so that it is not reported as lost."""
    if not task.cancelled():
        task.exception()
