"""What waits for a line that takes too little, or for its turn after a reconnection."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from relay.link.out_chunk import OutChunk
from relay.link.send_queue import LONGEST_AHEAD_S, LONGEST_STALL_S, LONGEST_WAIT_S, SendQueue
from tests.relay.link.test_kept_speech import CHUNK_S, chunk, say


class Line:
    """A queue and the line behind it, which takes ``rate`` seconds of sound a second."""

    def __init__(self, backlog: list[OutChunk] | None = None) -> None:
        self.queue = SendQueue()
        self.now = 100.0
        self.queue.begin(self.now, backlog or [])
        self.sent: list[OutChunk] = []
        self._credit_s = 0.0

    def speak(self, chunks: list[OutChunk], rate: float = 1_000.0, *, live: bool = True) -> Line:
        for each in chunks:
            self.now += CHUNK_S
            self._credit_s = min(self._credit_s, CHUNK_S) + rate * CHUNK_S
            self.queue.add(each, self.now)
            while self._credit_s >= CHUNK_S and (out := self.queue.next(self.now, live=live)) is not None:
                self.sent.append(out)
                self._credit_s -= CHUNK_S
        return self


def test_what_the_line_takes_goes_out_as_it_comes() -> None:
    line = Line()
    for each in say(0.2):
        line.speak([each])
        assert line.sent[-1] is each
    assert not line.queue.behind


def test_a_backlog_goes_first_and_never_far_ahead_of_real_time() -> None:
    backlog = say(20)
    line = Line(backlog)
    spoken = [chunk(10_000 + n, audible=n < 50) for n in range(2_000)]
    for each in spoken:
        line.speak([each])
        assert len(line.sent) * CHUNK_S - (line.now - 100.0) <= LONGEST_AHEAD_S + CHUNK_S
        if not line.queue.behind:
            break
    assert not line.queue.behind
    assert line.sent[: len(backlog)] == backlog
    assert [each for each in line.sent[len(backlog) :] if each.audible] == spoken[:50]
    assert line.queue.dropped_chunks == 0


def test_nothing_said_during_a_standstill_is_lost() -> None:
    spoken = say(25)
    line = Line().speak(spoken[:50]).speak(spoken[50:550], rate=0.0)
    assert round(line.queue.stalled_s(line.now)) == 20
    line.speak(spoken[550:])
    assert line.sent == spoken
    assert line.queue.dropped_chunks == 0


def test_a_standstill_without_end_keeps_the_newest() -> None:
    spoken = say(60)
    line = Line().speak(spoken, rate=0.0)
    assert line.queue.seconds <= LONGEST_STALL_S
    assert line.queue.dropped_chunks == len(spoken) - round(LONGEST_STALL_S / CHUNK_S)
    assert line.queue.take_rest()[-1] is spoken[-1]
    assert not line.queue.behind


def test_on_a_slow_line_sound_waits_two_seconds_and_the_oldest_is_dropped() -> None:
    spoken = say(30)
    line = Line().speak(spoken, rate=2 / 3)
    assert line.queue.seconds <= LONGEST_WAIT_S + 4 * CHUNK_S
    assert line.queue.dropped_chunks * CHUNK_S > 30 / 3 - LONGEST_WAIT_S - 1
    assert len(line.sent) + line.queue.dropped_chunks + len(line.queue.take_rest()) == len(spoken)
    assert not line.queue.stalled_s(line.now)


def test_a_pause_lets_a_slow_line_catch_up() -> None:
    line = Line().speak(say(5), rate=2 / 3)
    line.speak(say(10, audible=False, first=5_000), rate=2 / 3)
    assert line.queue.seconds <= 2 * CHUNK_S


def test_what_a_file_delivers_is_never_dropped() -> None:
    spoken = say(20)
    line = Line().speak(spoken, rate=2 / 3, live=False)
    assert [*line.sent, *line.queue.take_rest()] == spoken


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 3.0), st.integers(1, 300)), max_size=12))
def test_it_is_bounded_and_in_order_and_counts_what_it_drops(
    stretches: list[tuple[bool, float, int]],
) -> None:
    line = Line()
    number = 0
    for audible, rate, count in stretches:
        line.speak([chunk(number + n, audible=audible) for n in range(1, count + 1)], rate)
        number += count
        assert line.queue.seconds <= LONGEST_STALL_S
    rest = line.queue.take_rest()
    dues = [each.due or 0 for each in [*line.sent, *rest]]
    assert dues == sorted(set(dues))
    if all(audible for audible, _, _ in stretches):
        assert len(dues) + line.queue.dropped_chunks == number
