"""The REST client against a server on loopback that answers as salesmind-api.md says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from api_client import errors as er
from api_client.models import NewSession
from api_client.rest import FINISH_TIMEOUT_S, SalesMindClient

ID = "0b1c2d3e-0000-4000-8000-000000000000"
SESSION: dict[str, Any] = {
    "id": ID,
    "user": 1,
    "mode": "simple",
    "realtime_mode": True,
    "industry": "製造業",
    "value_proposition": "在庫を半分にします",
    "customer_persona": None,
    "customer_pain": None,
    "status": "active",
    "started_at": "2026-11-22T11:33:00.123456Z",
    "created_at": "2026-11-22T11:33:00.123456Z",
    "finished_at": None,
    "company": None,
    "company_analysis": None,
    "success_probability": 55,
    "last_analysis_reason": None,
    "current_spin_stage": "P",
    "a_field_of_tomorrow": {"x": 1},
}
MESSAGE = {
    "id": 7,
    "role": "salesperson",
    "message": "こんにちは",
    "sequence": 1,
    "created_at": "2026-11-22T11:34:00.000000Z",
    "success_delta": 5,
    "analysis_summary": None,
    "spin_stage": "S",
    "stage_evaluation": "advance",
    "system_notes": None,
}
FINISHED = {
    "session_id": ID,
    "report_id": 3,
    "status": "finished",
    "finished_at": "2026-11-22T11:40:00.000000+00:00",
    "spin_scores": {"total": 71, "exploration": 15},
    "feedback": "よく聞けています。",
    "next_actions": "見積もりを送る。",
}

Start = Callable[..., Awaitable[Any]]
Answer = Callable[..., bytes]


async def test_health_is_asked_without_the_token_and_timed(
    http_server: Start, answer: Answer, token: str
) -> None:
    server = await http_server(lambda _: answer(200, {"status": "ok"}))
    async with SalesMindClient(server.url, token=token, language="ja") as client:
        health = await client.health()
    assert health.status == "ok"
    assert 0 < health.round_trip_ms < 10_000
    assert server.asked[0].path == "/api/health/"
    assert "authorization" not in server.asked[0].headers
    assert server.asked[0].headers["accept-language"] == "ja"


async def test_login_keeps_the_token_for_later_and_out_of_sight(
    http_server: Start, answer: Answer, token: str
) -> None:
    def script(asked: Any) -> bytes:
        if asked.path == "/api/auth/login/":
            user = {"id": 1, "username": "admin", "email": "a@example.org"}
            return answer(200, {"message": "ok", "token": token, "user": user})
        return answer(200, {"count": 1, "page": 2, "page_size": 5, "results": [SESSION]})

    server = await http_server(script)
    async with SalesMindClient(server.url) as client:
        login = await client.login("admin", "pässword")
        page = await client.list_sessions(page=2, page_size=5)
        assert token not in repr(login) + str(login) + repr(client)
    assert (login.token, login.user.username, client.token) == (token, "admin", token)
    assert json.loads(server.asked[0].body) == {"username": "admin", "password": "pässword"}
    assert "authorization" not in server.asked[0].headers
    assert server.asked[1].headers["authorization"] == f"Token {token}"
    assert server.asked[1].path == "/api/session/list/?page=2&page_size=5"
    assert (page.count, page.page, page.results[0].id) == (1, 2, ID)


async def test_a_page_below_one_is_never_asked_for(http_server: Start, answer: Answer) -> None:
    server = await http_server(lambda _: answer(200, {"count": 0, "page": 1, "page_size": 1, "results": []}))
    async with SalesMindClient(server.url) as client:
        await client.list_sessions(page=0, page_size=-3)
    assert server.asked[0].path == "/api/session/list/?page=1&page_size=1"


async def test_starting_a_session_sends_only_what_was_filled_in(http_server: Start, answer: Answer) -> None:
    server = await http_server(lambda _: answer(201, SESSION))
    async with SalesMindClient(server.url) as client:
        session = await client.start_session(
            NewSession(value_proposition="在庫を半分にします", industry="製造業")
        )
    assert json.loads(server.asked[0].body) == {
        "value_proposition": "在庫を半分にします",
        "industry": "製造業",
    }
    assert (session.realtime_mode, session.success_probability, session.current_spin_stage) == (True, 55, "P")
    assert session.started_at == datetime(2026, 11, 22, 11, 33, 0, 123456, tzinfo=UTC)


async def test_a_session_comes_with_its_turns_and_report(http_server: Start, answer: Answer) -> None:
    report = {"id": 3, "session_id": ID, "spin_scores": {"total": 71}, "feedback": "f", "next_actions": "n"}
    body = {**SESSION, "messages": [MESSAGE], "report": report}
    server = await http_server(lambda _: answer(200, body))
    async with SalesMindClient(server.url) as client:
        detail = await client.get_session(ID)
    assert server.asked[0].path == f"/api/session/{ID}/"
    assert [(turn.role, turn.message) for turn in detail.messages] == [("salesperson", "こんにちは")]
    assert detail.report is not None
    assert detail.report.spin_scores == {"total": 71}


async def test_a_server_that_says_nothing_of_realtime_mode_is_not_believed_false(
    http_server: Start, answer: Answer
) -> None:
    server = await http_server(lambda _: answer(200, {"id": ID}))
    async with SalesMindClient(server.url) as client:
        assert (await client.get_session(ID)).realtime_mode is None


async def test_finishing_waits_longer_than_other_requests(http_server: Start, answer: Answer) -> None:
    assert FINISH_TIMEOUT_S >= 60
    server = await http_server(lambda asked: None if asked.method == "GET" else answer(200, FINISHED))
    # Too short for any request: only one with a limit of its own can come through.
    async with SalesMindClient(server.url, timeout_s=0.000_01) as client:
        with pytest.raises(er.ServerTimeout):
            await client.get_session(ID)
        finished = await client.finish_session(ID)
    assert json.loads(server.asked[-1].body) == {"session_id": ID}
    assert (finished.report_id, finished.spin_scores["total"]) == (3, 71)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": "Unauthorized", "message": "違います"}, er.BadCredentials),
        (403, {"error": "Forbidden", "message": "止められています"}, er.AccountRefused),
        (
            400,
            {"error": "Validation failed", "details": {"username": ["必須"], "password": []}},
            er.ValidationFailed,
        ),
        (429, {"detail": "slow down"}, er.RateLimited),
        (500, {"detail": "boom"}, er.ServerFault),
    ],
)
async def test_login_errors(
    http_server: Start, answer: Answer, status: int, body: Any, kind: type[er.ApiError]
) -> None:
    server = await http_server(lambda _: answer(status, body))
    async with SalesMindClient(server.url) as client:
        with pytest.raises(kind) as caught:
            await client.login("admin", "x")
    assert (type(caught.value), caught.value.status) == (kind, status)
    assert client.token is None


async def test_an_unverified_address_is_told_apart_from_a_stopped_account(
    http_server: Start, answer: Answer
) -> None:
    body = {"error": "Forbidden", "message": "確認", "email_verification_required": True}
    server = await http_server(lambda _: answer(403, body))
    async with SalesMindClient(server.url) as client:
        with pytest.raises(er.AccountRefused) as caught:
            await client.login("admin", "x")
    assert caught.value.email_verification_required
    assert caught.value.code == "email_not_verified"
    assert caught.value.summary == "確認"
    body.pop("email_verification_required")
    async with SalesMindClient(server.url) as client:
        with pytest.raises(er.AccountRefused) as caught:
            await client.login("admin", "x")
    assert caught.value.code == "account_refused"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, {"detail": "Invalid token."}, er.NotAuthenticated, "not_authenticated"),
        (403, {"detail": "no"}, er.Forbidden, "forbidden"),
        (404, {"detail": "no such"}, er.NotFound, "not_found"),
        (404, "<h1>Not Found</h1>", er.NotFound, "not_found"),
        (400, {"detail": "no messages"}, er.ValidationFailed, "validation_failed"),
        (500, "<h1>Server Error (500)</h1>", er.ServerFault, "server_fault"),
        (408, {"detail": "busy"}, er.ServerFault, "server_fault"),
        (425, "<h1>Too early</h1>", er.ServerFault, "server_fault"),
        (502, "<h1>Bad Gateway</h1>", er.ServerFault, "server_fault"),
        (400, "<h1>Bad Request (400)</h1>", er.UnexpectedAnswer, "unexpected_answer"),
        (418, {"detail": "teapot"}, er.UnexpectedAnswer, "unexpected_answer"),
        (200, "<h1>Welcome to nginx!</h1>", er.UnexpectedAnswer, "unexpected_answer"),
        (200, {"hello": "world"}, er.UnexpectedAnswer, "unexpected_answer"),
        (200, [1], er.UnexpectedAnswer, "unexpected_answer"),
    ],
)
async def test_errors_of_one_session(
    http_server: Start, answer: Answer, status: int, body: Any, kind: type[er.ApiError], code: str
) -> None:
    server = await http_server(lambda _: answer(status, body, html=isinstance(body, str)))
    async with SalesMindClient(server.url) as client:
        with pytest.raises(er.ApiError) as caught:
            await client.get_session(ID)
    assert (type(caught.value), caught.value.code) == (kind, code)
    detail = body.get("detail") if isinstance(body, dict) else None
    assert caught.value.summary == (detail if status not in (200, 418) else None)


async def test_a_page_at_the_health_address_is_another_program(http_server: Start, answer: Answer) -> None:
    server = await http_server(lambda _: answer(404, "<h1>Not Found</h1>", html=True))
    async with SalesMindClient(server.url) as client:
        with pytest.raises(er.UnexpectedAnswer):
            await client.health()


@pytest.mark.parametrize("body", ["<h1>Not Found</h1>", {"detail": "No such path."}])
async def test_a_wrong_path_is_no_missing_session(http_server: Start, answer: Answer, body: Any) -> None:
    """``http://host/api``, for which the API of this very server is asked for ``/api/api/...``."""
    server = await http_server(lambda _: answer(404, body, html=isinstance(body, str)))
    async with SalesMindClient(f"{server.url}/api") as client:
        for attempt in (
            client.health(),
            client.login("admin", "x"),
            client.list_sessions(),
            client.start_session(NewSession(value_proposition="x")),
        ):
            with pytest.raises(er.UnexpectedAnswer) as caught:
                await attempt
            assert "check the address" in str(caught.value)


