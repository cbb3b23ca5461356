"""The playback queue: what was heard is counted in samples that were really played."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from relay.sound.playback import PlaybackQueue

MS = 48
LOUD = b"\x00\x10"


def loud(ms: int) -> bytes:
    return LOUD * (24 * ms)


def pull(queue: PlaybackQueue, ms: int) -> bytes:
    return queue.pull(24 * ms)


def states(queue: PlaybackQueue) -> list[tuple[str, str, int]]:
    return [(c.state, c.heard.item_id, c.heard.heard_ms) for c in queue.take_changes()]


def test_silence_where_nothing_waits() -> None:
    queue = PlaybackQueue()
    assert pull(queue, 20) == bytes(20 * MS)
    queue.add("a", "r", loud(10))
    assert pull(queue, 20) == loud(10) + bytes(10 * MS)


def test_an_item_is_started_and_finished_once() -> None:
    queue = PlaybackQueue()
    queue.add("a", "r", loud(50))
    pull(queue, 20)
    assert states(queue) == [("started", "a", 0)]
    pull(queue, 40)
    assert states(queue) == []  # more may come
    queue.no_more("a")
    pull(queue, 20)
    assert states(queue) == [("finished", "a", 50)]


def test_the_sinks_latency_is_not_heard_yet() -> None:
    queue = PlaybackQueue()
    queue.set_latency(100)
    queue.add("a", "r", loud(1_000))
    pull(queue, 300)
    assert [(heard.heard_ms, heard.received_ms) for heard in queue.interrupt()] == [(200, 1_000)]


def test_a_change_says_when_it_happened() -> None:
    """However late it is asked for."""
    queue = PlaybackQueue()
    queue.add("a", "r", loud(50))
    before = time.monotonic()
    pull(queue, 20)
    between = time.monotonic()
    queue.interrupt()
    after = time.monotonic()
    started, interrupted = queue.take_changes()
    assert before <= started.at <= between <= interrupted.at <= after


def test_silence_between_two_stretches_is_not_heard_audio() -> None:
    queue = PlaybackQueue()
    queue.set_latency(100)
    queue.add("a", "r", loud(50))
    pull(queue, 100)
    queue.add("a", "r", loud(200))
    pull(queue, 100)
    assert [heard.heard_ms for heard in queue.interrupt()] == [50]


def test_an_interruption_is_silence_at_the_next_block() -> None:
    queue = PlaybackQueue()
    queue.add("a", "r1", loud(1_000))
    queue.add("b", "r1", loud(1_000))
    pull(queue, 20)
    heard = queue.interrupt()
    assert [(h.item_id, h.heard_ms, h.complete) for h in heard] == [("a", 20, False), ("b", 0, False)]
    assert pull(queue, 20) == bytes(20 * MS)
    assert queue.buffered_ms == 0
    assert [state for state, _, _ in states(queue)] == ["started", "interrupted", "interrupted"]


def test_late_audio_of_a_cancelled_response_is_dropped() -> None:
    queue = PlaybackQueue()
    queue.add("a", "r1", loud(100))
    queue.interrupt(frozenset({"r9"}))
    assert queue.add("a", "r1", loud(100)) == 0
    assert queue.add("a2", "r1", loud(100)) == 0
    assert queue.add("z", "r9", loud(100)) == 0
    assert queue.add("b", "r2", loud(100)) == 100
    assert pull(queue, 20) == loud(20)


def test_items_play_one_after_the_other() -> None:
    queue = PlaybackQueue()
    queue.add("a", "r", LOUD * 240)
    queue.add("b", "r", b"\x00\x20" * 240)
    queue.add("a", "r", LOUD * 240)
    queue.no_more("a")
    assert pull(queue, 30) == LOUD * 480 + b"\x00\x20" * 240


def test_half_samples_are_joined() -> None:
    queue = PlaybackQueue()
    data = loud(10)
    for cut in range(0, len(data), 7):
        queue.add("a", "r", data[cut : cut + 7])
    assert pull(queue, 10) == data


def test_a_lost_socket_lets_what_was_received_play_out() -> None:
    queue = PlaybackQueue()
    queue.add("a", "r", loud(40))
    queue.finish_all()
    pull(queue, 60)
    assert states(queue)[-1] == ("finished", "a", 40)
    assert not queue.sounding


def test_recent_is_the_last_100_ms() -> None:
    queue = PlaybackQueue()
    assert queue.recent() == b""
    queue.add("a", "r", loud(60))
    for _ in range(8):
        pull(queue, 20)
    assert queue.recent() == loud(0) + bytes(100 * MS)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.sampled_from("abc"), st.integers(1, 2_000)),
            st.tuples(st.just("pull"), st.just(""), st.integers(1, 2_000)),
            st.tuples(st.just("done"), st.sampled_from("abc"), st.just(0)),
            st.tuples(st.just("interrupt"), st.just(""), st.just(0)),
        ),
        max_size=40,
    ),
    st.integers(0, 200),
)
def test_never_more_heard_than_pulled_or_received(steps: list[tuple[str, str, int]], latency: int) -> None:
    queue = PlaybackQueue()
    queue.set_latency(latency)
    received = dict.fromkeys("abc", 0)
    played = 0
    for step, item_id, size in steps:
        match step:
            case "add":
                received[item_id] += size
                queue.add(item_id, None, bytes([1]) * size)
            case "pull":
                pcm = queue.pull(size)
                assert len(pcm) == 2 * size
                played += pcm.count(1)
            case "done":
                queue.no_more(item_id)
            case _:
                for heard in queue.interrupt():
                    assert 0 <= heard.heard_ms <= heard.received_ms <= received[heard.item_id] // MS
        assert played <= sum(received.values())
        assert queue.buffered_ms >= 0
    for change in queue.take_changes():
        assert change.heard.heard_ms <= change.heard.received_ms


def test_a_sink_thread_and_a_loop_at_once() -> None:
    queue = PlaybackQueue()
    heard: list[bytes] = []
    done = threading.Event()

    def sink() -> None:
        while not done.is_set() or queue.buffered_ms:
            heard.append(queue.pull(480))

    thread = threading.Thread(target=sink)
    thread.start()
    for _ in range(2_000):
        queue.add("a", "r", LOUD * 100)
    done.set()
    thread.join(10)
    rest = queue.pull(2_000 * 100)
    assert b"".join([*heard, rest]).count(b"\x10") == 2_000 * 100
