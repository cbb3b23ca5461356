"""What the machine's other users may read: nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from backend.private_files import make_directory, open_private, protect_database


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory as an earlier version left it."""
    directory = tmp_path / "data"
    (directory / "workers").mkdir(parents=True)
    for name in (
        "salesmind.sqlite3",
        "salesmind.sqlite3-wal",
        "salesmind.sqlite3-shm",
        "server.log",
        "server.log.1",
    ):
        (directory / name).touch(0o644)
    directory.chmod(0o755)
    return directory


def test_a_new_directory(tmp_path: Path) -> None:
    make_directory(tmp_path / "deep" / "data", None)
    assert mode(tmp_path / "deep" / "data") == 0o700


def test_one_that_holds_nothing_but_ours_is_closed(data: Path) -> None:
    make_directory(data, data / "salesmind.sqlite3")
    assert mode(data) == 0o700


def test_one_that_holds_somebody_elses_files_is_left_as_it_is(data: Path) -> None:
    (data / "letter.txt").touch()
    make_directory(data, data / "salesmind.sqlite3")
    assert mode(data) == 0o755


def test_a_file_where_the_directory_belongs(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(FileExistsError):
        make_directory(tmp_path / "data", None)


def test_a_database_that_is_there_is_closed_with_what_lies_beside_it(data: Path) -> None:
    protect_database(data / "salesmind.sqlite3")
    assert {mode(path) for path in data.glob("salesmind*")} == {0o600}


def test_a_database_that_may_only_be_read_stays_so(data: Path) -> None:
    (data / "salesmind.sqlite3").chmod(0o444)
    protect_database(data / "salesmind.sqlite3")
    assert mode(data / "salesmind.sqlite3") == 0o400


def test_a_database_that_is_not_there_is_made_private(tmp_path: Path) -> None:
    protect_database(tmp_path / "new.sqlite3")
    assert mode(tmp_path / "new.sqlite3") == 0o600


def test_a_file_that_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for text in ("new", "there already"):
        with open(path, "a", opener=open_private) as file:
            file.write(text)
        assert mode(path) == 0o600
        path.chmod(0o644)