@pytest.mark.parametrize("attempt", ["username", "password", "industry"])
async def test_bytes_of_another_encoding_are_not_sent(
    http_server: Start, answer: Answer, attempt: str
) -> None:
    server = await http_server(lambda _: answer(200, {}))
    said = {"username": "admin", "password": "x", attempt: "caf\udce9"}
    async with SalesMindClient(server.url) as client:
        with pytest.raises(er.NotText) as caught:
            if attempt == "industry":
                await client.start_session(NewSession(value_proposition="x", industry=said["industry"]))
            else:
                await client.login(said["username"], said["password"])
    assert caught.value.params == {"name": attempt}
    assert caught.value.__context__ is None  # which would hold the password
    assert server.asked == []


async def test_the_servers_field_messages_come_through(http_server: Start, answer: Answer) -> None:
    server = await http_server(
        lambda _: answer(400, {"value_proposition": ["短すぎます"], "company_id": "ありません"})
    )
    async with SalesMindClient(server.url) as client:
        with pytest.raises(er.ValidationFailed) as caught:
            await client.start_session(NewSession(value_proposition="x"))
    assert caught.value.fields == {"value_proposition": ("短すぎます",), "company_id": ("ありません",)}


async def test_a_pause_that_the_server_names_is_kept(http_server: Start, answer: Answer) -> None:
    server = await http_server(lambda _: answer(429, {"detail": "wait"}, headers={"Retry-After": "7"}))
    async with SalesMindClient(server.url) as client:
        with pytest.raises(er.RateLimited) as caught:
            await client.health()
    assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize("session_id", ["", "../../health", "a/b", "a?b", "日本"])
async def test_an_id_that_would_change_the_path_is_not_sent(
    http_server: Start, answer: Answer, session_id: str
) -> None:
    server = await http_server(lambda _: answer(200, SESSION))
    async with SalesMindClient(server.url) as client:
        with pytest.raises(er.NotFound):
            await client.get_session(session_id)
    assert server.asked == []
