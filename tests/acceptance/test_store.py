"""Kept results: whole, for their owner only, safe under concurrent runs, and never thrown away."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from acceptance.store import SCHEMA_VERSION, ResultsStore, StoreError, StoreErrorCode
from tests.acceptance.made_results import made_result


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "results.sqlite3"


def test_a_kept_run_comes_back_whole(path: Path) -> None:
    result = made_result(verdicts_by_id={"t3.killed": "fail"})
    with ResultsStore(path) as store:
        store.keep(result)
    with ResultsStore(path) as store:
        assert store.get(result.id) == result
        assert store.get("latest") == result
        assert store.get(result.id[:15]) == result
        (run,) = store.runs()
    assert (run.id, run.document, run.beyond, run.aborted) == (result.id, "pass", "fail", False)
    assert [(test.number, test.selected, test.verdict, test.beyond) for test in run.tests] == [
        (test.number, True, test.verdict, test.beyond) for test in result.tests
    ]


def test_runs_are_listed_newest_first_and_by_server(path: Path) -> None:
    with ResultsStore(path) as store:
        for number, server in enumerate(("http://a", "http://b", "http://a"), 1):
            store.keep(made_result(f"2026112{number}T000000Z-0000", server_url=server))
        assert [run.id[:8] for run in store.runs()] == ["20261123", "20261122", "20261121"]
        assert [run.id[:8] for run in store.runs(limit=1, server_url="http://a")] == ["20261123"]
        assert len(store.runs(server_url="http://a")) == 2


def test_the_run_before_is_the_same_servers_if_there_is_one(path: Path) -> None:
    runs = [
        made_result(f"2026112{number}T000000Z-0000", server_url=server, username=user)
        for number, (server, user) in enumerate(
            (("http://a", "x"), ("http://b", "x"), ("http://a", "y"), ("http://a", "x")), 1
        )
    ]
    with ResultsStore(path) as store:
        for run in runs:
            store.keep(run)
        assert store.before(runs[3]) == runs[0]
        assert store.before(runs[2]) == runs[1]  # nothing of that user: the newest
        assert store.before(runs[0]) is None


def test_an_operators_note_is_kept(path: Path) -> None:
    with ResultsStore(path) as store:
        store.keep(made_result())
        changed = store.note("latest", 2, "スピーカーの音が小さい")
        assert [test.note for test in changed.tests] == ["", "スピーカーの音が小さい", "", ""]
        assert store.get("latest") == changed
        store.keep(changed)  # the same run again replaces itself
        assert len(store.runs()) == 1


def test_pruning_forgets_the_oldest(path: Path) -> None:
    names = [f"2026112{number}T000000Z-0000" for number in range(1, 6)]
    with ResultsStore(path) as store:
        for name in names:
            store.keep(made_result(name))
        assert store.prune(2) == (names[2], names[1], names[0])
        assert [run.id for run in store.runs()] == [names[4], names[3]]
        assert store.prune(2) == ()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM tests").fetchone() == (8,)


def test_the_files_are_for_their_owner_only(path: Path) -> None:
    with ResultsStore(path) as store:
        store.keep(made_result())
        files = [path, *path.parent.glob("results.sqlite3-*")]
        assert len(files) == 3
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_unknown_and_ambiguous_ids_are_told_apart(path: Path) -> None:
    with ResultsStore(path) as store:
        with pytest.raises(StoreError) as nothing:
            store.get("latest")
        assert nothing.value.code is StoreErrorCode.UNKNOWN_RUN
        for name in ("20261121T000000Z-0000", "20261121T000000Z-00001"):
            store.keep(made_result(name))
        with pytest.raises(StoreError) as several:
            store.get("20261121")
        assert several.value.code is StoreErrorCode.AMBIGUOUS
        assert store.get("20261121T000000Z-0000").id == "20261121T000000Z-0000"  # whole id: not ambiguous
        with pytest.raises(StoreError):
            store.get("%")  # no wildcards


WRITER = """
import sys
from pathlib import Path
from acceptance import results
from acceptance.store import ResultsStore
import msgspec
result = results.decode(sys.stdin.read())
for number in range(5):
    with ResultsStore(Path(sys.argv[1])) as store:
        store.keep(msgspec.structs.replace(result, id=f"{sys.argv[2]}-{number}"))
"""


def test_concurrent_runs_all_keep_their_results(path: Path) -> None:
    """The first of them make the file at the same time."""
    from acceptance import results

    text = results.encode(made_result()).decode()
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), f"w{n}"], stdin=subprocess.PIPE, text=True)
        for n in range(4)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(text)
        writer.stdin.close()
    assert [writer.wait(30) for writer in writers] == [0] * 4
    with ResultsStore(path) as store:
        assert sorted(run.id for run in store.runs()) == [f"w{n}-{m}" for n in range(4) for m in range(5)]


@pytest.mark.parametrize(
    "content", [b"not a database at all, whatever the name says" * 100, b"SQLite format 3\0"]
)
def test_a_damaged_file_is_reported_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        ResultsStore(path)
    assert caught.value.code is StoreErrorCode.DAMAGED
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_damage_in_the_middle_costs_no_other_run(path: Path) -> None:
    with ResultsStore(path) as store:
        store.keep(made_result("a"))
        store.keep(made_result("b"))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE runs SET result = substr(result, 1, 100) WHERE id = 'a'")
    with ResultsStore(path) as store:
        with pytest.raises(StoreError) as caught:
            store.get("a")
        assert caught.value.code is StoreErrorCode.DAMAGED
        assert store.get("b").id == "b"
        assert len(store.runs()) == 2


def test_a_newer_file_is_not_touched(path: Path) -> None:
    ResultsStore(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreError) as caught:
        ResultsStore(path)
    assert caught.value.code is StoreErrorCode.NEWER


def test_a_write_that_fails_changes_nothing(path: Path) -> None:
    with ResultsStore(path) as store:
        store.keep(made_result("a"))
        with pytest.raises(StoreError):
            store.note("nobody", 1, "x")
        store.keep(made_result("b"))
        assert len(store.runs()) == 2


def test_another_programs_long_write_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acceptance.store.BUSY_TIMEOUT_S", 0.05)
    with ResultsStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            store.keep(made_result())
        assert caught.value.code is StoreErrorCode.BUSY
        other.execute("ROLLBACK")
        store.keep(made_result())


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a directory should be")
    with pytest.raises(StoreError) as caught:
        ResultsStore(tmp_path / "state" / "results.sqlite3")
    assert caught.value.code is StoreErrorCode.UNUSABLE


def _read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a read-only file system, also for root, whom no mode of a file stops."""

    def refuse(path: object, flags: int, *_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr("acceptance.store.os.open", refuse)


def test_results_that_cannot_be_written_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = made_result()
    with ResultsStore(path) as store:
        store.keep(result)
    _read_only(monkeypatch)
    with ResultsStore(path) as store:
        assert store.get("latest") == result
        assert [run.id for run in store.runs()] == [result.id]
        with pytest.raises(StoreError) as caught:
            store.keep(result)
        assert caught.value.code is StoreErrorCode.UNUSABLE
        with pytest.raises(StoreError):
            store.prune(0)


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, StoreErrorCode.UNUSABLE), (b"", StoreErrorCode.DAMAGED), (b"x" * 4096, StoreErrorCode.DAMAGED)],
)
def test_read_only_what_cannot_be_read_is_named(
    path: Path, content: bytes | None, code: StoreErrorCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    _read_only(monkeypatch)
    with pytest.raises(StoreError) as caught:
        ResultsStore(path)
    assert caught.value.code is code
