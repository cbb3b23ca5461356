"""The results store: one SQLite file in the state directory.

Every run is stored whole, as JSON, beside the columns that a list needs. Several programs may use the file at
once. An unusable file is reported and left alone: nothing is ever repaired by discarding it.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import TracebackType

import msgspec

from acceptance import results
from acceptance.results import RunResult, Verdict

FILE_NAME = "results.sqlite3"
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 10.0
"""How long one program waits for another's write."""

_SCHEMA = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    server_url TEXT NOT NULL,
    console_version TEXT NOT NULL,
    username TEXT NOT NULL,
    document TEXT NOT NULL,
    beyond TEXT NOT NULL,
    minimum TEXT NOT NULL,
    ideal TEXT NOT NULL,
    aborted INTEGER NOT NULL,
    result TEXT NOT NULL
);
CREATE TABLE tests (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    selected INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    beyond TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
);
"""
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_COLUMNS = (
    "id, started_at, finished_at, server_url, console_version, username, "
    "document, beyond, minimum, ideal, aborted"
)

_SCENARIOS = (
    "CASE WHEN json_valid(result) THEN coalesce(json_array_length(result, '$.scenarios.scenarios'), 0)"
    " ELSE 0 END"
)
"""Number of scenarios. A damaged result must not cost the others."""


class StoreErrorCode(StrEnum):
    """What can be wrong with the store."""

    DAMAGED = "results_damaged"
    NEWER = "results_newer"
    UNUSABLE = "results_unusable"
    BUSY = "results_busy"
    UNKNOWN_RUN = "results_unknown_run"
    AMBIGUOUS = "results_ambiguous"


_SENTENCES = {
    StoreErrorCode.DAMAGED: "The results in {path} are damaged ({reason}). Nothing was changed: "
    "move the file away to start a new one, or restore it from a backup.",
    StoreErrorCode.NEWER: "The results in {path} come from a newer version of this program. Update it to read them.",
    StoreErrorCode.UNUSABLE: "The results in {path} cannot be opened: {reason}.",
    StoreErrorCode.BUSY: "Another program is writing to {path}. Try again.",
    StoreErrorCode.UNKNOWN_RUN: "There is no saved run {run}. See the list for ids.",
    StoreErrorCode.AMBIGUOUS: "Several runs start with {run}. Give more of the id.",
}


class StoreError(Exception):
    """The store cannot do what was asked. ``code`` and ``params`` are stable; the text says what to do."""

    def __init__(self, code: StoreErrorCode, **params: str) -> None:
        super().__init__(_SENTENCES[code].format_map(params))
        self.code = code
        self.params = params


class TestVerdicts(msgspec.Struct, frozen=True):
    """The verdicts of one test in a list."""

    __test__ = False

    number: int
    selected: bool
    verdict: Verdict
    beyond: Verdict


class StoredRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as a list shows it."""

    id: str
    started_at: str
    finished_at: str
    server_url: str
    console_version: str
    username: str
    document: Verdict
    beyond: Verdict
    minimum: Verdict
    ideal: Verdict
    aborted: bool
    tests: tuple[TestVerdicts, ...]
    scenarios: int = 0
    """How many scenarios were run; 0: it is a run of the procedure."""


