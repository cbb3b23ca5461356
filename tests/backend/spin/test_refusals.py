"""Who is not let in, and that they are told: an event, then a close code, never a bare HTTP answer."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Account, Server


async def refusal(server: Server, path: str, **options: Any) -> tuple[str, int | None]:
    """Error code and close code of a connection that is refused."""
    async with server.websocket(path, **options) as client:
        events, close_code, reason = await client.ending()
    assert len(events) == 1
    assert events[0]["type"] == "error"
    assert events[0]["error"]["message"]
    assert reason == events[0]["error"]["code"]
    return events[0]["error"]["code"], close_code


async def test_no_token(server: Server) -> None:
    assert await refusal(server, "/ws/realtime/") == ("token_missing", 4401)


@pytest.mark.parametrize(
    "path", ["/ws/realtime/?token=" + "0" * 40, "/ws/realtime/?token=%00", "/ws/realtime/?token=é"]
)
async def test_bad_token(server: Server, path: str) -> None:
    from urllib.parse import quote

    assert await refusal(server, quote(path, safe="/?=%")) == ("token_invalid", 4401)


async def test_a_bearer_header_is_no_token(admin: Account) -> None:
    headers = {"Authorization": f"Bearer {admin.token}"}
    assert await refusal(admin.server, "/ws/realtime/", additional_headers=headers) == ("token_missing", 4401)


async def test_the_header_goes_before_the_query(admin: Account, upstream: Upstream) -> None:
    async with admin.server.websocket(
        "/ws/realtime/?token=wrong", additional_headers=admin.headers
    ) as client:
        assert (await client.event())["type"] == "session.created"
    headers = {"Authorization": "Token " + "0" * 40}
    path = f"/ws/realtime/?token={admin.token}"
    assert await refusal(admin.server, path, additional_headers=headers) == ("token_invalid", 4401)


@pytest.mark.parametrize("scheme", ["Token", "token", "TOKEN"])
async def test_the_scheme_in_any_case(admin: Account, upstream: Upstream, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {admin.token}"}
    async with admin.server.websocket("/ws/realtime/", additional_headers=headers) as client:
        assert (await client.event())["type"] == "session.created"


async def test_a_malformed_session_id(admin: Account) -> None:
    path = "/ws/realtime/?session_id=not-a-uuid"
    assert await refusal(admin.server, path, additional_headers=admin.headers) == (
        "session_id_malformed",
        4400,
    )


async def test_an_unknown_session(admin: Account) -> None:
    path = f"/ws/realtime/?session_id={uuid.uuid4()}"
    assert await refusal(admin.server, path, additional_headers=admin.headers) == ("session_not_found", 4404)


async def test_a_session_of_another_user(admin: Account, server: Server) -> None:
    stranger = server.add_user("stranger")
    session_id = admin.start_session()
    path = f"/ws/realtime/?session_id={session_id}"
    assert await refusal(server, path, additional_headers=stranger.headers) == ("session_not_found", 4404)
    assert admin.session(session_id)["realtime_mode"] is False


async def test_a_finished_session(admin: Account, server: Server) -> None:
    session_id = admin.start_session()
    server.execute("UPDATE spin_session SET status = 'finished' WHERE id = ?", uuid.UUID(session_id).hex)
    path = f"/ws/realtime/?session_id={session_id}"
    assert await refusal(server, path, additional_headers=admin.headers) == ("session_finished", 4409)


async def test_another_path_is_explained(server: Server) -> None:
    assert await refusal(server, "/ws/realtime") == ("path_not_found", 4404)
    assert await refusal(server, "/elsewhere/") == ("path_not_found", 4404)


async def test_a_page_of_another_origin(admin: Account) -> None:
    options = {"additional_headers": admin.headers, "origin": "https://evil.example"}
    assert await refusal(admin.server, "/ws/realtime/", **options) == ("origin_not_allowed", 4403)


async def test_the_servers_own_origin(admin: Account, upstream: Upstream) -> None:
    async with admin.relay(origin=admin.server.url) as client:
        assert (await client.event())["type"] == "session.created"


async def test_a_host_that_is_not_served(admin: Account) -> None:
    """DNS rebinding: the page's own origin, by a name that was pointed at this machine."""
    async with admin.server.websocket("/ws/realtime/", additional_headers=admin.headers) as client:
        await client.event()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(admin.server.url.rpartition(":")[2]))
    writer.write(
        b"GET /ws/realtime/ HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nAuthorization: Token "
        + admin.token.encode()
        + b"\r\n\r\n"
    )
    answer = await asyncio.wait_for(reader.read(), 15)
    writer.close()
    assert b'"host_not_allowed"' in answer
    assert b"session.created" not in answer


