"""No secret reaches a log, and no log stops the server."""

from __future__ import annotations

import io
import logging
import queue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.logs import DroppingQueueHandler, RedactingFormatter, protect_handlers, redact

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "line",
    [
        f'127.0.0.1:1 - "WebSocket /ws/realtime/?token={TOKEN}" [accepted]',
        f"GET /ws/realtime/?session_id=1&token={TOKEN}&x=1",
        f"{{'Authorization': 'Token {TOKEN}'}}",
        f"authorization: bearer {TOKEN}",
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


def test_a_full_queue_drops_and_counts() -> None:
    handler = DroppingQueueHandler(queue.Queue(1))
    for _ in range(3):
        handler.handle(logging.LogRecord("x", logging.INFO, "", 0, "line", None, None))
    assert handler.dropped == 2
