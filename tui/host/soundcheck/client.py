"""The soundcheck as the console sees it: start it, command it, read its messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path

import msgspec

from relay.siblings import PACKAGES, check_packages, child_path
from tui.host.soundcheck.protocol import (
    Command,
    Failed,
    Levels,
    Quit,
    Said,
    SoundcheckCode,
    decode_said,
    encode,
)

QUITS_WITHIN_S = 4.0

log = logging.getLogger(__name__)


class SoundcheckProcess:
    """A running ``python -m tui.host.soundcheck``. Make one with ``await SoundcheckProcess.start(...)``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said: list[Said] = []
        self._leaving = False
        self._reader = asyncio.create_task(self._read(), name="soundcheck")

    @classmethod
    async def start(cls, log_path: Path) -> SoundcheckProcess:
        """Start the child. Raises ``OSError``."""
        check_packages(child_path(), (*PACKAGES, "tui"))
        log_fd = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "tui.host.soundcheck",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log_fd,
                start_new_session=True,
            )
        finally:
            os.close(log_fd)
        return cls(process)

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def tell(self, command: Command) -> None:
        """Send one command. A dead child reports itself (``Failed``)."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.is_closing():
            with contextlib.suppress(ConnectionError):
                stdin.write(encode(command))

    def drain(self) -> list[Said]:
        """Its messages since the last call; several ``Levels`` in a row are one, with the newest of each."""
        said, self._said = self._said, []
        return said

    async def stop(self) -> None:
        """End it; it is gone within ``QUITS_WITHIN_S``."""
        self._leaving = True
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
                log.warning("The soundcheck said something that cannot be read (%d bytes)", len(line))
                continue
            last = self._said[-1] if self._said else None
            if isinstance(said, Levels) and isinstance(last, Levels):
                self._said[-1] = Levels(levels=last.levels | said.levels)
            else:
                self._said.append(said)
        await self._process.wait()
        if not self._leaving:
            self._said.append(Failed(device=None, direction="input", code=SoundcheckCode.SOUNDCHECK_GONE))
