"""A line that is too slow for the source: what it costs, and that it is said."""

from __future__ import annotations

from relay.link.line_watch import LineWatch
from relay.output import Output
from relay.stream import Notice, StreamEvent

CHUNK_BYTES, CHUNK_S = 1_920, 0.04


class Bench:
    def __init__(self) -> None:
        self.told: list[StreamEvent] = []
        self.watch = LineWatch(Output(self.told.append), CHUNK_BYTES)

    def notices(self) -> list[tuple[str, str]]:
        return [(event.code, event.params["seconds"]) for event in self.told if isinstance(event, Notice)]


def test_a_file_that_keeps_its_time_is_not_late() -> None:
    bench = Bench()
    for n in range(500):
        due = 100 + n * CHUNK_S
        bench.watch.sent(due, due + 0.4, live=False, dropped_chunks=0)
    assert bench.notices() == []


def test_a_file_that_the_line_holds_up_is_late_although_its_schedule_was_moved() -> None:
    bench = Bench()
    for n in range(60):
        at = 100 + n * CHUNK_S * 1.5  # the pacer of a file gives up what it cannot catch up
        bench.watch.sent(at, at, live=False, dropped_chunks=0)
    ((code, seconds),) = bench.notices()
    assert code == "source_late"
    assert 1.0 <= float(seconds) < 1.2


def test_another_file_begins_in_time() -> None:
    bench = Bench()
    for n in range(40):
        at = 100 + n * CHUNK_S * 1.5
        bench.watch.sent(at, at, live=False, dropped_chunks=0)
    bench.watch.restart()
    for n in range(40):
        at = 200 + n * CHUNK_S
        bench.watch.sent(at, at, live=False, dropped_chunks=0)
    assert bench.notices() == []


def test_what_a_device_lost_is_counted_and_said_now_and_then() -> None:
    bench = Bench()
    for n in range(600):
        at = 100 + n * CHUNK_S
        bench.watch.sent(at, at, live=True, dropped_chunks=n)
    assert {code for code, _ in bench.notices()} == {"audio_dropped"}
    assert 2 <= len(bench.notices()) <= 3
    assert sum(float(seconds) for _, seconds in bench.notices()) > 15
