"""Files with tokens and transcripts, closed to the machine's other users."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

BOX_SECRET = "box.secret"  # noqa: S105 (a file's name)
"""What a demo box that is all on one machine calls its secret, in the data directory."""
_OTHERS = 0o077
_DATABASE_SUFFIXES = ("", "-wal", "-shm", "-journal")


def close_to_others(path: Path) -> None:
    """Take the permissions of group and others from ``path``, where it is there and ours to change."""
    with suppress(OSError):
        status = path.stat()
        if status.st_mode & _OTHERS and (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            path.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)


def open_private(path: str | Path, flags: int) -> int:
    """An opener for ``open()``: the file is created with, or changed to, 0600."""
    descriptor = os.open(path, flags, 0o600)
    with suppress(OSError):
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_mode & _OTHERS:
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~_OTHERS)
    return descriptor


def make_directory(directory: Path, database: Path | None) -> None:
    """Create ``directory`` with 0700. An existing one is closed if it contains only our files.

    A home or shared directory is left alone. Raises ``OSError``.
    """
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not directory.is_dir():
            raise
        if all(_is_ours(entry.name, database) for entry in directory.iterdir()):
            close_to_others(directory)


def _is_ours(name: str, database: Path | None) -> bool:
    return (
        name in ("workers", BOX_SECRET)
        or ".log" in name
        or (database is not None and name.startswith(database.name))
    )


def make_secret(path: Path) -> None:
    """Create ``path`` with 0600 and a fresh secret, unless it exists. Raises ``OSError``."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")


def protect_database(database: Path) -> None:
    """Make an SQLite file that nobody else can read, before SQLite makes one; close one that is there.

    What SQLite puts beside it later gets the same permissions. Raises ``OSError``.
    """
    for suffix in _DATABASE_SUFFIXES:
        close_to_others(database.with_name(database.name + suffix))
    if not database.exists():
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT, 0o600))
