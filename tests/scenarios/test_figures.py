"""Figures over conversations, and limits that refuse to judge what they cannot know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.figures import Measured, figures, judge_limits


def spoken(*latencies: float) -> Measured:
    return Measured(spoken_latency_ms=latencies)


@pytest.mark.parametrize(("n", "verdict"), [(0, "not_run"), (19, "not_run"), (20, "pass")])
def test_a_95th_percentile_needs_twenty_values(n: int, verdict: str) -> None:
    (answer,) = judge_limits({"response_latency_p95": 1_200}, [spoken(*[100.0] * n)])
    assert answer.verdict == verdict
    assert answer.evidence[0].data["n"] == n
    if verdict == "not_run":
        assert "needs 20 values" in answer.evidence[0].en and "20 件" in answer.evidence[0].ja


def test_percentiles_are_nearest_rank_over_all_conversations() -> None:
    made = {figure.name: figure for figure in figures([spoken(*range(1, 11)), spoken(*range(11, 21))])}
    assert (made["response_latency_p50"].value, made["response_latency_p95"].value) == (10, 19)
    assert made["response_latency_p95"].n == 20


@given(st.lists(st.floats(1, 10_000), min_size=20, max_size=60))
def test_a_percentile_is_a_value_that_was_measured(latencies: list[float]) -> None:
    made = {figure.name: figure.value for figure in figures([spoken(*latencies)])}
    assert made["response_latency_p95"] in [round(value, 1) for value in latencies]
    assert sum(value <= latencies[0] for value in latencies) >= 1


def test_the_worst_conversation_counts_for_what_is_no_percentile() -> None:
    two = [
        Measured(reconnects=0, errors=2, character_errors=1, characters=10),
        Measured(reconnects=1, errors=0),
    ]
    made = {figure.name: figure.value for figure in figures(two)}
    assert (made["reconnects"], made["errors"], made["cer"]) == (1, 2, 0.1)


@pytest.mark.parametrize(("limit", "verdict"), [(0, "fail"), (1, "pass")])
def test_a_limit_is_the_largest_value_that_passes(limit: float, verdict: str) -> None:
    (answer,) = judge_limits({"reconnects": limit}, [Measured(reconnects=1)], "limits.cut")
    assert (answer.checkpoint, answer.verdict) == ("limits.cut.reconnects", verdict)


def test_a_conversation_without_a_summary_gives_no_figures() -> None:
    assert figures([Measured()]) == ()
    assert [answer.verdict for answer in judge_limits({"errors": 0}, [Measured()])] == ["not_run"]
