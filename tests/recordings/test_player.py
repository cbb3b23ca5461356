"""The player process, heard through a WAV file: the nearest to a loudspeaker that can be measured."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE
from audio.wav import HEADER_BYTES
from recordings.player.client import PlayerProcess
from recordings.player.mixed_tracks import MixedTracks
from recordings.player.playback import Playback
from recordings.player.protocol import Failed, Opened, Pause, Play, Seek
from recordings.player.stretch import Samples
from relay.recording.reader import RecordingReader
from relay.recording.recorder import Recorder


def tone(hz: float, seconds: float, amplitude: int = 8_000) -> bytes:
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.round(amplitude * np.sin(2 * np.pi * hz * t)).astype("<i2").tobytes()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """440 Hz of the salesperson for ten seconds, 1000 Hz of the customer from the second 5 on."""
    failures: list[OSError] = []
    recorder = Recorder(tmp_path / "run", 0.0, failures.append)
    recorder.user_audio(tone(440, 10.0), 10.0)
    recorder.customer_audio(tone(1_000, 5.0), 5.0)
    recorder.finish()
    assert not failures
    return tmp_path / "run"


def strongest(samples: Samples) -> list[int]:
    """The frequencies, in Hz, that are at least half as strong as the strongest."""
    power = np.abs(np.fft.rfft(samples.astype(float) * np.hanning(len(samples))))
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    high = [n for n in range(1, len(power) - 1) if power[n] >= max(power[n - 1], power[n + 1])]
    return sorted({round(hz[n] / 10) * 10 for n in high if power[n] > power.max() / 2})


def test_both_sides_are_heard_at_their_time(recording: Path) -> None:
    tracks = MixedTracks(RecordingReader(recording))
    assert tracks.seconds == 10.0
    assert strongest(tracks.read(SAMPLE_RATE)) == [440]
    tracks.seek(6.0)
    assert strongest(tracks.read(SAMPLE_RATE)) == [440, 1_000]
    tracks.seek(9.9)
    assert len(tracks.read(SAMPLE_RATE)) == SAMPLE_RATE // 10
    assert len(tracks.read(SAMPLE_RATE)) == 0
    tracks.seek(99.0)
    assert len(tracks.read(1)) == 0
    tracks.close()


async def test_playback_is_silent_until_told_and_after_a_pause(recording: Path) -> None:
    playback = Playback(MixedTracks(RecordingReader(recording)))
    assert playback.pull(100) == bytes(200)
    playback.play(1.0, 1.0)
    playback.fill()
    assert any(playback.pull(480))
    playback.pause()
    assert playback.pull(480) == bytes(960)
    playback.seek(9.95)
    assert playback.pull(480) == bytes(960), "a paused one stays silent when it is moved"
    playback.play(9.95, 1.0)
    playback.fill()
    assert len(playback.pull(4_800)) == 9_600
    assert playback.pull(480) == bytes(960), "after the end there is silence"


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the awaited state did not come"
        await asyncio.sleep(0.01)


def heard(path: Path) -> Samples:
    whole = path.read_bytes()[HEADER_BYTES:]
    return np.frombuffer(whole[: len(whole) // 2 * 2], dtype="<i2")


def loud(path: Path) -> Samples:
    """What was heard, without the silence around it."""
    samples = heard(path) if path.exists() else np.zeros(0, dtype="<i2")
    [places] = np.nonzero(samples)
    return samples[places[0] : places[-1]] if len(places) else samples[:0]


async def opened(player: PlayerProcess) -> list[object]:
    said: list[object] = []

    def something_was_said() -> bool:
        said.extend(player.drain())
        return bool(said)

    await until(something_was_said)
    return said


@pytest.mark.parametrize("speed", [0.5, 2.0])
async def test_what_the_process_plays_has_its_speed_and_its_pitch(
    recording: Path, tmp_path: Path, speed: float
) -> None:
    out = tmp_path / "heard.wav"
    player = await PlayerProcess.start(recording, f"wav:{out}", tmp_path / "player.log")
    try:
        assert await opened(player) == [Opened(name="heard.wav", seconds=10.0)]
        length = 0.8 * speed
        player.tell(Play(t=10.0 - length, speed=speed))
        # The end of the recording is the end of the sound, however busy this machine is.
        await until(lambda: len(loud(out)) and not heard(out)[-4_800:].any())
    finally:
        await player.stop()
    found = loud(out)
    assert strongest(found[4_800:-4_800]) == [440, 1_000]
    assert len(found) / SAMPLE_RATE == pytest.approx(0.8, abs=0.08)
    assert (tmp_path / "player.log").stat().st_mode & 0o077 == 0


async def test_seek_goes_elsewhere_and_pause_is_silent(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "heard.wav"
    player = await PlayerProcess.start(recording, f"wav:{out}", tmp_path / "player.log")
    try:
        await opened(player)
        player.tell(Play(t=1.0))
        await until(lambda: len(loud(out)) > 4_800)
        assert strongest(loud(out)[-4_800:]) == [440]
        player.tell(Seek(t=6.0))
        await until(lambda: strongest(loud(out)[-4_800:]) == [440, 1_000])
        player.tell(Pause())
        await until(lambda: not heard(out)[-4_800:].any())
    finally:
        await player.stop()


async def test_without_sound_it_says_so(recording: Path, tmp_path: Path) -> None:
    log = tmp_path / "player.log"
    for name in ("user", "customer", "received"):
        (recording / f"{name}.flac").write_bytes(b"not sound")
    for directory, sink, code in [
        (recording, "none", "no_tracks"),
        (tmp_path / "nowhere", "none", "no_tracks"),
    ]:
        player = await PlayerProcess.start(directory, sink, log)
        [said] = await opened(player)
        assert isinstance(said, Failed) and said.code == code
        await player.stop()
        assert player.drain() == []


async def test_a_sink_that_cannot_be_opened_is_told_with_its_code(recording: Path, tmp_path: Path) -> None:
    player = await PlayerProcess.start(recording, f"wav:{tmp_path}/none/a.wav", tmp_path / "player.log")
    [said] = await opened(player)
    assert isinstance(said, Failed)
    assert (said.code, said.params["path"]) == ("file_not_found", f"{tmp_path}/none")
    await player.stop()


async def test_a_player_that_was_killed_is_told(recording: Path, tmp_path: Path) -> None:
    player = await PlayerProcess.start(recording, "none", tmp_path / "player.log")
    await opened(player)
    os.kill(player.pid, signal.SIGKILL)
    [said] = await opened(player)
    assert isinstance(said, Failed) and said.code == "player_gone"
    player.tell(Play(t=0.0))
    await player.stop()


async def test_what_is_no_command_is_passed_over_and_the_end_of_input_ends_it(
    recording: Path, tmp_path: Path
) -> None:
    player = await PlayerProcess.start(recording, "none", tmp_path / "player.log")
    await opened(player)
    stdin = player._process.stdin
    assert stdin is not None
    stdin.write(b"\xff{]\n" + b"x" * 100_000 + b"\n" + b'{"command":"dance"}\n')
    player.tell(Play(t=0.0))
    stdin.close()
    assert await asyncio.wait_for(player._process.wait(), 20) == 0
    await player.stop()
