"""Comparing two runs: which checkpoints have a different verdict."""

from __future__ import annotations

from typing import Literal

import msgspec

from acceptance.results import RunResult, Verdict

Direction = Literal["better", "worse", "changed"]
"""worse: now fails, or passed and is no longer known to; better: now passes; changed: neither."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint whose verdict changed. Null: that run did not know the checkpoint."""

    checkpoint: str
    before: Verdict | None
    after: Verdict | None

    @property
    def direction(self) -> Direction:
        """Whether the change is for the better or worse."""
        if self.after == "fail":
            return "worse"
        if self.after == "pass":
            return "better"
        return "worse" if self.before == "pass" else "changed"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one run to a later one."""

    before: str
    """Id of the earlier run."""
    after: str
    tests: tuple[int, ...]
    """Numbers of the tests selected in both runs; only these are compared."""
    changes: tuple[Change, ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """The changes for the worse."""
        return tuple(change for change in self.changes if change.direction == "worse")


def compare(before: RunResult, after: RunResult) -> Comparison:
    """The changes in order of the later run's checkpoints, then checkpoints it no longer knows."""
    tests = tuple(number for number in after.selected if number in before.selected)
    old, new = _verdicts(before, tests), _verdicts(after, tests)
    ids = [*new, *(name for name in old if name not in new)]
    changes = tuple(
        Change(checkpoint=name, before=old.get(name), after=new.get(name))
        for name in ids
        if old.get(name) != new.get(name)
    )
    return Comparison(before=before.id, after=after.id, tests=tests, changes=changes)


def _verdicts(result: RunResult, tests: tuple[int, ...]) -> dict[str, Verdict]:
    return {
        answer.checkpoint: answer.verdict
        for test in result.tests
        if test.number in tests
        for answer in test.answers
    }
