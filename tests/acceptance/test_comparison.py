"""What changed between two runs."""

from __future__ import annotations

from acceptance.comparison import Change, compare
from tests.acceptance.made_results import made_result


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
