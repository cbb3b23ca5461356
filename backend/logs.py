"""Logging that leaks no secrets and never waits for a disk or a terminal.

Records are handed to a thread through a bounded queue: a reader that stopped reading our stderr must not
stop the audio. Whatever a library logs, query tokens and authorization values are cut out last of all.
"""

from __future__ import annotations

import io
import logging
import queue
import re
import threading
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import cast

from backend import private_files

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
QUEUED_RECORDS = 10_000
GATHERING_S = 0.05
"""From a record to its line in the log, at most, plus the writing."""
LARGEST_FILE_BYTES = 20 * 1024 * 1024
OLD_FILES = 4
"""``NAME.1`` to ``NAME.4`` are kept beside the log: 100 MiB in all."""

_SECRET = re.compile(
    r"((?:[?&]|\b)token=)[^&\s\"'<>]+"
    r"|(\b(?:Token|Bearer|Box)\s+)[A-Za-z0-9._\-]{16,}"
    r"|(\bsk-)[A-Za-z0-9_\-]{8,}",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """``text`` without query tokens, authorization values and API keys."""
    return _SECRET.sub(lambda match: (match[1] or match[2] or match[3] or "") + "***", text)


class RedactingFormatter(logging.Formatter):
    """Another formatter's text, including tracebacks, with secrets removed."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        return redact(self._inner.format(record))


class DroppingQueueHandler(QueueHandler):
    """Hands records over as they are; when the queue is full, drops them, and says how many once there is room."""

    dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Formatting is left to the thread: the queue leads to no other process, so nothing has to be pickled."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never blocks."""
        try:
            if self.dropped:
                self.queue.put_nowait(_lost(self.dropped))
                self.dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1


def _lost(count: int) -> logging.LogRecord:
    words = "%d log records were dropped: the log is written too slowly"
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, words, (count,), None)


class BoundedFile(RotatingFileHandler):
    """A log private to its owner that never outgrows its limit, even if it cannot be rotated."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises ``OSError``."""
        super().__init__(path, maxBytes=LARGEST_FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8")

    def _open(self) -> io.TextIOWrapper:
        # As FileHandler does it, but private: lines name accounts and sessions.
        file = open(self.baseFilename, self.mode, encoding=self.encoding, opener=private_files.open_private)  # noqa: SIM115
        return cast(io.TextIOWrapper, file)

    def doRollover(self) -> None:  # noqa: N802 (logging's own name)
        """Start a new file, or truncate this one if that fails."""
        try:
            super().doRollover()
        except OSError:
            self.stream = self._open()
            self.stream.truncate(0)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk loses log lines, and nothing else; a traceback for each would go to the terminal."""


class GatheringListener(QueueListener):
    """Writes what has gathered within ``GATHERING_S``: each time the thread wakes, the event loop waits for it.

    Woken for every record, it took a fifth of the CPU of a server with 150 conversations.
    """

    def __init__(self, records: queue.Queue[logging.LogRecord], target: logging.Handler) -> None:
        super().__init__(records, target)
        self._records = records
        self._stopping = threading.Event()

    def dequeue(self, block: bool) -> logging.LogRecord:
        """The next record, or the sentinel."""
        try:
            record: logging.LogRecord = self._records.get_nowait()
        except queue.Empty:
            record = self._records.get(block)
            self._stopping.wait(GATHERING_S)
        return record

    def stop(self) -> None:
        """Write what is left, and end the thread."""
        self._stopping.set()
        super().stop()


def start(path: Path | None, level: int = logging.INFO) -> QueueListener:
    """Log to ``path`` (its directory is made), or to stderr, until ``stop()`` of the result. Raises ``OSError``."""
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target: logging.Handler = logging.StreamHandler() if path is None else BoundedFile(path)
    target.setFormatter(RedactingFormatter(logging.Formatter(FORMAT)))
    records: queue.Queue[logging.LogRecord] = queue.Queue(QUEUED_RECORDS)
    listener = GatheringListener(records, target)
    root = logging.getLogger()
    root.handlers[:] = [DroppingQueueHandler(records)]
    root.setLevel(level)
    quiet_libraries()
    listener.start()
    return listener


_LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) ([\w.]+): (.*)", re.DOTALL)


def pass_on(line: str) -> None:
    """Log a line of the engine's own log as what it was there; any other line of its stderr as information."""
    if parts := _LINE.fullmatch(line):
        logging.getLogger(parts[2]).log(logging.getLevelNamesMapping()[parts[1]], "%s", parts[3])
    else:
        logging.getLogger("backend.engine").info("%s", line)


def _says_something(record: logging.LogRecord) -> bool:
    """False for the line of a kiosk's report, which comes every second, unless it failed."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    report = len(arguments) == 5 and str(arguments[2]).startswith("/api/box/visitors/")
    return not (report and arguments[1] == "POST" and arguments[4] == 200)


def quiet_libraries() -> None:
    """Silence noisy and duplicate loggers."""
    logging.getLogger("websockets").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").addFilter(_says_something)
    # A refused request is the client's affair, and 404s are in the access log.
    logging.getLogger("django.request").setLevel(logging.ERROR)


def protect_handlers() -> None:
    """Add redaction to handlers set up by others, such as Daphne or uvicorn's own command."""
    named = [
        logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)
    ]
    for handler in {handler for logger in (logging.root, *named) for handler in logger.handlers}:
        if not isinstance(handler, QueueHandler) and not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(handler.formatter or logging.Formatter(FORMAT)))
