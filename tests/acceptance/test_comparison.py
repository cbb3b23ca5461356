"""What changed between two runs."""

from __future__ import annotations

import msgspec
import pytest

from acceptance.comparison import Change, compare, compare_with
from acceptance.results import TestResult
from tests.acceptance.made_results import SCENARIO_QUESTION as QUESTION
from tests.acceptance.made_results import made_result, made_scenario_run


def test_only_changes_are_told_and_each_has_a_direction() -> None:
    before = made_result("a", {"t1.order": "fail", "t2.operator_heard": "not_applicable"})
    after = made_result("b", {"t3.killed": "fail", "t2.operator_heard": "not_run", "t4.slow": "not_run"})
    found = compare(before, after)
    assert {change.checkpoint: change.direction for change in found.changes} == {
        "t1.order": "better",
        "t2.operator_heard": "changed",
        "t3.killed": "worse",
        "t4.slow": "worse",  # it passed, and is not known to pass any more
    }
    assert [change.checkpoint for change in found.worse] == ["t3.killed", "t4.slow"]


def test_the_same_twice_has_no_changes() -> None:
    assert compare(made_result("a"), made_result("b")).changes == ()


def test_tests_that_were_not_asked_for_are_not_compared() -> None:
    found = compare(
        made_result("a", selected=(1, 2)),
        made_result("b", {"t2.audio_sent": "fail"}, selected=(2, 3)),
    )
    assert found.tests == (2,)
    assert found.changes == (Change(checkpoint="t2.audio_sent", before="pass", after="fail"),)


def test_several_attempts_at_a_scenario_have_one_verdict() -> None:
    (change,) = compare(made_scenario_run("a", 500.0), made_scenario_run("b", 500.0, "fail")).changes
    assert (change.checkpoint, change.direction, change.question) == ("greeting.1.audible", "worse", QUESTION)


def test_a_figure_is_compared_with_the_median_of_several_runs() -> None:
    earlier = [made_scenario_run(name, value) for name, value in (("c", 900.0), ("b", 500.0), ("a", 400.0))]
    found = compare_with(earlier, made_scenario_run("d", 650.0))
    assert [(one.before, one.after) for one in found.figures] == [(500.0, 650.0)]
    assert [one.name for one in found.regressions(0.2)] == ["response_latency_p50"]
    assert found.regressions(0.3) == ()
    assert (found.before, found.runs, found.scenarios) == ("c", 3, ("greeting",))


def test_noise_is_no_regression_and_what_was_not_measured_is_not_compared() -> None:
    assert compare(made_scenario_run("a", 10.0), made_scenario_run("b", 60.0)).regressions(0.2) == ()
    assert compare(made_scenario_run("a", None), made_scenario_run("b", 60.0)).figures == ()
    with pytest.raises(ValueError, match="nothing"):
        compare_with([], made_scenario_run("a", 1.0))


def test_a_limit_that_only_one_run_had_is_no_change() -> None:
    """Other scenarios were run, or no ``--limit`` was given."""
    plain = made_scenario_run("a", 500.0)
    limit = msgspec.structs.replace(plain.tests[0].answers[0], checkpoint="limits.errors")
    limits = TestResult(number=3, verdict="pass", beyond="not_applicable", answers=(limit,), title=QUESTION)
    limited = msgspec.structs.replace(plain, id="b", tests=(*plain.tests, limits), selected=(1, 2, 3))
    assert compare(limited, plain).changes == compare(plain, limited).changes == ()
    failed = msgspec.structs.replace(limits, answers=(msgspec.structs.replace(limit, verdict="fail"),))
    worse = msgspec.structs.replace(limited, tests=(*plain.tests, failed))
    assert [change.direction for change in compare(limited, worse).changes] == ["worse"]


def test_figures_of_other_scenarios_say_nothing() -> None:
    before, after = made_scenario_run("a", 100.0), made_scenario_run("b", 900.0)
    assert before.scenarios is not None
    other = msgspec.structs.replace(before.scenarios.scenarios[0], name="other")
    changed = msgspec.structs.replace(before.scenarios, scenarios=(other,))
    assert compare(msgspec.structs.replace(before, scenarios=changed), after).figures == ()
    assert [one.after for one in compare(before, after).figures] == [900.0]