async def test_words_in_the_language_that_was_asked_for(server: Server) -> None:
    sentences = []
    for language in ("en-US,en;q=0.9", "ja", ""):
        async with server.websocket(
            "/ws/realtime/", additional_headers={"Accept-Language": language}
        ) as client:
            sentences.append((await client.event())["error"]["message"])
    assert sentences[0].isascii()
    assert "トークン" in sentences[1]
    assert sentences[2] == sentences[1]


async def test_a_deactivated_account_is_refused_over_both(server: Server, upstream: Upstream) -> None:
    person = server.add_user("deactivated")
    server.execute("UPDATE spin_user SET is_active = 0 WHERE id = ?", person.user_id)
    assert await refusal(server, "/ws/realtime/", additional_headers=person.headers) == (
        "token_invalid",
        4401,
    )
    assert person.get("/api/session/list/").status_code == 401


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM spin_token WHERE user_id = ?", "UPDATE spin_user SET is_active = 0 WHERE id = ?"],
    ids=["token deleted", "account deactivated"],
)
async def test_revocation_closes_open_sockets(server: Server, upstream: Upstream, statement: str) -> None:
    person = server.add_user("revoked" + statement[:6])
    session_id = person.start_session()
    async with person.ready_relay(session_id) as client:
        server.execute(statement, person.user_id)
        events, close_code, _reason = await client.ending()
    assert (events[-1]["error"]["code"], close_code) == ("token_revoked", 4401)


def delete_account(server: Server, account: Account) -> None:
    """As Django's own ``delete()`` does: what refers to it first."""
    sessions = "(SELECT id FROM spin_session WHERE user_id = ?)"
    server.execute(f"DELETE FROM spin_connectionlease WHERE session_id IN {sessions}", account.user_id)
    for table in ("spin_session", "spin_token"):
        server.execute(f"DELETE FROM {table} WHERE user_id = ?", account.user_id)
    server.execute("DELETE FROM spin_user WHERE id = ?", account.user_id)


async def test_a_deleted_account_is_closed_and_nobody_else(
    admin: Account, server: Server, upstream: Upstream
) -> None:
    person, mine = server.add_user("deleted"), admin.start_session()
    async with admin.ready_relay(mine), person.ready_relay(person.start_session()) as client:
        delete_account(server, person)
        events, close_code, _reason = await client.ending()
        assert (events[-1]["error"]["code"], close_code) == ("token_revoked", 4401)
        # A lease that is taken out anew shows that the keeper still does its rounds.
        server.execute("DELETE FROM spin_connectionlease")
        await admin.session_when(mine, lambda session: session["realtime_mode"] is True)
        assert server.http.get("/api/health/").status_code == 200


@pytest.mark.parametrize("leases", ["gone", "left behind"])
async def test_a_deleted_session_is_closed_and_no_other(
    admin: Account, server: Server, upstream: Upstream, leases: str
) -> None:
    deleted, kept = admin.start_session(), admin.start_session()
    async with admin.ready_relay(kept), admin.ready_relay(deleted) as client:
        key = uuid.UUID(deleted).hex
        if leases == "gone":
            server.execute("DELETE FROM spin_connectionlease WHERE session_id = ?", key)
        server.execute("DELETE FROM spin_session WHERE id = ?", key)
        events, close_code, _reason = await client.ending()
        assert (events[-1]["error"]["code"], close_code) == ("session_not_found", 4404)
        server.execute("DELETE FROM spin_connectionlease")
        await admin.session_when(kept, lambda session: session["realtime_mode"] is True)


async def test_others_are_not_disturbed_by_a_revocation(
    admin: Account, server: Server, upstream: Upstream
) -> None:
    person = server.add_user("one-of-two")
    async with admin.ready_relay() as undisturbed, person.ready_relay() as client:
        server.execute("DELETE FROM spin_token WHERE user_id = ?", person.user_id)
        await client.ending()
        await undisturbed.send({"type": "still here"})
        assert await upstream.next_message() == {"type": "still here"}


async def test_a_database_that_fails_is_said_too(admin: Account, server: Server) -> None:
    server.execute("ALTER TABLE spin_token RENAME TO spin_token_elsewhere")
    try:
        assert await refusal(server, "/ws/realtime/", additional_headers=admin.headers) == (
            "internal_error",
            1011,
        )
    finally:
        server.execute("ALTER TABLE spin_token_elsewhere RENAME TO spin_token")
