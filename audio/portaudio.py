"""The only module that touches PortAudio: loading it, translating its errors, opening streams.

PortAudio is not thread-safe, and on Windows a stream belongs to the thread that initialised the library. So
everything here runs on one thread of its own: call it through ``run`` or ``run_sync``.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from audio.errors import AudioError, AudioErrorCode
from audio.install_hint import portaudio_install_command
from audio.ports import SAMPLE_RATE

Direction = Literal["input", "output"]
T = TypeVar("T")

ANSWER_LIMIT_S = 8.0
"""Seconds. Opening a device takes 50 to 200 ms; a sleeping or remote sound server may take seconds."""
CLOSE_LIMIT_S = 2.0
"""Seconds. Closing takes a few milliseconds, or forever."""

# PortAudio's error numbers, from portaudio.h.
_UNANTICIPATED_HOST_ERROR = -9999
_INVALID_CHANNEL_COUNT = -9998
_INVALID_SAMPLE_RATE = -9997
_INVALID_DEVICE = -9996
_DEVICE_UNAVAILABLE = -9985
_NO_DEVICE = -1

# What the system below said, where PortAudio only says "unanticipated": errno of ALSA, HRESULT of WASAPI.
_DENIED = {-13, -1, -2147024891}
_BUSY = {-16, -2004287478}
_GONE = {-19, -2004287484}
_DENIED_WORDS = ("permission", "access denied", "access is denied", "not permitted", "not authorized")
_BUSY_WORDS = ("busy", "in use")
_GONE_WORDS = ("no such device", "invalidated", "disconnected", "connection refused", "connection terminated")


@dataclass(frozen=True, slots=True)
class Format:
    """A format that a device accepts."""

    rate_hz: int
    channels: int


class _Worker:
    """PortAudio's thread. A daemon, so that hanging in PortAudio does not keep the program from exiting."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="portaudio", daemon=True).start()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run ``work`` after everything submitted before."""
        future: Future[T] = Future()
        self._waiting.put((future, work))
        return future

    def _work(self) -> None:
        while True:
            future, work = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the result
                future.set_exception(error)


class _State:
    """This process's PortAudio state. Accessed on PortAudio's thread, except the first and last fields."""

    worker: _Worker | None = None
    open_streams = 0
    loaded = False
    stderr_copy: int | None = None
    """The original file descriptor 2 while sounddevice redirects it to list devices silently."""
    outdated = False
    """Whether PortAudio's device list, made at its start, may be out of date."""


def _worker() -> _Worker:
    if _State.worker is None:
        _State.worker = _Worker()
    return _State.worker


async def run(work: Callable[[], T], limit_s: float = ANSWER_LIMIT_S) -> T:
    """Run ``work`` on PortAudio's thread without blocking the event loop.

    Raises ``AudioError`` with ``DEVICE_FAILED`` if PortAudio does not return within ``limit_s``.
    """
    try:
        async with asyncio.timeout(limit_s):
            return await asyncio.wrap_future(_worker().submit(work))
    except TimeoutError:
        _abandon()
        raise _no_answer(limit_s) from None


def _no_answer(limit_s: float) -> AudioError:
    return AudioError(
        AudioErrorCode.DEVICE_FAILED, device="PortAudio", reason=f"no answer within {limit_s:g} s"
    )


def run_sync(work: Callable[[], T], limit_s: float = ANSWER_LIMIT_S) -> T:
    """Run ``work`` on PortAudio's thread and wait for it. Not for the event loop. Raises like ``run``."""
    try:
        return _worker().submit(work).result(limit_s)
    except TimeoutError:
        _abandon()
        raise _no_answer(limit_s) from None


def _abandon() -> None:
    """Abandon a hung thread, so that the program can continue without audio, and exit.

    Seen with PortAudio 19.6 on ALSA when the sound server dies between opening and the first block: PortAudio's
    own thread then loops forever, printing an error each time (180 MB/s), and whoever closes the
    stream waits for that thread. Devices that are opened later in this process may not answer either.
    """
    _State.worker = None
    loaded = sys.modules.get("sounddevice")
    if loaded is not None:
        # Its clean-up at exit would wait for the same thread.
        atexit.unregister(loaded._exit_handler)
    _silence_native_errors()


