"""The player as the console sees it: start it, command it, read its messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path

import msgspec

from recordings.player.protocol import Command, Failed, Open, PlayerCode, Quit, Said, decode_said, encode
from relay.siblings import PACKAGES, check_packages, child_path

QUITS_WITHIN_S = 2.0

log = logging.getLogger(__name__)


class PlayerProcess:
    """A running ``python -m recordings.player``. Make one with ``await PlayerProcess.start(...)``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said: list[Said] = []
        self._explained = False
        """Its end is no surprise: it was asked to, or has said why."""
        self._reader = asyncio.create_task(self._read(), name="player")

    @classmethod
    async def start(cls, directory: Path, sink: str, log_path: Path) -> PlayerProcess:
        """Start the child with the recording in ``directory``. Raises ``OSError``."""
        check_packages(child_path(), (*PACKAGES, "recordings"))
        log_fd = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "recordings.player",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log_fd,
                start_new_session=True,
            )
        finally:
            os.close(log_fd)
        player = cls(process)
        player.tell(Open(directory=str(directory), sink=sink))
        return player

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def tell(self, command: Command) -> None:
        """Send one command. A dead player reports itself (``Failed``)."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.is_closing():
            with contextlib.suppress(ConnectionError):
                stdin.write(encode(command))

    def drain(self) -> list[Said]:
        """Its messages since the last call."""
        said, self._said = self._said, []
        return said

    async def stop(self) -> None:
        """Stop it: silent at once, gone within ``QUITS_WITHIN_S``."""
        self._explained = True
        self.tell(Quit())
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(QUITS_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            try:
                said = decode_said(line)
            except msgspec.MsgspecError:
                log.warning("The player said something that cannot be read (%d bytes)", len(line))
                continue
            self._explained = self._explained or isinstance(said, Failed)
            self._said.append(said)
        code = await self._process.wait()
        if not self._explained:
            self._said.append(Failed(code=PlayerCode.PLAYER_GONE, message=f"The player ended ({code})"))
