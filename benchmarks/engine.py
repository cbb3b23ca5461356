"""The offline engine in figures: latency and CPU of spoken turns, one conversation and two, breaking in, accuracy,
many listeners, memory.

    python benchmarks/engine.py [--turns 30] [--only turns]

Audio is sent in real time, 40 ms at a time, where it matters: from half a second before the end of the words on.
End of speech is when the sample at ``audio_end_ms - silence_duration_ms`` was handed to the socket.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import soundfile as sf
from websockets.asyncio.client import ClientConnection, connect

from audio.samples import Sample, samples
from backend.engine.accuracy import character_error_rate, word_error_rate
from benchmarks.onset import onset
from relay.conversation_state import percentile

SILENCE_MS = 500
CHUNK_MS = 40
LEAD_MS = 1_500
"""So much of the end of a sample (a second of it silent) is sent in real time."""


@contextlib.asynccontextmanager
async def engine(*arguments: str, before: tuple[str, ...] = ()) -> AsyncIterator[tuple[str, int]]:
    """An engine process: its URL and process id. ``before``: a command that starts it, such as taskset."""
    process = await asyncio.create_subprocess_exec(
        *before, sys.executable, "-m", "backend.engine", "--port", "0", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())["url"] + "?model=gpt-realtime", process.pid
    finally:
        process.terminate()
        await process.wait()


def resident_mb(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def send_audio(socket: ClientConnection, pcm: bytes, sent: list[tuple[int, float]]) -> None:
    """Send ``pcm``; notes (bytes sent so far, when) for each chunk in ``sent``."""
    so_far = sent[-1][0] if sent else 0
    chunk = CHUNK_MS * 48
    hurry = len(pcm) - LEAD_MS * 48
    due = time.monotonic()
    for start in range(0, len(pcm), chunk):
        piece = pcm[start : start + chunk]
        if start > hurry:
            due = max(due + CHUNK_MS / 1000, time.monotonic() - 0.5)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        else:
            due = time.monotonic()
        audio = base64.b64encode(piece).decode()
        so_far += len(piece)
        sent.append((so_far, time.monotonic()))
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))


async def turn(socket: ClientConnection, sample: Sample, sent: list[tuple[int, float]]) -> dict[str, Any]:
    """One spoken turn: what was heard, and milliseconds from the end of speech to transcript and first audio."""
    pcm = sf.read(sample.path, dtype="int16")[0].tobytes()
    sending = asyncio.create_task(send_audio(socket, pcm, sent))
    measured: dict[str, Any] = {}
    while True:
        event = json.loads(await socket.recv())
        now, kind = time.monotonic(), event["type"]
        if kind == "input_audio_buffer.speech_stopped":
            end_byte = (event["audio_end_ms"] - SILENCE_MS) * 48
            measured["end"] = next(at for count, at in sent if count >= end_byte)
        elif kind.endswith("transcription.completed"):
            measured |= {"heard": event["transcript"], "transcript_ms": (now - measured["end"]) * 1000}
        elif kind == "response.output_audio.delta" and "audio_ms" not in measured:
            measured["audio_ms"] = (now - measured["end"]) * 1000
        elif kind == "response.done":
            measured["done"] = True
        if measured.keys() >= {"done", "heard", "audio_ms"}:
            await sending
            return measured


async def converse(
    url: str, language: str, turns: int, first: int = 0
) -> list[tuple[Sample, dict[str, Any]]]:
    """``turns`` spoken turns from the sample ``first`` on, on connections of one pass through the samples each."""
    found: list[tuple[Sample, dict[str, Any]]] = []
    wanted = list(islice(cycle(samples(language)), first, first + turns))
    per_pass = len(samples(language))
    for begin in range(0, turns, per_pass):
        async with connect(url, max_size=None, compression=None) as socket:
            detection = {"type": "server_vad", "silence_duration_ms": SILENCE_MS}
            transcription = {"model": "gpt-4o-mini-transcribe", "language": language}
            audio = {"input": {"transcription": transcription, "turn_detection": detection}}
            await socket.send(
                json.dumps({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
            )
            while json.loads(await socket.recv())["type"] != "session.updated":
                pass
            sent: list[tuple[int, float]] = []
            for sample in wanted[begin : begin + per_pass]:
                found.append((sample, await turn(socket, sample, sent)))
    return found


async def two_at_once(url: str, turns: int) -> list[dict[str, Any]]:
    """``turns`` spoken turns in all, of two Japanese conversations that are in different places."""
    half = len(samples("ja")) // 2
    both = await asyncio.gather(converse(url, "ja", turns // 2), converse(url, "ja", turns // 2, half))
    return [measured for found in both for _, measured in found]


async def break_in(url: str, sample: Sample) -> float:
    """Milliseconds from the onset of speech, sent in real time 20 ms at a time, to ``response.done`` (cancelled)."""
    sound = sf.read(sample.path, dtype="int16")[0]
    begins = onset(sound.astype(float))
    async with connect(url, max_size=None, compression=None) as socket:
        await socket.send(json.dumps({"type": "response.create"}))
        while json.loads(await socket.recv())["type"] != "response.output_audio.delta":
            pass

        async def speak() -> float:
            started, at = time.monotonic(), 0.0
            for start in range(0, begins + 24_000, 480):
                await asyncio.sleep(max(0.0, started + (start + 480) / 24_000 - time.monotonic()))
                if start <= begins < start + 480:
                    at = time.monotonic() - (start + 480 - begins) / 24_000
                audio = base64.b64encode(sound[start : start + 480].tobytes()).decode()
                await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            return at

        speaking = asyncio.create_task(speak())
        while (event := json.loads(await socket.recv()))["type"] != "response.done":
            pass
        ended = time.monotonic()
        assert event["response"]["status"] == "cancelled"
        return (ended - await speaking) * 1000


async def listen_in_silence(url: str, seconds: float) -> list[float]:
    """Milliseconds that the engine takes to answer a question behind real-time silence, asked twice a second."""
    waits: list[float] = []
    append = json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(960)).decode()})
    async with connect(url, compression=None) as socket:
        started = time.monotonic()
        for number in range(int(seconds * 50)):
            await asyncio.sleep(max(0.0, started + number / 50 - time.monotonic()))
            await socket.send(append)
            if number % 25 == 24:
                asked = time.monotonic()
                await socket.send(json.dumps({"type": "conversation.item.retrieve", "item_id": "?"}))
                while json.loads(await socket.recv())["type"] != "error":
                    pass
                waits.append((time.monotonic() - asked) * 1000)
    return waits


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def many_listeners(seconds: float = 15.0) -> None:
    """Twenty connections that send silence, with the engine on one core."""
    async with engine("--no-transcription", before=("taskset", "-c", "0")) as (url, pid):
        async with connect(url) as socket:
            await socket.recv()
        await asyncio.sleep(2)
        before = cpu_seconds(pid)
        found = await asyncio.gather(*(listen_in_silence(url, seconds) for _ in range(20)))
        load = (cpu_seconds(pid) - before) / seconds
    print(row("20 silent listeners on one core: answer", [wait for waits in found for wait in waits]))
    print(f"\nThe engine used {load:.0%} of its core for them.\n")


def row(name: str, values: list[float]) -> str:
    """One line of the table: median, p95 (nearest rank) and n."""
    return f"| {name} | {statistics.median(values):.0f} | {percentile(values, 95):.0f} | {len(values)} |"


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--only", choices=["turns"], help="leave out all but the spoken turns and accuracy")
    options = parser.parse_args()
    turns = options.turns
    print(f"load average at the start: {os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores")
    if options.only is None:
        async with engine("--no-transcription") as (url, pid):
            async with connect(url) as socket:
                await socket.recv()
            await asyncio.sleep(2)
            print(f"memory without speech recognition, idle: {resident_mb(pid):.0f} MB")
    spoken: dict[str, list[tuple[Sample, dict[str, Any]]]] = {}
    cpu_ms: dict[str, float] = {}
    async with engine() as (url, pid):
        await asyncio.sleep(5)
        print(f"memory with speech recognition, loaded: {resident_mb(pid):.0f} MB")
        for language in ("ja", "en"):
            before = cpu_seconds(pid)
            spoken[language] = await converse(url, language, turns)
            cpu_ms[language] = (cpu_seconds(pid) - before) / turns * 1000
        before = cpu_seconds(pid)
        beside = await two_at_once(url, turns)
        cpu_ms["ja, two at once"] = (cpu_seconds(pid) - before) / len(beside) * 1000
        print(f"memory after {3 * turns} turns: {resident_mb(pid):.0f} MB")
    print(f"load average after the turns: {os.getloadavg()[0]:.1f}\n")
    broken_in = await broken_into(turns) if options.only is None else []
    print(f"| ms (turns: after the end of speech, of which {SILENCE_MS} ms of silence) | median | p95 | n |")
    print("|---|---|---|---|")
    measurements = {language: [measured for _, measured in found] for language, found in spoken.items()}
    for name, found in (*measurements.items(), ("ja, two at once", beside)):
        print(row(f"{name}: transcript", [measured["transcript_ms"] for measured in found]))
        print(row(f"{name}: first audio", [measured["audio_ms"] for measured in found]))
    if broken_in:
        print(row("breaking in: onset of speech to response cancelled", broken_in))
        await many_listeners()
    for name, used in cpu_ms.items():
        print(f"\n{name}: {used:.0f} ms of the engine's CPU a turn.")
    print_accuracy(spoken)


async def broken_into(times: int) -> list[float]:
    """Milliseconds of breaking in on an engine that answers in real time."""
    async with engine("--pace", "1") as (url, _):
        await asyncio.sleep(5)
        every = [sample for language in ("ja", "en") for sample in samples(language)]
        return [await break_in(url, sample) for sample in islice(cycle(every), times)]


def print_accuracy(spoken: dict[str, list[tuple[Sample, dict[str, Any]]]]) -> None:
    """What was heard of each sample, the first time that it was said."""
    print("\n| said | heard | error rate |\n|---|---|---|")
    for language, rate in (("ja", character_error_rate), ("en", word_error_rate)):
        once = spoken[language][: len(samples(language))]
        rates = [rate(sample.text, measured["heard"]) for sample, measured in once]
        for (sample, measured), value in zip(once, rates, strict=True):
            print(f"| {sample.text} | {measured['heard']} | {value:.1%} |")
        print(f"| **{language}, mean** | | **{statistics.mean(rates):.1%}** |")


if __name__ == "__main__":
    asyncio.run(main())