def _silence_native_errors() -> None:
    """Discard what C libraries print; Python's own output is unaffected."""
    try:
        kept, _State.stderr_copy = _State.stderr_copy, None
        descriptor = os.dup(2) if kept is None else kept
        sys.stderr = os.fdopen(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    except OSError:
        # There is no file descriptor 2: nothing can be printed there.
        return


def load(*, refresh: bool = False) -> Any:
    """The ``sounddevice`` module. Raises ``AudioError`` with ``LIBRARY_MISSING``.

    PortAudio lists the devices once, when it starts. It is restarted if ``refresh`` is set or a device
    was lost, but only while no stream is open: a restart ends them all (python-sounddevice issue 125).
    """
    # Without this PortAudio's look around starts a JACK server on some systems.
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    with _keeping_stderr():
        try:
            import sounddevice
        except OSError as error:
            raise AudioError(AudioErrorCode.LIBRARY_MISSING, command=portaudio_install_command()) from error
        look_again = _State.loaded and (refresh or _State.outdated)
        if look_again and _State.open_streams == 0:
            sounddevice._terminate()
            sounddevice._initialize()
            _State.outdated = False
    _State.loaded = True
    return sounddevice


@contextlib.contextmanager
def _keeping_stderr() -> Iterator[None]:
    """Keep the terminal's descriptor in case PortAudio never returns from listing devices."""
    # OSError: there is no file descriptor 2, and nothing to keep.
    with contextlib.suppress(OSError):
        _State.stderr_copy = os.dup(2)
    try:
        yield
    finally:
        kept, _State.stderr_copy = _State.stderr_copy, None
        if kept is not None:
            os.close(kept)


def mark_outdated() -> None:
    """Refresh the device list before the next open, after a device was lost or not found. Any thread."""
    _State.outdated = True


def negotiate(sounddevice: Any, direction: Direction, index: int) -> Format:
    """The format to open device ``index`` in: 24 000 Hz mono if it can, otherwise its default.

    Raw hardware often has one rate and no mono; the caller converts. Raises ``AudioError``.
    """
    info = sounddevice.query_devices(index)
    name = str(info["name"])
    check = sounddevice.check_input_settings if direction == "input" else sounddevice.check_output_settings
    own_rate = round(info["default_samplerate"])
    own_channels = int(info[f"max_{direction}_channels"])
    failed: Exception | None = None
    for rate in dict.fromkeys((SAMPLE_RATE, own_rate)):
        for channels in dict.fromkeys((1, min(2, own_channels), own_channels)):
            try:
                check(device=index, channels=channels, dtype="int16", samplerate=rate)
            except sounddevice.PortAudioError as error:
                if _number(error) not in (_INVALID_SAMPLE_RATE, _INVALID_CHANNEL_COUNT):
                    raise translate(error, direction, name, own_rate) from error
                failed = error
            else:
                return Format(rate, channels)
    raise AudioError(AudioErrorCode.RATE_REFUSED, device=name, rate=str(own_rate)) from failed


def start(sounddevice: Any, make: Callable[[], Any], direction: Direction, name: str, rate_hz: int) -> Any:
    """Create a stream and start it. Raises ``AudioError``."""
    stream = None
    try:
        stream = make()
        stream.start()
    except sounddevice.PortAudioError as error:
        if stream is not None:
            stream.close()
        mark_outdated()
        raise translate(error, direction, name, rate_hz) from error
    _State.open_streams += 1
    return stream


def stop(sounddevice: Any, stream: Any) -> None:
    """Abort a stream without playing out its buffer, and close it."""
    _State.open_streams -= 1
    # A device that is gone complains when it is closed; there is nothing left to do about it.
    with contextlib.suppress(sounddevice.PortAudioError):
        stream.abort()
    with contextlib.suppress(sounddevice.PortAudioError):
        stream.close()


def no_device(direction: Direction) -> AudioError:
    """Why there is no device at all: none exists, or Linux denies access."""
    forbidden = _forbidden_sound_devices()
    if forbidden:
        return AudioError(AudioErrorCode.PERMISSION_DENIED, device=forbidden)
    return AudioError(AudioErrorCode.NO_DEVICE, direction=direction)


def translate(error: Exception, direction: Direction, name: str, rate_hz: int) -> AudioError:
    """Translate PortAudio's error from opening the device ``name``."""
    number = _number(error)
    if number == _INVALID_SAMPLE_RATE:
        return AudioError(AudioErrorCode.RATE_REFUSED, device=name, rate=str(rate_hz))
    if number in (_INVALID_DEVICE, _NO_DEVICE):
        return no_device(direction)
    if number == _DEVICE_UNAVAILABLE:
        return AudioError(AudioErrorCode.DEVICE_BUSY, device=name)
    system_number, words = _system_error(error)
    if number == _UNANTICIPATED_HOST_ERROR:
        code = _by_system(system_number, words.lower())
        if code is not None:
            return AudioError(code, device=name)
    return AudioError(AudioErrorCode.DEVICE_FAILED, device=name, reason=words or str(error.args[0]))


def _by_system(number: int, words: str) -> AudioErrorCode | None:
    known = (
        (AudioErrorCode.PERMISSION_DENIED, _DENIED, _DENIED_WORDS),
        (AudioErrorCode.DEVICE_BUSY, _BUSY, _BUSY_WORDS),
        (AudioErrorCode.DEVICE_LOST, _GONE, _GONE_WORDS),
    )
    for code, numbers, phrases in known:
        if any(phrase in words for phrase in phrases):
            return code
        if number in numbers:
            return code
    return None


def _number(error: Exception) -> int:
    """PortAudio's number: sounddevice raises ``PortAudioError(text, number[, system's error])``."""
    return error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else 0


def _system_error(error: Exception) -> tuple[int, str]:
    if len(error.args) > 2:
        _, number, words = error.args[2]
        return int(number), str(words)
    return 0, ""


def _forbidden_sound_devices(directory: Path = Path("/dev/snd")) -> str | None:
    """A sound device file that exists but that we may not open; PortAudio omits such devices."""
    files = sorted(directory.glob("pcm*")) if directory.is_dir() else []
    usable = [file for file in files if os.access(file, os.R_OK | os.W_OK)]
    return str(files[0]) if files and not usable else None
