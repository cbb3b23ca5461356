"""``realtime_mode``: true while any connection of the session is open, whatever ends the others."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Account, Server


def off(session: dict[str, Any]) -> bool:
    return session["realtime_mode"] is False


async def test_false_then_true_then_false(admin: Account, upstream: Upstream) -> None:
    session_id = admin.start_session()
    assert admin.session(session_id)["realtime_mode"] is False
    async with admin.ready_relay(session_id):
        assert admin.session(session_id)["realtime_mode"] is True
        listed = admin.get("/api/session/list/").json()["results"]
        assert [entry["realtime_mode"] for entry in listed if entry["id"] == session_id] == [True]
    await admin.session_when(session_id, off)


async def test_not_true_before_the_upstream_has_answered(admin: Account, upstream: Upstream) -> None:
    session_id = admin.start_session()
    async with admin.relay(session_id) as client:
        assert (await client.event())["type"] == "session.created"
        assert admin.session(session_id)["realtime_mode"] is True
    await admin.session_when(session_id, off)


async def test_closing_one_of_two_leaves_it_true(admin: Account, upstream: Upstream) -> None:
    session_id = admin.start_session()
    async with admin.ready_relay(session_id):
        async with admin.ready_relay(session_id):
            pass
        # The far end of the first has seen its close: the server has dealt with it.
        assert await asyncio.to_thread(upstream.closed.get, timeout=10) == 1000
        assert admin.session(session_id)["realtime_mode"] is True
    await admin.session_when(session_id, off)


async def test_a_client_that_vanishes(admin: Account, upstream: Upstream) -> None:
    session_id = admin.start_session()
    async with admin.ready_relay(session_id) as client:
        client.connection.transport.abort()
        await admin.session_when(session_id, off)


async def test_a_session_without_connection_is_not_affected(admin: Account, upstream: Upstream) -> None:
    bystander = admin.start_session()
    async with admin.ready_relay(admin.start_session()):
        assert admin.session(bystander)["realtime_mode"] is False


async def test_it_cannot_be_written(admin: Account) -> None:
    assert admin.session(admin.start_session(realtime_mode=True))["realtime_mode"] is False


async def test_false_at_once_after_kill_and_restart(
    start_server: Callable[..., Server], upstream: Upstream
) -> None:
    server = start_server(SALESMIND_LEASE_SECONDS="3600")
    admin = server.log_in()
    session_id = admin.start_session()
    async with admin.ready_relay(session_id):
        assert admin.session(session_id)["realtime_mode"] is True
        server.stop(signal.SIGKILL)
    server.start()
    assert admin.session(session_id)["realtime_mode"] is False
    async with admin.ready_relay(session_id):
        assert admin.session(session_id)["realtime_mode"] is True


async def test_a_clean_stop_says_so_to_the_client(
    start_server: Callable[..., Server], upstream: Upstream
) -> None:
    server = start_server(SALESMIND_LEASE_SECONDS="3600")
    admin = server.log_in()
    session_id = admin.start_session()
    async with admin.ready_relay(session_id) as client:
        assert server.stop(signal.SIGTERM) == 0
        _events, close_code, _reason = await client.ending()
    assert close_code == 1012
    assert list((server.directory / "workers").iterdir()) == []
    server.start()
    assert admin.session(session_id)["realtime_mode"] is False


async def test_a_worker_that_died_elsewhere(admin: Account, server: Server) -> None:
    """Its lock file is on another host, so only its heartbeat tells; the default lease is 15 s."""
    session_id = admin.start_session()
    columns = "id, session_id, worker, opened_at, heartbeat_at"
    statement = f"INSERT INTO spin_connectionlease ({columns}) VALUES (?, ?, ?, ?, ?)"
    key = session_id.replace("-", "")
    for age, expected in ((5, True), (20, False)):
        beat = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%d %H:%M:%S.%f")
        server.execute("DELETE FROM spin_connectionlease")
        server.execute(statement, "0" * 32, key, "a-worker-elsewhere", beat, beat)
        assert admin.session(session_id)["realtime_mode"] is expected


async def test_a_suspended_worker_gets_its_lease_back(admin: Account, upstream: Upstream) -> None:
    """Another worker has dropped it meanwhile; the connection is still open, so the mode is still true."""
    session_id = admin.start_session()
    async with admin.ready_relay(session_id):
        admin.server.execute("DELETE FROM spin_connectionlease")
        await admin.session_when(session_id, lambda session: session["realtime_mode"] is True)
    await admin.session_when(session_id, off)
