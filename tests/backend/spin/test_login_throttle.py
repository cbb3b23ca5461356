"""Guessing passwords becomes slow; logging in does not."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.spin.login_throttle import (
    FORGET_S,
    FREE_FOR_ACCOUNT,
    FREE_FOR_ADDRESS,
    LONGEST_DELAY_S,
    LoginThrottle,
    Throttled,
)


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """A throttle with its clock, and what knocking at it gives."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.throttle = LoginThrottle(self.clock)

    def knock(self, account: str = "admin", address: str = "10.0.0.1", right: bool = False) -> float:
        """0 when the password was looked at, else how long to wait."""
        try:
            with self.throttle.attempt(account, address) as attempt:
                attempt.succeeded = right
        except Throttled as throttled:
            return throttled.retry_after_s
        return 0


def test_the_delay_grows_up_to_its_limit() -> None:
    door, waits = Door(), []
    for _ in range(FREE_FOR_ACCOUNT + 10):
        if wait := door.knock():
            waits.append(wait)
            door.clock.now += wait
            assert door.knock() == 0
    assert waits[:4] == [1, 2, 4, 8]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_DELAY_S


def test_the_right_password_clears_the_account() -> None:
    door = Door()
    for _ in range(FREE_FOR_ACCOUNT - 1):
        door.knock()
    assert door.knock(right=True) == 0
    assert [door.knock() for _ in range(FREE_FOR_ACCOUNT - 1)] == [0] * (FREE_FOR_ACCOUNT - 1)


def test_a_throttled_login_is_not_looked_at_even_if_it_is_right() -> None:
    door = Door()
    for _ in range(FREE_FOR_ACCOUNT):
        door.knock()
    assert door.knock(right=True) > 0


def test_nobody_is_locked_out_from_elsewhere() -> None:
    door = Door()
    for _ in range(100):
        door.knock(address="10.9.9.9")
    assert door.knock(address="10.0.0.1", right=True) == 0


def test_one_password_on_many_accounts() -> None:
    door = Door()
    waits = [door.knock(f"user{number}") for number in range(FREE_FOR_ADDRESS + 1)]
    assert waits == [0] * FREE_FOR_ADDRESS + [1]


def test_who_has_logged_in_from_the_address_is_not_held_up_by_it() -> None:
    door = Door()
    assert door.knock("regular", right=True) == 0
    for number in range(100):
        door.knock(f"user{number}")
    assert door.knock("regular", right=True) == 0
    assert door.knock("stranger", right=True) > 0


def test_ones_own_login_buys_no_guesses_at_others() -> None:
    door, looked_at = Door(), 0
    for number in range(FREE_FOR_ADDRESS * 3):
        looked_at += door.knock(f"user{number}") == 0
        door.knock("mine", right=True)
    assert looked_at == FREE_FOR_ADDRESS


def test_it_is_forgotten_after_a_while() -> None:
    door = Door()
    for _ in range(FREE_FOR_ACCOUNT):
        door.knock()
    door.clock.now += FORGET_S + 1
    assert [door.knock() for _ in range(FREE_FOR_ACCOUNT)] == [0] * FREE_FOR_ACCOUNT


@given(st.lists(st.floats(0, 100)))
def test_no_more_guesses_than_the_delays_allow(pauses: list[float]) -> None:
    door, looked_at = Door(), 0
    started = door.clock.now
    for pause in pauses:
        door.clock.now += pause
        looked_at += door.knock() == 0
    allowed, at, delay = FREE_FOR_ACCOUNT, 0.0, 1.0
    while (at := at + delay) <= door.clock.now - started:
        allowed, delay = allowed + 1, min(delay * 2, LONGEST_DELAY_S)
    assert looked_at <= allowed


def test_of_many_wrong_ones_at_once_few_are_looked_at() -> None:
    throttle, looked_at = LoginThrottle(Clock()), []
    all_here = threading.Barrier(32)

    def guess(_number: int) -> None:
        all_here.wait()
        with throttle.attempt("admin", "10.0.0.1"):
            looked_at.append(1)

    with ThreadPoolExecutor(32) as threads:
        outcomes = [future.exception() for future in [threads.submit(guess, number) for number in range(32)]]
    assert len(looked_at) == FREE_FOR_ACCOUNT
    assert sum(isinstance(outcome, Throttled) for outcome in outcomes) == 32 - FREE_FOR_ACCOUNT


def test_many_right_ones_at_once_are_all_let_in() -> None:
    throttle = LoginThrottle()
    all_here = threading.Barrier(32)

    def log_in(_number: int) -> None:
        all_here.wait()
        with throttle.attempt("admin", "10.0.0.1") as attempt:
            attempt.succeeded = True

    with ThreadPoolExecutor(32) as threads:
        for future in [threads.submit(log_in, number) for number in range(32)]:
            assert future.exception() is None


def test_a_login_that_could_not_be_looked_at_counts_for_nothing() -> None:
    """The database was away, say."""
    door = Door()
    for _ in range(FREE_FOR_ACCOUNT * 2):
        with pytest.raises(KeyError), door.throttle.attempt("admin", "10.0.0.1"):
            raise KeyError
    assert door.knock() == 0
