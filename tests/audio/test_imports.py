"""What is expensive to import is imported by whoever needs it, and by nobody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from audio.generated import sine
from audio.wav import WavWriter

HEAVY = {"numpy", "sounddevice", "soundfile", "soxr", "pywebrtc_audio"}


def _imported_by(program: str, *arguments: str) -> set[str]:
    """Which heavy packages a fresh Python has after ``program``."""
    report = f"\nimport sys\nprint(*({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program + report, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


RUN = """
import asyncio, sys
from audio.open import make_sink, make_source
from audio.pcm import level
async def main():
    source = make_source(sys.argv[1], chunk_bytes=960)
    sink = make_sink(sys.argv[2])
    await source.open()
    await sink.open(lambda samples: bytes(2 * samples))
    level((await source.read()).pcm)
    await source.close()
    await sink.close()
asyncio.run(main())
"""


def test_importing_the_room_is_cheap() -> None:
    program = (
        "import audio, audio.errors, audio.ports, audio.spec, audio.pcm, audio.open, audio.pacing, audio.devices, "
        "audio.microphone, audio.speaker, audio.tcp, audio.decode, audio.file_source, audio.file_sink, audio.echo"
    )
    assert _imported_by(program) == set()


@pytest.mark.parametrize("source", ["silence", "tone"])
def test_what_needs_no_conversion_needs_no_numpy(tmp_path: Path, source: str) -> None:
    assert _imported_by(RUN, source, f"wav:{tmp_path / 'out.wav'}") == set()


def test_a_file_in_the_relays_format_needs_no_numpy(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "in.wav") as writer:
        writer.write(sine(440, 0, 4_800))
    assert _imported_by(RUN, f"wav:{tmp_path / 'in.wav'}", "none") == set()
