"""A microphone and a loudspeaker lent over TCP."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest

from audio.errors import AudioError, AudioErrorCode
from audio.pcm import peak_dbfs
from audio.sharing import CHUNK_BYTES, share_loudspeaker, share_microphone


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def never(error: AudioError) -> None:
    raise AssertionError(error)


async def test_every_connection_gets_fresh_sound_and_a_level_is_told() -> None:
    levels: list[float] = []
    async with await share_microphone(0, "tone:440", levels.append, never) as server:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
            async with asyncio.timeout(5):
                pcm = await reader.readexactly(5 * CHUNK_BYTES)
            assert peak_dbfs(pcm) == pytest.approx(-20, abs=3.5)
            writer.close()
    assert max(levels) == pytest.approx(-20, abs=3.5)


async def test_a_source_that_ends_hangs_up(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(b"\1\1" * 2_400)
    async with await share_microphone(0, f"wav:{path}", lambda peak: None, never) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        async with asyncio.timeout(5):
            pcm = await reader.read(-1)
        assert pcm[:4_800] == b"\1\1" * 2_400
        writer.close()


async def test_a_device_that_is_not_there_is_said(tmp_path: Path) -> None:
    problems: asyncio.Queue[AudioError] = asyncio.Queue()
    missing = f"wav:{tmp_path / 'none.wav'}"
    async with await share_microphone(0, missing, lambda peak: None, problems.put_nowait) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        async with asyncio.timeout(5):
            assert await reader.read(-1) == b""
            assert (await problems.get()).code is AudioErrorCode.FILE_NOT_FOUND
        writer.close()


async def test_a_mistake_in_the_name_is_said_at_once() -> None:
    with pytest.raises(AudioError, match="microphone"):
        await share_microphone(0, "microphone", lambda peak: None, never)
    with pytest.raises(AudioError, match="loud"):
        await share_loudspeaker(0, "loud", never)


async def test_what_is_sent_is_played(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    async with await share_loudspeaker(0, f"wav:{path}", never) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        for _ in range(10):
            writer.write(b"\5\5" * 960)
            await asyncio.sleep(0.04)
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(5):
            while not path.exists() or b"\5\5" * 960 not in path.read_bytes():  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.02)
