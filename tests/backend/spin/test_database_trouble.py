"""What becomes of conversations while the database fails: they end in order, and lose no more than they must."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Account, Server


@contextmanager
def without_table(server: Server, table: str) -> Iterator[None]:
    """Statements that touch ``table`` fail meanwhile."""
    server.execute(f"ALTER TABLE {table} RENAME TO {table}_elsewhere")
    try:
        yield
    finally:
        server.execute(f"ALTER TABLE {table}_elsewhere RENAME TO {table}")


async def end_when_told(connection: Any) -> None:
    """An upstream that closes when it hears anything."""
    await connection.send('{"type": "session.created"}')
    await connection.recv()
    await connection.close(1011, "as told")


async def test_the_client_is_told_of_a_lost_upstream_all_the_same(admin: Account, upstream: Upstream) -> None:
    upstream.handler = end_when_told
    session_id = admin.start_session()
    async with admin.ready_relay(session_id) as client:
        with without_table(admin.server, "spin_connectionlease"):
            await client.send({"type": "end"})
            events, close_code, _reason = await client.ending()
    assert (events[-1]["error"]["code"], close_code) == ("upstream_closed", 4002)


async def test_the_upstream_is_closed_all_the_same(admin: Account, upstream: Upstream) -> None:
    session_id = admin.start_session()
    with without_table(admin.server, "spin_connectionlease"):
        async with admin.relay(session_id) as client:
            events, close_code, _reason = await client.ending()
    assert (events[-1]["error"]["code"], close_code) == ("internal_error", 1011)
    assert upstream.closed.get(timeout=10) == 1000


async def test_a_transcript_waits_for_the_database(admin: Account, upstream: Upstream) -> None:
    done = json.dumps({"type": "response.output_audio_transcript.done", "transcript": "はい"})
    upstream.handler = upstream.saying('{"type": "session.created"}', done, '{"type": "after"}')
    session_id = admin.start_session()
    async with admin.relay(session_id) as client:
        with without_table(admin.server, "spin_message"):
            await client.until("after")
            admin.server.wait_for_log(f"Session {session_id}: the database takes no transcripts")
        session = await admin.session_when(session_id, lambda session: bool(session["messages"]))
    assert [message["message"] for message in session["messages"]] == ["はい"]


async def test_a_transcript_that_waits_does_not_keep_the_client_waiting(
    admin: Account, upstream: Upstream
) -> None:
    done = json.dumps({"type": "response.output_audio_transcript.done", "transcript": "はい"})
    upstream.handler = upstream.saying('{"type": "session.created"}', done, close=(1011, "gone"))
    session_id = admin.start_session()
    with without_table(admin.server, "spin_message"):
        async with admin.relay(session_id) as client:
            _events, close_code, _reason = await client.ending()
        assert close_code == 4002
        assert f"WebSocket closed: session={session_id}" not in admin.server.log.read_text(encoding="utf-8")
    session = await admin.session_when(session_id, lambda session: bool(session["messages"]))
    assert session["realtime_mode"] is False


async def test_health_tells_when_leases_lapse_under_open_connections(
    start_server: Callable[..., Server], upstream: Upstream
) -> None:
    server = start_server(SALESMIND_LEASE_SECONDS="3")
    admin = server.log_in()
    async with admin.ready_relay(admin.start_session()):
        with without_table(server, "spin_connectionlease"):
            answer = await answer_when(server, lambda answer: answer.status_code == 503)
            assert answer.json()["status"] == "unavailable"
            assert answer.json()["detail"]
        await answer_when(server, lambda answer: answer.status_code == 200)


async def answer_when(server: Server, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
    """What ``/api/health/`` answers, asked for until ``holds``."""
    async with asyncio.timeout(30):
        while not holds(answer := await asyncio.to_thread(server.http.get, "/api/health/")):
            pass
    return answer


# Django can be set up once per process, so this one gets its own.
PROGRAM = """
import asyncio, json, uuid, django
django.setup()
from channels.db import database_sync_to_async
from backend import migration
from backend.spin import upstream
from backend.spin.admission import Admission
from backend.spin.conversation import Conversation
from backend.spin.models import Session, User

class Client:
    async def receive(self): await asyncio.Event().wait()
    async def send(self, message): pass
    async def close(self, code, reason, event): print(json.loads(event)["error"]["code"], code)

class Upstream:
    async def close(self): print("upstream closed")

async def dial():
    return Upstream()

def session():
    migration.migrate()
    user = User.objects.create_user("somebody", None)
    return Admission("token", user.pk, "somebody", Session.objects.create(user=user).pk)

async def main():
    upstream.dial = dial
    admission = await database_sync_to_async(session)()
    await Conversation(Client(), admission, "en").run()

asyncio.run(main())
"""


def test_no_place_for_the_lock_file_is_not_taken_for_a_client_that_left(tmp_path: Path) -> None:
    (tmp_path / "workers").write_text("in the way")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backend.settings",
        "SALESMIND_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["internal_error 1011", "upstream closed"], done.stderr
