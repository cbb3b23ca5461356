"""The result of a run, as it is written."""

from __future__ import annotations

from typing import Literal

import msgspec

from load.figures import Figures, Row
from load.limits import Passed
from load.plan import ProfileName

Ending = Literal["duration", "limit", "knee", "late", "most_users", "interrupted", "failed"]
"""Why it ended: its time was up; ``--stop-when``; ``--find-limit`` found the limit, or had to stop before
because this machine became late, or because more users are not allowed; a signal; it could not go on."""


class StepResult(msgspec.Struct, frozen=True):
    """One number of users, held for some time."""

    users: int
    figures: Figures
    passed: list[Passed] = []

    @property
    def held(self) -> bool:
        """Whether no limit was passed, and this machine was not too late to tell."""
        return not self.passed and not self.figures.late


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    version: int = 1
    began_at: str
    """ISO-8601, UTC."""
    server: str
    profile: ProfileName
    users: int
    spawn_rate: float
    ending: Ending
    valid: bool
    """False: this machine sent too late, so the figures say more about it than about the server."""
    total: Figures
    steps: list[StepResult] = []
    """Of ``--find-limit``."""
    passed: list[Passed] = []
    """The limits that ended the run."""
    rows: list[Row] = []