class ResultsStore:
    """The results in ``path``, created for its owner only if missing. A context that closes it.

    Every method raises ``StoreError``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its -wal and -shm files the mode of the file itself.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
        except OSError as error:
            if error.errno not in _READ_ONLY or not path.is_file():
                raise self._error(StoreErrorCode.UNUSABLE, error.strerror) from None
            with self._reported():
                self._database = self._open_to_read()
            return
        with self._reported():
            self._database = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            with self._reported():
                self._prepare()
        except StoreError:
            self._database.close()
            raise

    def _open_to_read(self) -> sqlite3.Connection:
        """An archive, or a mounted artefact: it is read as it is, and writing to it fails."""
        failure: sqlite3.Error | None = None
        # Without its -shm file, which cannot be made here, WAL can only be read as something that nobody changes.
        for mode in ("mode=ro", "mode=ro&immutable=1"):
            try:
                database = sqlite3.connect(
                    f"{self.path.resolve().as_uri()}?{mode}",
                    uri=True,
                    timeout=BUSY_TIMEOUT_S,
                    isolation_level=None,
                )
                version = int(database.execute("PRAGMA user_version").fetchone()[0])
            except sqlite3.OperationalError as error:
                failure = error
                continue
            if version == SCHEMA_VERSION:
                return database
            database.close()
            code = StoreErrorCode.NEWER if version > SCHEMA_VERSION else StoreErrorCode.DAMAGED
            raise self._error(code, "no results in it")
        raise self._error(StoreErrorCode.UNUSABLE, str(failure))

    def __enter__(self) -> ResultsStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._database.close()

    # --- writing -------------------------------------------------------------------------------

    def keep(self, result: RunResult) -> None:
        """Save ``result``, replacing one with the same id (an operator's note was added)."""
        run = (
            result.id, result.started_at, result.finished_at, result.server_url, result.console_version,
            result.username, result.document, result.beyond, result.minimum, result.ideal, result.aborted,
            results.encode(result).decode(),
        )  # fmt: skip
        tests = [
            (result.id, test.number, test.number in result.selected, test.verdict, test.beyond)
            for test in result.tests
        ]
        with self._writing():
            self._database.execute("DELETE FROM runs WHERE id = ?", (result.id,))
            places = ", ".join("?" * len(run))
            self._database.execute(f"INSERT INTO runs ({_COLUMNS}, result) VALUES ({places})", run)  # noqa: S608
            self._database.executemany("INSERT INTO tests VALUES (?, ?, ?, ?, ?)", tests)

    def note(self, run_id: str, test: int, note: str) -> RunResult:
        """Set the operator's note (備考) of one test; gives the changed result."""
        with self._writing():
            result = self._get(run_id)
            changed = msgspec.structs.replace(
                result,
                tests=tuple(
                    msgspec.structs.replace(entry, note=note) if entry.number == test else entry
                    for entry in result.tests
                ),
            )
            text = results.encode(changed).decode()
            self._database.execute("UPDATE runs SET result = ? WHERE id = ?", (text, result.id))
        return changed

    def prune(self, keep: int) -> tuple[str, ...]:
        """Remove all but the newest ``keep`` runs; returns the removed ids, newest first."""
        with self._writing():
            rows = self._database.execute(
                "SELECT id FROM runs ORDER BY id DESC LIMIT -1 OFFSET ?", (max(0, keep),)
            )
            forgotten = tuple(str(row[0]) for row in rows.fetchall())
            self._database.executemany("DELETE FROM runs WHERE id = ?", [(name,) for name in forgotten])
        return forgotten

    # --- reading -------------------------------------------------------------------------------

    def runs(self, limit: int | None = None, server_url: str | None = None) -> tuple[StoredRun, ...]:
        """The saved runs (against one server), newest first."""
        with self._reading():
            rows = self._database.execute(
                f"SELECT {_COLUMNS}, {_SCENARIOS}"  # noqa: S608 (our own names)
                " FROM runs WHERE ?1 IS NULL OR server_url = ?1"
                " ORDER BY id DESC LIMIT ?2",
                (server_url, -1 if limit is None else limit),
            ).fetchall()
            verdicts = self._database.execute(
                "SELECT run_id, number, selected, verdict, beyond FROM tests ORDER BY number"
            ).fetchall()
        tests: dict[str, list[TestVerdicts]] = {}
        for run_id, number, selected, verdict, beyond in verdicts:
            tests.setdefault(run_id, []).append(TestVerdicts(number, bool(selected), verdict, beyond))
        names = _COLUMNS.split(", ")
        return tuple(
            StoredRun(
                **{**dict(zip(names, row[:-1], strict=True)), "aborted": bool(row[-2])},
                tests=tuple(tests.get(row[0], ())),
                scenarios=row[-1],
            )
            for row in rows
        )

    def get(self, run_id: str) -> RunResult:
        """One run whole, by its id or the beginning of it; ``latest`` is the newest."""
        with self._reading():
            return self._get(run_id)

    def directories(self) -> frozenset[str]:
        """Where the files of all runs are that are kept, as their results say."""
        with self._reading():
            rows = self._database.execute("SELECT json_extract(result, '$.directory') FROM runs").fetchall()
        return frozenset(row[0] for row in rows if row[0] is not None)

    def before(self, result: RunResult) -> RunResult | None:
        """The newest earlier run of the same kind, by the same user against the same server if there is one.

        A server that is started for the run has another port each time. None if there is no earlier run.
        """
        return next(iter(self.earlier(result, 1)), None)

    def earlier(self, result: RunResult, most: int) -> tuple[RunResult, ...]:
        """Up to ``most`` earlier runs of the same kind (the procedure, or scenarios), the newest first; those by the
        same user against the same server come before all others."""
        with self._reading():
            rows = self._database.execute(
                f"SELECT id, result FROM runs WHERE id < ?3 AND ({_SCENARIOS} > 0) = ?4"  # noqa: S608
                " ORDER BY server_url = ?1 AND username = ?2 DESC, id DESC LIMIT ?5",
                (result.server_url, result.username, result.id, result.scenarios is not None, most),
            ).fetchall()
        return tuple(self._decoded(*row) for row in rows)

    def _get(self, run_id: str) -> RunResult:
        if run_id == "latest":
            rows = self._database.execute("SELECT id, result FROM runs ORDER BY id DESC LIMIT 1").fetchall()
        else:
            rows = self._database.execute(
                "SELECT id, result FROM runs WHERE id = ?1 OR substr(id, 1, length(?1)) = ?1"
                " ORDER BY id <> ?1 LIMIT 2",
                (run_id,),
            ).fetchall()
        if not rows or not run_id:
            raise self._error(StoreErrorCode.UNKNOWN_RUN, run=run_id)
        if len(rows) > 1 and rows[0][0] != run_id:
            raise self._error(StoreErrorCode.AMBIGUOUS, run=run_id)
        return self._decoded(*rows[0])

    def _decoded(self, run_id: str, text: str) -> RunResult:
        try:
            return results.decode(text)
        except msgspec.MsgspecError as error:
            raise self._error(StoreErrorCode.DAMAGED, f"{run_id}: {error}") from None

    # --- the file ------------------------------------------------------------------------------

    def _prepare(self) -> None:
        version = self._version()
        if version > SCHEMA_VERSION:
            raise self._error(StoreErrorCode.NEWER)
        self._database.execute("PRAGMA foreign_keys = ON")
        self._use_wal()
        self._database.execute(
            "PRAGMA synchronous = FULL"
        )  # a result is written once: let it survive the power
        if version == SCHEMA_VERSION:
            return
        with self._writing():
            if self._version() == 0:  # nobody else was faster
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _use_wal(self) -> None:
        """Switch to WAL. SQLite waits for nobody there: of two processes that begin at once, one fails."""
        give_up_at = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.01)
            else:
                return

    def _version(self) -> int:
        return int(self._database.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._reported():
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._reported():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._database.in_transaction:  # SQLite may have ended it by itself, on a full disk
                    self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """SQLite's error as a ``StoreError``."""
        try:
            yield
        except sqlite3.OperationalError as error:
            primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
            busy = primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            code = StoreErrorCode.BUSY if busy else StoreErrorCode.UNUSABLE
            raise self._error(code, str(error)) from None
        except sqlite3.DatabaseError as error:
            raise self._error(StoreErrorCode.DAMAGED, str(error)) from None

    def _error(self, code: StoreErrorCode, reason: str | None = None, **params: str) -> StoreError:
        return StoreError(code, path=str(self.path), reason=reason or "-", **params)
