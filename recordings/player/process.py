"""The player as a process: commands on standard input, messages on standard output, everything else on fd 2.

The end of standard input ends it, and so does Ctrl+c of the terminal that it does not have: its parent starts it in
a session of its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from audio.errors import AudioError
from audio.ports import Sink
from recordings.player.protocol import (
    Command,
    Failed,
    Open,
    Opened,
    Pause,
    Play,
    PlayerCode,
    Quit,
    Said,
    Seek,
    decode_command,
    encode,
)

if TYPE_CHECKING:
    from recordings.player.playback import Playback

Say = Callable[[Said], None]
LOST_CHECK_S = 0.5
_COMMAND_LIMIT = 64 * 1024

log = logging.getLogger(__name__)


def main() -> int:
    """Play until told to quit; 0, or 2 if the first command was not ``Open``."""
    said_fd = os.dup(1)
    os.dup2(2, 1)  # what native libraries print is no line of ours
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return asyncio.run(_serve(said_fd))


async def _serve(said_fd: int) -> int:
    reader = asyncio.StreamReader(limit=_COMMAND_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    with os.fdopen(said_fd, "wb", buffering=0) as out:

        def say(said: Said) -> None:
            try:
                out.write(encode(said))
            except OSError:
                log.info("Nobody listens to what the player says")

        first = await _next_command(reader)
        if not isinstance(first, Open):
            return 0 if first is None else 2
        await _play(first, reader, say)
    return 0


async def _play(opening: Open, reader: asyncio.StreamReader, say: Say) -> None:
    from audio.open import make_sink
    from recordings.player.mixed_tracks import MixedTracks
    from recordings.player.playback import Playback
    from relay.recording.reader import NoRecording, RecordingReader

    try:
        tracks = MixedTracks(RecordingReader(Path(opening.directory)))
    except (NoRecording, OSError) as error:
        say(Failed(code=PlayerCode.NO_TRACKS, message=str(error)))
        return
    if not tracks.samples:
        say(Failed(code=PlayerCode.NO_TRACKS, message=f"no sound in {opening.directory}"))
        return
    playback = Playback(tracks)
    try:
        sink = make_sink(opening.sink)
        info = await sink.open(playback.pull)
    except AudioError as error:
        say(_failed(error))
        return
    say(Opened(name=info.name, seconds=tracks.seconds))
    try:
        async with asyncio.TaskGroup() as tasks:
            others = [
                tasks.create_task(playback.keep_filling()),
                tasks.create_task(_say_when_lost(sink, say)),
            ]
            await _obey(playback, reader)
            for task in others:
                task.cancel()
    except* Exception as group:
        log.exception("The recording cannot be played on")
        say(Failed(code=PlayerCode.TRACKS_UNREADABLE, message=str(group.exceptions[0])))
    finally:
        await sink.close()
        tracks.close()


async def _obey(playback: Playback, reader: asyncio.StreamReader) -> None:
    """Carry out commands until there are no more."""
    while True:
        match await _next_command(reader):
            case Play(t=t, speed=speed):
                playback.play(t, max(0.1, min(speed, 16.0)))
            case Pause():
                playback.pause()
            case Seek(t=t):
                playback.seek(t)
            case Open():
                log.warning("A second recording was ignored")
            case Quit() | None:
                return


async def _next_command(reader: asyncio.StreamReader) -> Command | None:
    """The next line that is a command; None at the end."""
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            log.warning("A command longer than %d bytes was ignored", _COMMAND_LIMIT)
            continue
        if not line:
            return None
        try:
            return decode_command(line)
        except msgspec.MsgspecError as error:
            log.warning("A line that is no command was ignored: %s", error)


async def _say_when_lost(sink: Sink, say: Say) -> None:
    """Say once that the sink has gone."""
    while sink.lost is None:  # noqa: ASYNC110 - a sink has no event for it
        await asyncio.sleep(LOST_CHECK_S)
    if isinstance(sink.lost, AudioError):
        say(_failed(sink.lost))


def _failed(error: AudioError) -> Failed:
    params = {name: str(value) for name, value in error.params.items()}
    return Failed(code=str(error.code), message=str(error), params=params)
