"""Runs the acceptance procedure against a server and says what happens while it does."""

from __future__ import annotations

from acceptance.progress import Emit
from acceptance.request import CheckRequest, Operator, RestartServer
from acceptance.results import RunResult


async def run_check(
    request: CheckRequest,
    emit: Emit,
    *,
    operator: Operator | None = None,
    restart_server: RestartServer | None = None,
) -> RunResult:
    """Run the selected tests; the result was emitted last.

    What the server does wrong is in the answers. Raises ``ApiError`` when no session can be started, so that
    nothing can be tested at all. Cancelling it ends the conversation it holds, cleans up, and emits the
    result of what was answered until then with ``aborted`` set, before ``CancelledError`` goes on.
    """
    raise NotImplementedError
