"""The soundcheck as the console sees it: start it, command it, read its messages."""

from __future__ import annotations

from pathlib import Path

from relay.line_process import LineProcess
from tui.host.soundcheck.protocol import Command, Failed, Levels, Said, SoundcheckCode, decode_said


class SoundcheckProcess(LineProcess[Command, Said]):
    """A running ``python -m tui.host.soundcheck``. Make one with ``await SoundcheckProcess.start(...)``."""

    MODULE = "tui.host.soundcheck"
    QUITS_WITHIN_S = 4.0

    @classmethod
    async def start(cls, log_path: Path) -> SoundcheckProcess:
        """Start the child. Raises ``OSError``."""
        return await cls.spawn(log_path)

    def decode(self, line: bytes) -> Said:
        return decode_said(line)

    def take(self, said: Said) -> None:
        """Several ``Levels`` in a row are one, with the newest of each."""
        last = self._said[-1] if self._said else None
        if isinstance(said, Levels) and isinstance(last, Levels):
            self._said[-1] = Levels(levels=last.levels | said.levels)
        else:
            super().take(said)

    def gone(self, code: int) -> Said:
        return Failed(device=None, direction="input", code=SoundcheckCode.SOUNDCHECK_GONE)
