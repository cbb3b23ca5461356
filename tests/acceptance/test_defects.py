"""A server with one defect turns the checkpoint for it red, and nothing passes that should not.

The table of ``docs/acceptance.md`` is held to these cases by ``test_matrix.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acceptance.checkpoints import checkpoints_of

NOT_RUN = "not_run"
UNTOUCHED = {"t2.operator_heard": "not_applicable", "t4.operator_microphone": "not_applicable"}


def expected(test: int, *, fail: str, not_run: set[str], **other: str) -> dict[str, str]:
    """Everything passes but ``fail`` and what can no longer be known."""
    verdicts = {point.id: UNTOUCHED.get(point.id, "pass") for point in checkpoints_of(test)}
    assert {fail, *not_run} <= set(verdicts)
    return {**verdicts, **dict.fromkeys(not_run, NOT_RUN), **other, fail: "fail"}


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
}
FAULTS: dict[str, tuple[str, set[str]]] = {
    "error_swallowed": ("t4.api_error", {"t4.survives_api_error"}),
    "closes_on_error": ("t4.survives_api_error", set()),
    "impatient": ("t4.pause", set()),
    "refuses_reconnect": ("t4.reconnected", {"t4.corrupt"}),
}


@pytest.mark.parametrize("defect", CONNECTION)
async def test_connection(check: Any, defect: str) -> None:
    red, unknown = CONNECTION[defect]
    checked = await check(1, defects={defect})
    assert checked.verdicts(1) == expected(1, fail=red, not_run=unknown)
    assert checked.result.minimum != "pass"
    assert not checked.result.passed


@pytest.mark.parametrize("defect", STREAMING)
async def test_streaming(check: Any, check_request: Any, defect: str) -> None:
    red, unknown = STREAMING[defect]
    limits = replace(check_request.limits, latency_ms=900.0, answer_s=1.5)
    checked = await check(2, defects={defect}, limits=limits)
    assert checked.verdicts(2) == expected(2, fail=red, not_run=unknown)


@pytest.mark.parametrize("defect", MODE)
async def test_mode(check: Any, served: Any, defect: str) -> None:
    red, unknown = MODE[defect]
    checked = await check(3, defects={defect}, restart_server=restarting(served))
    assert checked.verdicts(3) == expected(3, fail=red, not_run=unknown)


async def test_mode_after_a_restart(check: Any, served: Any) -> None:
    checked = await check(3, restart_server=restarting(served, forgets=False))
    assert checked.verdicts(3) == expected(3, fail="t3.restarted", not_run=set())


@pytest.mark.parametrize("defect", FAULTS)
async def test_faults(check: Any, defect: str) -> None:
    red, unknown = FAULTS[defect]
    checked = await check(4, defects={defect})
    assert checked.verdicts(4) == expected(4, fail=red, not_run=unknown | {"t4.half_open"})


async def test_a_server_without_defects_is_green(check: Any, check_request: Any, served: Any) -> None:
    limits = replace(check_request.limits, half_open_s=20.0)
    checked = await check(1, 2, 3, 4, restart_server=restarting(served), limits=limits)
    applies = {
        name: verdict for name, verdict in checked.verdicts(1, 2, 3, 4).items() if name not in UNTOUCHED
    }
    assert set(applies.values()) == {"pass"}
    result = checked.result
    assert (result.minimum, result.ideal, result.document, result.beyond) == ("pass",) * 4
    assert result.passed


def restarting(served: Any, *, forgets: bool = True) -> Any:
    """In place of a kill: every connection is over; ``forgets``: no flag survives."""

    async def restart() -> str:
        for lines in served.app.open.values():
            for line in lines:
                await line.tell({"type": "websocket.close", "code": 1012})
        await served.app.all_closed()
        served.app.stuck = set() if forgets else set(served.app.sessions)
        return str(served.url)

    return restart
