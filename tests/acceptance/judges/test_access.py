"""Who is let in where, judged on what was answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acceptance.judges.access import judge_access
from acceptance.measurements import AccessMeasurements, Attempt, ForeignWrite, Revoked
from tests.acceptance.made_streams import LIMITS, verdicts

AT = "2026-11-22T12:00:00.000+00:00"
REFUSED = Attempt(AT, "closed", close_code=4404, error_code="session_not_found")
SERVED = Attempt(AT, "served")
BARE = Attempt(AT, "refused_http", http_status=403)
NOBODY = Attempt(AT, "no_answer")


def of(**measured: Any) -> dict[str, str]:
    answers = judge_access(AccessMeasurements(**measured), LIMITS, second_user=True, left_out={})
    return {name: verdict for name, verdict in verdicts(answers).items() if verdict != "not_run"}


def test_what_does_not_apply_says_why() -> None:
    answers = judge_access(
        AccessMeasurements(), LIMITS, second_user=False, left_out={"t3.finished_session": "no_finishing"}
    )
    left_out = {a.checkpoint: a.evidence[0].code for a in answers if a.verdict == "not_applicable"}
    assert left_out == {
        "t3.foreign_session": "no_second_user",
        "t3.foreign_read": "no_second_user",
        "t3.foreign_write": "no_second_user",
        "t3.revoked_refused": "no_second_user",
        "t3.revoked_closed": "no_second_user",
        "t3.finished_session": "no_finishing",
    }


@pytest.mark.parametrize(
    ("attempt", "verdict"), [(REFUSED, "pass"), (SERVED, "fail"), (BARE, "fail"), (NOBODY, None)]
)
def test_a_malformed_session_is_owed_a_reason(attempt: Attempt, verdict: str | None) -> None:
    assert of(malformed_session=attempt).get("t3.malformed_session") == verdict


@pytest.mark.parametrize(
    ("write", "verdict"),
    [
        (ForeignWrite(REFUSED), "pass"),
        (ForeignWrite(SERVED, heard="x", before=2, after=2), "pass"),
        (ForeignWrite(SERVED, heard="x", before=2, after=3), "fail"),
        (ForeignWrite(SERVED, heard=None, before=2, after=2), None),
        (ForeignWrite(SERVED), None),
        (ForeignWrite(NOBODY), None),
    ],
)
def test_a_foreign_socket_must_have_said_something_to_show_anything(
    write: ForeignWrite, verdict: str | None
) -> None:
    assert of(foreign_write=write).get("t3.foreign_write") == verdict


REVOKED = Revoked(AT, attempt=REFUSED, rest_status=401, closed_after_s=1.0, close_code=4401, watched_s=1.0)


@pytest.mark.parametrize(
    ("changes", "refused", "closed"),
    [
        ({}, "pass", "pass"),
        ({"attempt": SERVED}, "fail", "pass"),
        ({"rest_status": 200}, "fail", "pass"),
        ({"rest_status": None}, None, "pass"),
        ({"attempt": NOBODY}, None, "pass"),
        ({"closed_after_s": None, "close_code": None, "watched_s": 15.0}, "pass", "fail"),
        ({"closed_after_s": None, "close_code": None, "watched_s": 3.0}, "pass", None),
    ],
)
def test_a_revoked_account(changes: dict[str, Any], refused: str | None, closed: str | None) -> None:
    found = of(revoked=replace(REVOKED, **changes))
    assert (found.get("t3.revoked_refused"), found.get("t3.revoked_closed")) == (refused, closed)


def test_an_account_that_could_not_be_tried() -> None:
    assert of(revoked=Revoked(AT, refused="server_unreachable")) == {}
