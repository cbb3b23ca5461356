"""The player as a process: commands on standard input, messages on standard output, everything else on fd 2.

The end of standard input ends it, and so does Ctrl+c of the terminal that it does not have: its parent starts it in
a session of its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from audio.errors import AudioError
from audio.ports import Sink
from recordings.player.protocol import (
    Failed,
    Open,
    Opened,
    Pause,
    Play,
    PlayerCode,
    Said,
    Seek,
    decode_command,
)
from relay.line_process import claim_stdout, next_command, open_stdin, sayer

if TYPE_CHECKING:
    from recordings.player.playback import Playback

Say = Callable[[Said], None]
LOST_CHECK_S = 0.5

log = logging.getLogger(__name__)


def main() -> int:
    """Play until told to quit; 0, or 2 if the first command was not ``Open``."""
    return asyncio.run(_serve(claim_stdout()))


async def _serve(said_fd: int) -> int:
    reader = await open_stdin()
    with os.fdopen(said_fd, "wb", buffering=0) as out:
        say = sayer(out)
        first = await next_command(reader, decode_command)
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
        match await next_command(reader, decode_command):
            case Play(t=t, speed=speed):
                playback.play(t, max(0.1, min(speed, 16.0)))
            case Pause():
                playback.pause()
            case Seek(t=t):
                playback.seek(t)
            case Open():
                log.warning("A second recording was ignored")
            case None:
                return


async def _say_when_lost(sink: Sink, say: Say) -> None:
    """Say once that the sink has gone."""
    while sink.lost is None:  # noqa: ASYNC110 - a sink has no event for it
        await asyncio.sleep(LOST_CHECK_S)
    if isinstance(sink.lost, AudioError):
        say(_failed(sink.lost))


def _failed(error: AudioError) -> Failed:
    params = {name: str(value) for name, value in error.params.items()}
    return Failed(code=str(error.code), message=str(error), params=params)
