"""How many connections are taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.connection_limits import ConnectionLimits, raise_descriptor_limit


def test_one_address_leaves_room_for_others() -> None:
    limits = ConnectionLimits(in_all=3, per_address=2)
    assert [limits.enter("a") for _ in range(3)] == [None, None, "address_full"]
    assert limits.enter("b") is None
    assert limits.enter("c") == "full"
    limits.leave("a")
    assert limits.enter("c") is None


def test_an_unknown_address_counts_in_all_only() -> None:
    limits = ConnectionLimits(in_all=3, per_address=1)
    assert [limits.enter("") for _ in range(4)] == [None, None, None, "full"]


def test_the_limits_stay_within_the_descriptors() -> None:
    limits = ConnectionLimits.within(1024, in_all=2000, per_address=400)
    assert limits.in_all * 3 + 100 <= 1024
    assert limits.per_address < limits.in_all
    plenty = ConnectionLimits.within(65_536, in_all=2000, per_address=400)
    assert (plenty.in_all, plenty.per_address) == (2000, 400)


def test_there_are_descriptors() -> None:
    assert raise_descriptor_limit() >= 256


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["", "a", "b"]))))
def test_what_comes_and_goes_is_counted(steps: list[tuple[bool, str]]) -> None:
    limits, inside = ConnectionLimits(in_all=4, per_address=2), list[str]()
    for comes, address in steps:
        if comes and limits.enter(address) is None:
            inside.append(address)
        elif not comes and address in inside:
            inside.remove(address)
            limits.leave(address)
        assert limits.open_in_all == len(inside) <= 4
        assert max(inside.count("a"), inside.count("b")) <= 2
    for address in inside:
        limits.leave(address)
    assert [limits.enter("a") for _ in range(3)] == [None, None, "address_full"]
