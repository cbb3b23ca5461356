"""The log file: in the state directory, for its owner only, with nothing secret in it."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tui.host.memory import private_directory

LOG_BYTES = 1_000_000


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # Not before it is wanted: its patterns take 10 ms to compile.
        from acceptance.redaction import redact
        from api_client.harmless import harmless_text

        # A line break in what somebody else wrote must not look like an entry of its own.
        return harmless_text(redact(super().format(record))).replace("\n", "\n    ")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _PrivateFile(RotatingFileHandler):
    """Makes its files readable by their owner only."""

    def _open(self):  # type: ignore[no-untyped-def]  # the stub has a TextIOWrapper, open() gives a TextIO
        return open(self.baseFilename, self.mode, encoding="utf-8", opener=_private)


def open_journal(state_directory: Path) -> Path:
    """Log to ``console.log`` in ``state_directory``; returns its path. Raises ``OSError``."""
    path = private_directory(state_directory) / "console.log"
    handler = _PrivateFile(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8", delay=True)
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.raiseExceptions = False  # a full disk must not write over the screen
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for chatty in ("httpx", "httpcore", "websockets", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return path
