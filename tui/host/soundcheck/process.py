"""The soundcheck as a process: commands on standard input, messages on standard output, everything else on fd 2.

The end of standard input ends it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from audio import portaudio
from audio.devices import query
from audio.errors import AudioError
from relay.line_process import claim_stdout, next_command, open_stdin, sayer
from tui.host.soundcheck.inputs import CHUNK_MS, Inputs
from tui.host.soundcheck.protocol import (
    Command,
    Failed,
    ListDevices,
    Listed,
    Listen,
    PlayTone,
    RecordAndPlay,
    Said,
    decode_command,
)
from tui.host.soundcheck.trial import play_tone, record_and_play

_CLOSE_LIMIT_S = 3.0

log = logging.getLogger(__name__)


def main() -> int:
    """Obey until there are no more commands."""
    asyncio.run(_serve(claim_stdout()))
    os._exit(0)  # a library that hangs at its clean-up has nothing more to say


async def _serve(said_fd: int) -> None:
    reader = await open_stdin()
    with os.fdopen(said_fd, "wb", buffering=0) as out:
        check = Soundcheck(sayer(out))
        reporting = asyncio.create_task(check.keep_reporting())
        while (command := await next_command(reader, decode_command)) is not None:
            await check.obey(command)
        reporting.cancel()
        try:
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await check.close()
        except TimeoutError:
            log.warning("A device was not released in time")


class Soundcheck:
    """Carries out commands one after the other; a trial runs beside them."""

    def __init__(self, say: Callable[[Said], None]) -> None:
        self._say = say
        self._inputs = Inputs(say)
        self._trial: asyncio.Task[None] | None = None

    async def obey(self, command: Command) -> None:
        """Carry out one command."""
        match command:
            case ListDevices():
                await self._list()
            case Listen(inputs=inputs):
                await self._inputs.listen(inputs)
            case RecordAndPlay():
                await self._try(record_and_play(command, self._inputs, self._say))
            case PlayTone():
                await self._try(play_tone(command, self._say))

    async def keep_reporting(self) -> None:
        """Say the levels, until cancelled."""
        while True:
            await asyncio.sleep(CHUNK_MS / 1000)
            self._inputs.report()

    async def close(self) -> None:
        """Release every device."""
        await self._end_trial()
        await self._inputs.listen(())

    async def _list(self) -> None:
        await self.close()  # PortAudio looks for devices again only while no stream is open
        try:
            devices = await portaudio.run(lambda: query(portaudio.load(refresh=True)))
        except AudioError as error:
            self._say(Failed(device=None, direction="input", code=str(error.code), params=error.params))
        else:
            self._say(Listed(devices=tuple(devices)))

    async def _try(self, trial: Coroutine[Any, Any, None]) -> None:
        await self._end_trial()
        self._trial = asyncio.create_task(trial, name="trial")

    async def _end_trial(self) -> None:
        trial, self._trial = self._trial, None
        if trial is not None:
            trial.cancel()
            await asyncio.wait([trial])
