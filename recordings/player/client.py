"""The player as the console sees it: start it, command it, read its messages."""

from __future__ import annotations

from pathlib import Path

from recordings.player.protocol import Command, Failed, Open, PlayerCode, Said, decode_said
from relay.line_process import LineProcess


class PlayerProcess(LineProcess[Command, Said]):
    """A running ``python -m recordings.player``. Make one with ``await PlayerProcess.start(...)``."""

    MODULE = "recordings.player"
    QUITS_WITHIN_S = 2.0

    @classmethod
    async def start(cls, directory: Path, sink: str, log_path: Path) -> PlayerProcess:
        """Start the child with the recording in ``directory``. Raises ``OSError``."""
        player = await cls.spawn(log_path)
        player.tell(Open(directory=str(directory), sink=sink))
        return player

    def decode(self, line: bytes) -> Said:
        return decode_said(line)

    def take(self, said: Said) -> None:
        """A failure explains the end that follows."""
        self._explained = self._explained or isinstance(said, Failed)
        super().take(said)

    def gone(self, code: int) -> Said:
        return Failed(code=PlayerCode.PLAYER_GONE, message=f"The player ended ({code})")
