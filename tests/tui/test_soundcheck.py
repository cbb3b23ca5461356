"""The soundcheck without a sound card: which inputs are held, what is said of those that fail, and its process."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audio.errors import AudioError, AudioErrorCode
from audio.pcm import level
from audio.ports import Chunk, StreamInfo
from tui.host.soundcheck import inputs, trial
from tui.host.soundcheck.client import SoundcheckProcess
from tui.host.soundcheck.inputs import Inputs
from tui.host.soundcheck.process import Soundcheck
from tui.host.soundcheck.protocol import (
    Failed,
    Levels,
    ListDevices,
    Opened,
    PlayTone,
    RecordAndPlay,
    Said,
    SoundcheckCode,
    Trial,
)

CHUNK = b"\x00\x20\x00\xe0" * 1_200
"""100 ms at -12 dBFS."""


class FakeInput:
    """A microphone that delivers as fast as it is read, or fails."""

    open_now: set[str] = set()  # noqa: RUF012 - reset by the fixture

    def __init__(self, device: str, failure: AudioErrorCode | None) -> None:
        self.device = device
        self.failure = failure
        self.dropped_chunks = 0

    async def open(self) -> StreamInfo:
        if self.failure is not None:
            raise AudioError(self.failure, device=self.device)
        self.open_now.add(self.device)
        return StreamInfo(self.device, 48_000)

    async def read(self) -> Chunk:
        await asyncio.sleep(0.001)
        return Chunk(CHUNK, time.monotonic())

    async def close(self) -> None:
        self.open_now.discard(self.device)


class FakeOutput:
    """A loudspeaker that takes everything at once."""

    lost: Exception | None = None
    played = b""

    async def open(self, pull: Callable[[int], bytes]) -> StreamInfo:
        FakeOutput.played = b"".join(pull(4_800) for _ in range(20))
        return StreamInfo("Speaker", 48_000)

    async def close(self) -> None:
        pass


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> dict[str, AudioErrorCode]:
    """How each input fails; those that are not in it work."""
    failures: dict[str, AudioErrorCode] = {}
    FakeInput.open_now = set()

    def make(spec: str, *, chunk_bytes: int) -> FakeInput:
        assert chunk_bytes == len(CHUNK)
        device = spec.removeprefix("mic:")
        return FakeInput(device, failures.get(device))

    monkeypatch.setattr(inputs, "make_source", make)
    monkeypatch.setattr(trial, "make_sink", lambda _spec: FakeOutput())
    return failures


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


async def test_every_input_has_its_level_and_only_those_wanted_are_held(card: Any) -> None:
    said: list[Said] = []
    all_inputs = Inputs(said.append)
    await all_inputs.listen(("0", "1"))
    await until(lambda: FakeInput.open_now == {"0", "1"})

    def reported() -> bool:
        all_inputs.report()
        return isinstance(said[-1], Levels)

    await until(reported)
    assert {one.device for one in said if isinstance(one, Opened)} == {"0", "1"}
    levels: dict[str, tuple[float, float]] = {}
    for one in said:
        levels |= one.levels if isinstance(one, Levels) else {}
    assert levels["0"] == (level(CHUNK).rms_dbfs, level(CHUNK).peak_dbfs)
    await all_inputs.listen(("1",))
    assert FakeInput.open_now == {"1"}
    await all_inputs.listen(())
    assert FakeInput.open_now == set()


async def test_busy_beside_others_is_not_blamed_on_another_program(card: dict[str, AudioErrorCode]) -> None:
    card["1"] = AudioErrorCode.DEVICE_BUSY
    said: list[Said] = []
    all_inputs = Inputs(said.append)
    await all_inputs.listen(("0",))
    await until(lambda: FakeInput.open_now == {"0"})
    await all_inputs.listen(("0", "1"))
    await until(lambda: any(isinstance(one, Failed) for one in said))
    assert said[-1] == Failed(
        device="1", direction="input", code=SoundcheckCode.HELD_HERE, params={"device": "1"}
    )
    await all_inputs.listen(("1",))
    await until(lambda: isinstance(said[-1], Failed) and said[-1].code == "device_busy")
    await all_inputs.listen(())


async def test_what_was_recorded_is_what_is_played(card: Any) -> None:
    said: list[Said] = []
    check = Soundcheck(said.append)
    await check.obey(RecordAndPlay(input="0", output="5", seconds=0.5))
    await until(lambda: any(isinstance(one, Trial) and one.stage == "done" for one in said))
    trials = [one for one in said if isinstance(one, Trial)]
    assert [one.stage for one in trials] == ["recording", "playing", "done"]
    assert trials[-1].peak_dbfs == level(CHUNK).peak_dbfs
    assert FakeOutput.played.rstrip(b"\0") == (CHUNK * 5).rstrip(b"\0")
    await check.obey(PlayTone(output="5"))
    await until(lambda: said[-1] == Trial(stage="done", output="5", seconds=1.5))
    assert level(FakeOutput.played).peak_dbfs == pytest.approx(-20, abs=0.1)
    await check.close()
    assert FakeInput.open_now == set()


async def test_an_input_that_fails_ends_the_trial_with_its_reason(card: dict[str, AudioErrorCode]) -> None:
    card["0"] = AudioErrorCode.PERMISSION_DENIED
    said: list[Said] = []
    check = Soundcheck(said.append)
    await check.obey(RecordAndPlay(input="0", output="5"))
    await until(lambda: said)
    await check.close()
    assert said == [Failed(device="0", direction="input", code="permission_denied", params={"device": "0"})]


def test_the_tone_begins_and_ends_softly() -> None:
    pcm = trial.tone(0.5)
    assert len(pcm) == 24_000
    assert level(pcm[:48]).peak_dbfs < -60
    assert level(pcm[-48:]).peak_dbfs < -60


async def first_words(process: SoundcheckProcess) -> list[Said]:
    said: list[Said] = []
    while not said:
        said += process.drain()
        await asyncio.sleep(0.01)
    return said


async def test_without_portaudio_the_process_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")\n')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = await SoundcheckProcess.start(tmp_path / "soundcheck.log")
    try:
        process.tell(ListDevices())
        [failed] = await first_words(process)
        assert isinstance(failed, Failed)
        assert failed.code == "library_missing"
        assert "portaudio" in failed.params["command"]
    finally:
        await process.stop()


async def test_a_process_that_dies_is_reported(tmp_path: Path) -> None:
    process = await SoundcheckProcess.start(tmp_path / "soundcheck.log")
    os.kill(process.pid, signal.SIGKILL)
    [failed] = await first_words(process)
    assert isinstance(failed, Failed)
    assert failed.code == SoundcheckCode.SOUNDCHECK_GONE
    await process.stop()
