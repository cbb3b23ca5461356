"""A sound card made of software: PulseAudio with a microphone that tests talk into and a speaker they record.

The fixture ``sound_card`` is all a test needs. Whatever is to use the card is started with
``sound_card.environment`` (a child process) or runs in the test's own process, whose environment the fixture sets.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import signal
import subprocess
import time
import wave
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from audio.wav import WavWriter

READY_TIMEOUT_S = 10.0


PROGRAMS = ("pulseaudio", "pactl", "parec", "pacat", "paplay")


MODULES = (
    "module-null-sink sink_name=spk rate=48000 channels=1",
    "module-null-sink sink_name=micfeed rate=48000 channels=1",
    "module-remap-source source_name=mic master=micfeed.monitor",
)


# Without a client at each end a null sink sleeps for up to two seconds at a time.
KEEP_AWAKE = (
    ("parec", "-d", "mic", "--latency-msec=10"),
    ("pacat", "-d", "spk", "--latency-msec=10", "/dev/zero"),
    ("pacat", "-d", "micfeed", "--latency-msec=10", "/dev/zero"),
)


class Recording:
    """What the speaker plays, from now on, as PCM16 at 24 000 Hz mono."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self._process = process
        self._path = path

    @property
    def pcm(self) -> bytes:
        """All that was recorded so far."""
        recorded = self._path.read_bytes()
        return recorded[: len(recorded) // 2 * 2]

    def stop(self) -> bytes:
        """End the recording and return it."""
        self._process.terminate()
        self._process.wait(READY_TIMEOUT_S)
        return self.pcm


class SoundCard:
    """The running card. ``mic`` is its default source, ``spk`` its default sink."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.environment = {
            "PULSE_SERVER": f"unix:{directory}/native",
            "PULSE_RUNTIME_PATH": str(directory),
            "XDG_RUNTIME_DIR": str(directory),
            "HOME": str(directory),
        }
        self._stack = stack
        self._recordings = 0
        self.start()

    def start(self) -> None:
        """Plug the card in. Returns when it gives and takes sound."""
        self.daemon = self.run("pulseaudio", *_daemon_arguments(self.directory))
        self._wait_for(lambda: self._control("info").returncode == 0, "PulseAudio does not answer")
        self._control("set-default-sink", "spk")
        self._control("set-default-source", "mic")
        for command in KEEP_AWAKE:
            self.run(*command)
        # The sinks' sleep before the first client came may last another two seconds.
        for flow in [self.record("mic"), self.record()]:
            flow.stop()

    def run(self, *command: str, stdout: int | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start a program on this card; it is ended with the card."""
        process = subprocess.Popen(
            command,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(_end, process)
        return process

    def say(self, pcm: bytes, *, rate_hz: int = 24_000) -> subprocess.Popen[bytes]:
        """Talk into the microphone. Returns at once; the process ends when all is said."""
        path = self.directory / "said.wav"
        with WavWriter(path, rate_hz) as writer:
            writer.write(pcm)
        return self.run("paplay", "--device=micfeed", str(path))

    def say_file(self, path: Path) -> subprocess.Popen[bytes]:
        """Talk into the microphone what is in a WAV file."""
        with wave.open(str(path)) as reader:
            return self.say(reader.readframes(reader.getnframes()), rate_hz=reader.getframerate())

    def record(self, device: str = "spk.monitor") -> Recording:
        """Record what the speaker plays, from now on. Returns when the first sound (or silence) has come."""
        self._recordings += 1
        path = self.directory / f"recording{self._recordings}.raw"
        with path.open("wb") as file:
            process = self.run(
                *(
                    "parec",
                    "-d",
                    device,
                    "--format=s16le",
                    "--rate=24000",
                    "--channels=1",
                    "--latency-msec=10",
                ),
                stdout=file.fileno(),
            )
        self._wait_for(lambda: path.stat().st_size > 0, f"nothing comes from {device}")
        return Recording(process, path)

    def kill(self) -> None:
        """Tear the card out."""
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait(READY_TIMEOUT_S)

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ("pactl", *arguments),
            env=os.environ | self.environment,
            capture_output=True,
            timeout=10,
            check=False,
        )

    def _wait_for(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not condition():
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"The virtual sound card: {complaint}.")
            time.sleep(0.02)


def _daemon_arguments(directory: Path) -> list[str]:
    socket = f"module-native-protocol-unix auth-anonymous=1 socket={directory}/native"
    loads = [part for module in (socket, *MODULES) for part in ("-L", module)]
    return ["-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--use-pid-file=no", *loads]


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def missing() -> str | None:
    """What this machine lacks for a virtual sound card, and how to get it."""
    if not all(map(shutil.which, PROGRAMS)):
        return "needs PulseAudio: apt-get install pulseaudio pulseaudio-utils"
    if ctypes.util.find_library("portaudio") is None:
        return "needs PortAudio: apt-get install libportaudio2"
    # PortAudio speaks ALSA only; the plug-in leads from there to PulseAudio.
    if not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return "needs the ALSA plug-in of PulseAudio: apt-get install libasound2-plugins"
    return None
