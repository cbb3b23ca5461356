"""Trials of an output: a tone, or what an input has just heard."""

from __future__ import annotations

import asyncio
import contextlib
import math
from array import array
from collections.abc import Callable

from audio.errors import AudioError
from audio.generated import sine
from audio.open import make_sink
from audio.pcm import level
from audio.ports import BYTES_PER_MS, BYTES_PER_SAMPLE, SAMPLE_RATE, Sink
from tui.host.soundcheck.inputs import Inputs
from tui.host.soundcheck.protocol import Failed, PlayTone, RecordAndPlay, Said, SoundcheckCode, Stage, Trial

TONE_HZ = 440.0
TONE_S = 1.5
FADE_MS = 20
"""A tone that begins and ends at once is heard as two clicks."""
LOST_CHECK_S = 0.25
ANSWERS_WITHIN_S = 3.0
"""How much longer than its sound a trial may take before the output counts as stuck."""


async def record_and_play(command: RecordAndPlay, inputs: Inputs, say: Callable[[Said], None]) -> None:
    """Record, then play; each stage is said when it begins."""
    source = await inputs.of(command.input)
    await source.opened.wait()
    if source.failure is None:
        say(Trial(stage="recording", input=command.input, output=command.output, seconds=command.seconds))
    try:
        pcm = await source.record(command.seconds)
    except AudioError:
        return  # the input has said it
    peak = level(pcm).peak_dbfs
    await _play(pcm, command.output, say, input_id=command.input, peak_dbfs=peak)


async def play_tone(command: PlayTone, say: Callable[[Said], None]) -> None:
    """Play 440 Hz at -20 dBFS, faded in and out."""
    await _play(tone(TONE_S), command.output, say)


def tone(seconds: float) -> bytes:
    """PCM16 of the test tone."""
    samples = array("h", sine(TONE_HZ, 0, round(seconds * SAMPLE_RATE)))
    fade = FADE_MS * SAMPLE_RATE // 1000
    for n in range(fade):
        share = 0.5 - 0.5 * math.cos(math.pi * n / fade)
        samples[n] = round(samples[n] * share)
        samples[-1 - n] = round(samples[-1 - n] * share)
    return samples.tobytes()


async def _play(
    pcm: bytes,
    output: str,
    say: Callable[[Said], None],
    *,
    input_id: str | None = None,
    peak_dbfs: float | None = None,
) -> None:
    loop = asyncio.get_running_loop()
    taken = asyncio.Event()
    at = 0

    def pull(samples: int) -> bytes:
        nonlocal at
        wanted = samples * BYTES_PER_SAMPLE
        block = pcm[at : at + wanted]
        at += wanted
        if at >= len(pcm):
            loop.call_soon_threadsafe(taken.set)
        return block.ljust(wanted, b"\0")

    seconds = len(pcm) / BYTES_PER_MS / 1000
    sink = make_sink(f"speaker:{output}")

    def told(stage: Stage) -> Trial:
        return Trial(stage=stage, input=input_id, output=output, seconds=seconds, peak_dbfs=peak_dbfs)

    try:
        info = await sink.open(pull)
        say(told("playing"))
        async with asyncio.timeout(seconds + ANSWERS_WITHIN_S):
            await _taken_or_lost(taken, sink)
        await asyncio.sleep(info.latency_ms / 1000)  # what was taken last is still to be heard
        if sink.lost is not None:
            raise sink.lost
        say(told("done"))
    except TimeoutError:
        stuck = SoundcheckCode.OUTPUT_STUCK
        say(Failed(device=output, direction="output", code=stuck, params={"device": info.name}))
    except AudioError as error:
        say(Failed(device=output, direction="output", code=str(error.code), params=error.params))
    finally:
        await sink.close()


async def _taken_or_lost(taken: asyncio.Event, sink: Sink) -> None:
    """Wait until the sink has taken everything, or is lost: then it will take nothing more."""
    while not taken.is_set() and sink.lost is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(taken.wait(), LOST_CHECK_S)
