"""Audio in the log."""

from __future__ import annotations

import pytest

from backend.spin.chunk_log import AudioLog, ChunkLog


@pytest.mark.parametrize(
    ("detail", "lines"),
    [
        ("off", []),
        ("seconds", ["700 bytes (7 chunks)", "500 bytes (5 chunks)"]),
        ("chunks", ["100 bytes"] * 12),
    ],
)
def test_a_line_each_second_or_each_chunk_or_none(
    caplog: pytest.LogCaptureFixture, detail: AudioLog, lines: list[str]
) -> None:
    caplog.set_level("INFO")
    log = ChunkLog(detail)
    for number in range(12):
        log.sent(100, now=1000 + number * 0.17)
    log.flush()
    log.flush()
    assert [record.getMessage() for record in caplog.records] == [
        f"✅ OpenAIへ音声転送成功: {line}" for line in lines
    ]
