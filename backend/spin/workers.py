"""Which server processes are alive, according to the kernel.

Each process holds an exclusive lock on its own file in the data directory. The kernel releases it
however the process ends, ``kill -9`` included, so a lock that can be taken belongs to a process that is
gone - with no guessing about process ids that were used again. Processes on another host, whose lock files
are not here, are judged by their heartbeats alone.
"""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path
from typing import BinaryIO, Literal

if sys.platform != "win32":
    import fcntl

Liveness = Literal["alive", "dead", "unknown"]


class WorkerLock:
    """This process's lock. ``worker`` is its name in the leases it takes out."""

    def __init__(self, directory: Path) -> None:
        """Create and lock the file. Raises ``OSError`` when ``directory`` cannot be written."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.worker = uuid.uuid4().hex
        self._path = _lock_path(directory, self.worker)
        self._file = _create_locked(self._path)

    def release(self) -> None:
        """Release it: from now on this worker counts as dead."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def _lock_path(directory: Path, worker: str) -> Path:
    return directory / f"{worker}.lock"


def _create_locked(path: Path) -> BinaryIO:
    """Lock a new file and only then give it its name, so that nobody finds it unlocked."""
    draft = path.with_suffix(".new")
    file = draft.open("wb")
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    draft.rename(path)
    return file


def liveness(directory: Path, worker: str) -> Liveness:
    """Whether ``worker`` runs on this host: ``unknown`` when it has no lock file here."""
    if sys.platform == "win32":
        return "unknown"  # no flock there: heartbeats alone decide
    try:
        descriptor = os.open(_lock_path(directory, worker), os.O_RDWR)
    except OSError:
        return "unknown"
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return "alive"
    else:
        return "dead"
    finally:
        os.close(descriptor)


def dead_workers(directory: Path) -> list[str]:
    """The workers with lock files here that are no longer running."""
    return [path.stem for path in directory.glob("*.lock") if liveness(directory, path.stem) == "dead"]


def forget(directory: Path, workers: list[str]) -> None:
    """Remove the lock files of ``workers`` once their leases are gone."""
    for worker in workers:
        _lock_path(directory, worker).unlink(missing_ok=True)
