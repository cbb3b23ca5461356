"""A server with one defect turns the checkpoint for it red, and nothing passes that should not.

Every run has a server and a conversation process of its own and mostly waits, so a few go on at a time.
The table of ``docs/acceptance.md`` is held to these cases below.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from acceptance.checkpoints import CHECKPOINTS, checkpoints_of

ROOT = Path(__file__).parents[2]
AT_A_TIME = 4
UNTOUCHED = {
    point.id: "not_applicable"
    for point in CHECKPOINTS
    if point.operator
    or point.id
    in {
        "t3.finished_session", "t3.revoked_refused", "t3.revoked_closed", "t4.upstream_lost", "t4.wrong_logins",
    }
}  # fmt: skip
"""Without a person, and without what a run must be allowed."""


def expected(test: int, *, fail: str, not_run: set[str]) -> dict[str, str]:
    """Everything passes but ``fail`` and what can no longer be known."""
    verdicts = {point.id: UNTOUCHED.get(point.id, "pass") for point in checkpoints_of(test)}
    assert {fail, *not_run} <= set(verdicts)
    return {**verdicts, **dict.fromkeys(not_run, "not_run"), fail: "fail"}


CONNECTION: dict[str, tuple[str, set[str]]] = {
    "handshake_refused": (
        "t1.websocket_accepted",
        {"t1.session_created", "t1.session_update_once", "t1.session_updated", "t1.audio_ready", "t1.order"},
    ),
    "no_created": (
        "t1.session_created",
        {"t1.session_update_once", "t1.session_updated", "t1.audio_ready", "t1.order"},
    ),
    "no_updated": ("t1.session_updated", {"t1.audio_ready", "t1.order"}),
    "close_after_updated": ("t1.audio_ready", set()),
    "updated_unasked": ("t1.order", set()),
}
STREAMING: dict[str, tuple[str, set[str]]] = {
    "loses_audio": ("t2.sample_rate", set()),
    "no_answer": (
        "t2.answer_received",
        {"t2.customer_transcript", "t2.answer_audible", "t2.response_latency"},
    ),
    "no_user_transcript": ("t2.user_transcript", set()),
    "no_customer_transcript": ("t2.customer_transcript", set()),
    "no_answer_audio": ("t2.answer_audible", {"t2.response_latency"}),
    "silent_answer": ("t2.answer_audible", set()),
    "late_answer": ("t2.response_latency", set()),
    "customer_not_stored": ("t2.stored_messages", set()),
}
MODE: dict[str, tuple[str, set[str]]] = {
    "mode_true_before": ("t3.mode_before", {"t3.mode_during"}),
    "mode_never_true": (
        "t3.mode_during",
        {"t3.mode_after", "t3.two_connections", "t3.killed", "t3.restarted"},
    ),
    "mode_not_reset": ("t3.mode_after", {"t3.two_connections", "t3.killed"}),
    "plain_flag": ("t3.two_connections", set()),
    "killed_stays": ("t3.killed", set()),
    "missing_token_accepted": ("t3.missing_token", set()),
    "wrong_token_accepted": ("t3.wrong_token", set()),
    "bare_403": ("t3.refusal_explained", set()),
    "unknown_accepted": ("t3.unknown_session", set()),
    "foreign_accepted": ("t3.foreign_session", set()),
    "foreign_readable": ("t3.foreign_read", set()),
    "flag_survives_restart": ("t3.restarted", set()),
    "malformed_accepted": ("t3.malformed_session", set()),
}
FAULTS: dict[str, tuple[str, set[str]]] = {
    "error_swallowed": ("t4.api_error", {"t4.survives_api_error"}),
    "closes_on_error": ("t4.survives_api_error", set()),
    "impatient": ("t4.pause", set()),
    "refuses_reconnect": ("t4.reconnected", {"t4.corrupt"}),
    "vanished_stays": ("t4.vanished", set()),
    "oversized_dropped": ("t4.oversized", set()),
    "any_rate": ("t4.audio_flood", set()),
    "html_errors": ("t4.json_errors", set()),
}


DEFECTS = {1: CONNECTION, 2: STREAMING, 3: MODE, 4: FAULTS}
CASES = [(test, defect) for test, defects in DEFECTS.items() for defect in defects]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcomes(check: Any) -> AsyncIterator[dict[tuple[int, str], asyncio.Task[Any]]]:
    """The finished run of each case."""
    turnstile = asyncio.Semaphore(AT_A_TIME)

    async def run(test: int, defect: str) -> Any:
        async with turnstile:
            if defect == "flag_survives_restart":
                return await check(test, restart="remembers")
            restart = "forgets" if test == 3 else None
            return await check(test, defects=[defect], restart=restart, latency_ms=900.0)

    runs = {case: asyncio.create_task(run(*case)) for case in CASES}
    await asyncio.wait(runs.values())
    yield runs


@pytest.mark.parametrize(("test", "defect"), CASES)
def test_one_defect_turns_one_checkpoint_red(outcomes: Any, test: int, defect: str) -> None:
    red, unknown = DEFECTS[test][defect]
    checked = outcomes[test, defect].result()
    left_out = {"t4.half_open"} if test == 4 else set()
    assert checked.verdicts == expected(test, fail=red, not_run=unknown | left_out)
    assert not checked.result.passed
    assert all(answer.evidence for answer in answers(checked) if answer.verdict in ("pass", "fail"))


def answers(checked: Any) -> list[Any]:
    return [answer for test in checked.result.tests for answer in test.answers]


HELPED: dict[str, tuple[tuple[int, ...], set[str]]] = {
    "foreign_writes": ((3,), {"t3.foreign_session", "t3.foreign_write"}),
    "finished_accepted": ((2, 3), {"t3.finished_session"}),
    "revoked_accepted": ((3,), {"t3.revoked_refused"}),
    "revoked_left_open": ((3,), {"t3.revoked_closed"}),
    "upstream_lost_silently": ((4,), {"t4.upstream_lost"}),
    "logins_unlimited": ((4,), {"t4.wrong_logins"}),
}
"""Where the run is allowed to finish, to revoke, to cut the upstream and to log in wrongly.

