"""No secret reaches a log, and no log stops the server."""

from __future__ import annotations

import io
import logging
import os
import queue
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.logs import (
    BoundedFile,
    DroppingQueueHandler,
    GatheringListener,
    RedactingFormatter,
    pass_on,
    protect_handlers,
    redact,
    start,
)

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "line",
    [
        f'127.0.0.1:1 - "WebSocket /ws/realtime/?token={TOKEN}" [accepted]',
        f"GET /ws/realtime/?session_id=1&token={TOKEN}&x=1",
        f"{{'Authorization': 'Token {TOKEN}'}}",
        f"authorization: bearer {TOKEN}",
        f"b'Box {TOKEN}'",
        f"Incorrect API key: sk-{TOKEN}",
    ],
)
def test_secrets_are_cut_out(line: str) -> None:
    assert TOKEN not in redact(line)
    assert "***" in redact(line)


@given(
    st.text(
        alphabet=st.characters(codec="ascii", exclude_categories=["C", "Z"], exclude_characters="&'\"<>#"),
        min_size=1,
    )
)
def test_whatever_stands_in_the_query_is_cut_out(value: str) -> None:
    assert (
        redact(f"/ws/realtime/?token={value}&session_id=1 done")
        == "/ws/realtime/?token=***&session_id=1 done"
    )


@pytest.mark.parametrize(
    "line",
    ["✅ WebSocket接続受け入れ: user=admin, session=XXXX", "token_invalid", "the Token header is missing"],
)
def test_other_lines_stay(line: str) -> None:
    assert redact(line) == line


def test_tracebacks_are_covered() -> None:
    with pytest.raises(ValueError, match="bad request") as raised:
        int(f"bad request ?token={TOKEN}")
    record = logging.LogRecord(
        "x", logging.ERROR, "", 0, "failed", None, (raised.type, raised.value, raised.tb)
    )
    text = RedactingFormatter(logging.Formatter()).format(record)
    assert "bad request" in text
    assert TOKEN not in text


def test_handlers_of_others_are_covered() -> None:
    lines = io.StringIO()
    logger, handler = logging.getLogger("a-server.access"), logging.StreamHandler(lines)
    logger.addHandler(handler)
    try:
        protect_handlers()
        logger.error('"GET /ws/realtime/?token=%s"', TOKEN)
    finally:
        logger.removeHandler(handler)
    assert lines.getvalue().strip().endswith('?token=***"')


def line(text: object) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "", 0, "%s", (text,), None)


def test_a_full_queue_drops_and_says_so_when_there_is_room() -> None:
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(3)
    handler = DroppingQueueHandler(waiting)
    for number in range(5):
        handler.handle(line(number))
    written = [waiting.get().getMessage() for _ in range(3)]
    handler.handle(line("after"))
    written += [waiting.get().getMessage() for _ in range(2)]
    assert written == ["0", "1", "2", "2 log records were dropped: the log is written too slowly", "after"]


def test_records_are_written_in_order_and_none_is_left_behind_at_the_end() -> None:
    records: queue.Queue[logging.LogRecord] = queue.Queue()
    written: list[str] = []

    class Target(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(record.getMessage())

    listener = GatheringListener(records, Target())
    listener.start()
    for number in range(500):
        records.put(line(number))
    listener.stop()
    assert written == [str(number) for number in range(500)]


def test_a_log_is_bounded_and_for_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.logs.LARGEST_FILE_BYTES", 1000)
    path = tmp_path / "log"
    path.write_text("an older version's\n")
    path.chmod(0o644)
    handler = BoundedFile(path)
    for number in range(200):
        handler.emit(line(f"{number:099}"))
    handler.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["log", "log.1", "log.2", "log.3", "log.4"]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert path.read_text().rstrip().endswith("199")


def test_a_log_that_cannot_be_rotated_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.logs.LARGEST_FILE_BYTES", 1000)
    (tmp_path / "log.1").mkdir()
    (tmp_path / "log.1" / "in the way").touch()
    handler = BoundedFile(tmp_path / "log")
    for number in range(50):
        handler.emit(line(f"{number:099}"))
    handler.close()
    assert (tmp_path / "log").stat().st_size <= 1000
    assert (tmp_path / "log").read_text().rstrip().endswith("49")


def test_a_log_into_nothing(tmp_path: Path) -> None:
    before = Path(os.devnull).stat().st_mode
    handler = BoundedFile(Path(os.devnull))
    handler.emit(line("x"))
    handler.close()
    assert Path(os.devnull).stat().st_mode == before


@pytest.mark.parametrize(
    ("written", "logged"),
    [
        ("2026-01-01 10:00:00,123 WARNING backend.engine: slow", ("backend.engine", "WARNING", "slow")),
        ("2026-01-01 10:00:00,123 INFO x: a: b % s", ("x", "INFO", "a: b % s")),
        ("Traceback (most recent call last):", ("backend.engine", "INFO", "Traceback (most recent call last):")),
        ("", ("backend.engine", "INFO", "")),
    ],
)  # fmt: skip
def test_the_engines_lines_are_not_stamped_twice(
    caplog: pytest.LogCaptureFixture, written: str, logged: tuple[str, str, str]
) -> None:
    caplog.set_level(logging.DEBUG)
    pass_on(written)
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [logged]


def test_records_are_formatted_beside_the_caller(tmp_path: Path) -> None:
    """What is slow to print must not hold up the audio either."""
    formatted_by: list[str] = []

    class Slow:
        def __str__(self) -> str:
            formatted_by.append(threading.current_thread().name)
            return "slow"

    handlers, level = logging.root.handlers[:], logging.root.level
    records = start(tmp_path / "log")
    try:
        logging.getLogger("x").info("%s", Slow())
    finally:
        records.stop()
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
    assert "slow" in (tmp_path / "log").read_text()
    assert formatted_by
    assert threading.current_thread().name not in formatted_by
