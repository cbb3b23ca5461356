"""A local voice for what has no recording: the words of a session's own role.

Open JTalk speaks Japanese, hibari English; both come with the ``[voice]`` extra and need nothing else. Where they
are not installed such an answer is sent as text.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Protocol

log = logging.getLogger(__name__)

SAMPLE_RATE = 24_000
_MODULES = {"ja": "pyopenjtalk", "en": "hibari"}
_RMS = 0.1  # -20 dBFS, as the recordings


class Voice(Protocol):
    """What a conversation needs of a voice."""

    async def say(self, text: str, language: str) -> bytes:
        """``text`` as PCM16 24 kHz mono; empty where there is no voice for it."""
        ...

    def speaks(self, language: str) -> bool:
        """Whether there is a voice for ``language``."""
        ...

    def prepare(self, language: str) -> None:
        """Get ready to speak ``language``: it will be needed."""
        ...


class LocalVoice:
    """The voices that are installed, in a thread of their own."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="voice")
        self._prepared: set[str] = set()

    async def say(self, text: str, language: str) -> bytes:
        """``text`` as PCM16 24 kHz mono; empty where there is no voice for it. Never raises."""
        if not available(language):
            return b""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, _speak, text, language)
        except Exception:  # whatever a native library raises: the words still reach the client as text
            log.exception("the local voice failed")
            return b""

    def speaks(self, language: str) -> bool:
        """Whether the voice for ``language`` is installed."""
        return available(language)

    def prepare(self, language: str) -> None:
        """Load the voice, which takes seconds, before there is something to say."""
        if available(language) and language not in self._prepared:
            self._prepared.add(language)
            self._worker.submit(_speak, "はい。" if language == "ja" else "Yes.", language)

    def close(self) -> None:
        """Let go of the worker."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def available(language: str) -> bool:
    """Whether the voice for ``language`` is installed."""
    module = _MODULES.get(language)
    return module is not None and importlib.util.find_spec(module) is not None


def _speak(text: str, language: str) -> bytes:
    import numpy as np

    audio = _japanese(text) if language == "ja" else np.asarray(_hibari()(text), np.float32).ravel()
    loud = audio[np.abs(audio) > 0.01]
    if not len(loud):
        return b""
    gain = _RMS / float(np.sqrt(np.mean(loud**2)))
    return bytes((np.clip(audio * gain, -0.95, 0.95) * 32_767).astype(np.int16).tobytes())


def _japanese(text: str) -> Any:
    """float32 at 24 kHz: sentence by sentence, which Open JTalk reads better."""
    import numpy as np
    import soxr

    pyopenjtalk: Any = importlib.import_module("pyopenjtalk")

    parts = []
    for sentence in re.split(r"(?<=[。！？!?])", text):
        if sentence.strip():
            spoken, rate = pyopenjtalk.tts(sentence)
            parts.append(soxr.resample(spoken.astype(np.float32) / 32_768, rate, SAMPLE_RATE))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


@cache
def _hibari() -> Any:
    from hibari import Hibari

    return Hibari()