Who is let in to write is let in: that one turns two red.
"""


@pytest.mark.parametrize("defect", HELPED)
async def test_one_defect_turns_one_checkpoint_red_where_the_run_is_helped(check: Any, defect: str) -> None:
    tests, red = HELPED[defect]
    checked = await check(
        *tests, defects=[defect], helped=True, finish_sessions=True, try_wrong_logins=True, vanished_s=0.0,
        error_s=1.0,
    )  # fmt: skip
    left_out = {"t4.half_open", "t4.vanished", "t3.restarted"} | {p.id for p in CHECKPOINTS if p.operator}
    if 2 not in tests:
        left_out |= {"t3.finished_session"}
    verdicts = {name: verdict for name, verdict in checked.verdicts.items() if name not in left_out}
    assert verdicts == {name: "fail" if name in red else "pass" for name in verdicts}


EXISTING = ("plain_flag", "bare_403", "unknown_accepted", "foreign_accepted")
"""Four surprises of the server that people have (salesmind-api.md, section 4)."""


async def test_an_existing_server_passes_the_document_and_is_shown_its_defects(check: Any) -> None:
    checked = await check(3, defects=EXISTING)
    result = checked.result
    assert (result.document, result.beyond) == ("pass", "fail")
    red = {name for name, verdict in checked.verdicts.items() if verdict == "fail"}
    assert red == {MODE[defect][0] for defect in EXISTING}


def test_the_matrix_in_the_docs_is_this_one() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| `t[1-4]\.", line)
    ]
    by_id = {row[0].strip("`"): row for row in rows}
    assert list(by_id) == [point.id for point in CHECKPOINTS]
    for point in CHECKPOINTS:
        assert by_id[point.id][1] == point.ja
        assert by_id[point.id][2] == ("document" if point.origin == "document" else "beyond")
    for test, defect in CASES:
        assert f"`{defect}`" in by_id[DEFECTS[test][defect][0]][3]
    for defect, (_tests, red) in HELPED.items():
        assert all(f"`{defect}`" in by_id[name][3] for name in red - {"t3.foreign_session"})
    unproved = {point.id for point in CHECKPOINTS if not by_id[point.id][3] or not by_id[point.id][4]}
    assert unproved == set()
