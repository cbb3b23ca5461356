"""Percentiles, limits and sums, by plain values; numpy is the outside witness for the percentiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.figures import LEAST_VALUES, Row, Usage, figures, percentile, row
from load.limits import NAMES, BadLimit, Limit, passed, read_limit, value_of
from load.lines import Second

VALUES = st.lists(st.floats(0, 1e6), max_size=300)


@given(VALUES, st.sampled_from(sorted(LEAST_VALUES)))
def test_percentiles_are_numpys_nearest_rank_or_none(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    if len(values) < LEAST_VALUES[percent]:
        assert found is None
    else:
        assert found == np.percentile(values, percent, method="inverted_cdf")


def second(crowd: int, users: int, **samples: list[float]) -> Second:
    return Second(users, crowd, samples, {"turns": 1}, {"no_answer": 1})  # type: ignore[arg-type]


def test_a_row_counts_each_crowd_once_and_every_measurement() -> None:
    talking: dict[int, int] = {}
    reports = [second(1, 3, answer=[1.0]), second(2, 4), second(1, 5, answer=[2.0, 3.0])]
    added = row(1.0, 9, talking, reports, None)
    assert added.users == 9
    assert row(2.0, 9, talking, [], None).users == 9
    assert row(3.0, 9, talking, [second(2, 0)], None).users == 5
    assert added.samples == {"answer": [1.0, 2.0, 3.0]}
    assert added.counts == {"turns": 3}
    assert added.errors == {"no_answer": 3}


def test_the_servers_usage_is_its_mean_cores_and_its_most_memory() -> None:
    rows = [Row(t, 1, 1, server=Usage(cores, memory)) for t, cores, memory in ((1, 0.5, 90), (2, 1.5, 80))]
    found = figures(rows)
    assert (found.cores, found.memory_mib, found.seconds) == (1.0, 90, 1)


@given(st.sampled_from(NAMES), st.integers(0, 100_000))
def test_limits_are_read_as_they_are_written(name: str, most: int) -> None:
    limit = read_limit(f" {name} > {most} ")
    assert limit == Limit(name, most)
    assert read_limit(str(limit)) == limit


@given(st.text(max_size=40))
def test_anything_else_is_no_limit(text: str) -> None:
    if not any(name in text for name in NAMES):
        with pytest.raises(BadLimit):
            read_limit(text)


def test_a_limit_without_evidence_is_not_passed_and_one_with_it_is() -> None:
    few = figures([Row(1, 1, 1, {"answer": [5000.0] * 19})])
    enough = figures([Row(1, 1, 1, {"answer": [5000.0] * 20})])
    limit = Limit("answer_p95", 2000)
    assert value_of("answer_p95", few) is None
    assert passed((limit,), few) == []
    assert passed((limit,), enough)[0].value == 5000


def test_wrong_readings_of_realtime_mode_are_failures_as_errors_are() -> None:
    found = figures(
        [Row(1, 1, 1, counts={"mode_not_true": 1, "mode_not_false": 2, "mode_true": 5}, errors={"x": 4})]
    )
    assert found.failures == 7
    assert value_of("errors", found) == 7


@pytest.mark.parametrize(("turns", "transcripts", "lost"), [(4, 3, 25.0), (4, 5, 0.0), (0, 0, None)])
def test_lost_transcripts(turns: int, transcripts: int, lost: float | None) -> None:
    assert (
        figures([Row(1, 1, 1, counts={"turns": turns, "transcripts": transcripts})]).transcripts_lost_percent
        == lost
    )


@pytest.mark.parametrize(
    ("lateness", "late"),
    [
        ([1.0] * 200, False),
        ([1.0] * 197 + [51.0] * 3, True),
        ([1.0, 51.0], True),
        ([1.0], False),
        ([], False),
    ],
)
def test_a_late_generator_is_found(lateness: list[float], late: bool) -> None:
    assert figures([Row(1, 1, 1, {"lateness": lateness} if lateness else {})]).late is late
