"""Visitors of a demo box: let in on the word of the box, and gone without a trace."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backend.spin.running_server import Account, Server

SECRET = "s" * 43
BOX = {"Authorization": f"Box {SECRET}"}
VISITORS = "/api/box/visitors/"
LEASE_S = 2.0
TABLES = ("spin_session", "spin_message", "spin_connectionlease")
WORDS = "unmistakable-words-of-a-visitor"


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("box") / "box.secret"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def box(start_server: Callable[..., Server], secret_file: Path) -> Server:
    """A box with two places and one seat to wait."""
    return start_server(
        SALESMIND_BOX_SECRET_FILE=str(secret_file),
        SALESMIND_VISITORS="2",
        SALESMIND_VISITOR_QUEUE="1",
        SALESMIND_VISIT_LEASE_SECONDS=str(LEASE_S),
    )


@pytest.fixture(autouse=True)
def nobody(box: Server) -> Iterator[None]:
    yield
    for visitor in _overview(box)["visitors"]:
        box.http.delete(f"{VISITORS}{visitor['id']}/", headers=BOX)


def _overview(box: Server) -> dict[str, Any]:
    answer = box.http.get(VISITORS, headers=BOX)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _arrive(box: Server, **given: Any) -> dict[str, Any]:
    answer = box.http.post(VISITORS, headers=BOX, json=given)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def _report(box: Server, visit: dict[str, Any], **news: Any) -> httpx.Response:
    return box.http.post(f"{VISITORS}{visit['id']}/", headers=BOX, json=news)


def _account(box: Server, visit: dict[str, Any]) -> Account:
    return Account(box, visit["token"], 0)


def _new_session(box: Server, visit: dict[str, Any]) -> str:
    answer = box.http.post(
        "/api/session/start/",
        headers={"Authorization": f"Token {visit['token']}"},
        json={"industry": "Shops", "value_proposition": WORDS},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "the awaited state did not come"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "path", [VISITORS, f"{VISITORS}{'0' * 8}-0000-0000-0000-{'0' * 12}/", "/api/box/message/"]
)
def test_without_a_secret_there_is_no_box(server: Server, path: str) -> None:
    for headers in ({}, BOX, {"Authorization": "Box x"}):
        assert server.http.post(path, headers=headers, json={}).status_code == 404
    assert server.http.get("/api/health/").json() == {"status": "ok"}


def test_only_the_box_may_let_visitors_in(box: Server) -> None:
    admin = box.log_in()
    wrong: tuple[dict[str, Any], ...] = (
        {},
        admin.headers,
        {"Authorization": "Box wrong"},
        {"Authorization": "Box"},
        {"Authorization": f"Token {SECRET}"},
        {"Authorization": f"Box {SECRET}x"},
        {"Authorization": "Box ÿ".encode("latin-1")},
    )
    for headers in wrong:
        for method, path in (("GET", VISITORS), ("POST", VISITORS), ("POST", "/api/box/message/")):
            assert box.http.request(method, path, headers=headers).status_code == 401, headers
    assert _overview(box)["now"] == 0


def test_a_visitor_has_an_account_of_their_own_that_nobody_can_log_in_to(box: Server) -> None:
    one, two = _arrive(box, language="ja"), _arrive(box, language="en")
    assert one["username"] != two["username"]
    session = _new_session(box, one)
    assert _account(box, one).get("/api/session/list/").json()["count"] == 1
    assert _account(box, two).get("/api/session/list/").json()["count"] == 0
    assert _account(box, two).get(f"/api/session/{session}/").status_code == 404
    for password in ("", "!", "admin123", one["token"]):
        answer = box.http.post("/api/auth/login/", json={"username": one["username"], "password": password})
        assert answer.status_code in (400, 401)


def test_the_end_of_a_visit_leaves_nothing(box: Server) -> None:
    visit = _arrive(box)
    session = _new_session(box, visit)
    assert box.http.delete(f"{VISITORS}{visit['id']}/", headers=BOX).status_code == 204
    assert _account(box, visit).get(f"/api/session/{session}/").status_code == 401
    with closing(sqlite3.connect(box.directory / "salesmind.sqlite3")) as database:
        left = [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES]
        names = [name for (name,) in database.execute("SELECT username FROM spin_user")]
    assert (left, names) == ([(0,)] * len(TABLES), ["admin"])

    def nothing_on_disk() -> bool:
        return all(
            WORDS.encode() not in file.read_bytes() for file in box.directory.glob("salesmind.sqlite3*")
        )

    _eventually(nothing_on_disk)
    assert WORDS not in box.log.read_text(encoding="utf-8")


async def test_a_console_that_was_killed_is_swept_and_its_conversation_closed(box: Server) -> None:
    visit = _arrive(box)
    session = _new_session(box, visit)
    path = f"/ws/realtime/?session_id={session}"
    async with box.websocket(path, additional_headers={"Authorization": f"Token {visit['token']}"}) as client:
        await client.until("session.created")
        assert [visitor["talking"] for visitor in _overview(box)["visitors"]] == [True]
        begun = time.monotonic()
        events, code, _reason = await asyncio.wait_for(client.ending(), 10)
    assert code == 4401
    assert events[-1]["error"]["code"] == "token_revoked"
    assert time.monotonic() - begun < LEASE_S + 5
    assert _overview(box)["now"] == 0
    answer = _report(box, visit)
    assert (answer.status_code, answer.json()["outcome"]) == (410, "lost")


def test_a_kiosk_that_is_heard_keeps_its_visit(box: Server) -> None:
    visit = _arrive(box)
    deadline = time.monotonic() + 1.5 * LEASE_S
    while time.monotonic() < deadline:
        answer = _report(box, visit, microphone="tcp", latency_ms=420, language="ja")
        assert answer.status_code == 200
        time.sleep(LEASE_S / 5)
    assert answer.json()["token"] == visit["token"]
    [shown] = _overview(box)["visitors"]
    assert (shown["microphone"], shown["latency_ms"], shown["language"]) == ("tcp", 420, "ja")
    assert "token" not in shown


def test_those_over_the_limit_wait_in_their_order_and_more_are_refused(box: Server) -> None:
    first, second = _arrive(box), _arrive(box)
    refused = _overview(box)["refused"]
    waiting = _arrive(box)
    assert (waiting["place"], waiting["token"], waiting["visitors"], waiting["limit"]) == (1, "", 2, 2)
    answer = box.http.post(VISITORS, headers=BOX, json={})
    assert (answer.status_code, answer.json()["code"]) == (429, "box_full")
    assert _overview(box)["refused"] == refused + 1
    assert box.http.get("/api/health/").json()["visitors"] == {"now": 2, "waiting": 1, "limit": 2}
    _report(box, second)
    box.http.delete(f"{VISITORS}{first['id']}/", headers=BOX)
    admitted = _report(box, waiting).json()
    assert admitted["place"] is None
    assert len(admitted["token"]) == 40


def test_the_longest_stay_is_the_servers(box: Server) -> None:
    assert _arrive(box, stay_seconds=10**6)["left_seconds"] <= 1800
    brief = _arrive(box, stay_seconds=1)

    def over() -> bool:
        return _report(box, brief).status_code == 410

    _eventually(over)
    assert _report(box, brief).json()["outcome"] == "time_up"


def test_the_operator_ends_a_visit_and_tells_the_others(box: Server) -> None:
    visit, other = _arrive(box), _arrive(box)
    assert box.http.delete(f"{VISITORS}{visit['id']}/?outcome=kicked", headers=BOX).status_code == 204
    assert _report(box, visit).json()["outcome"] == "kicked"
    assert box.http.delete(f"{VISITORS}{visit['id']}/", headers=BOX).status_code == 410
    assert box.http.delete(f"{VISITORS}{other['id']}/?outcome=eaten", headers=BOX).status_code == 400
    box.http.post("/api/box/message/", headers=BOX, json={"text": "We close at six."})
    assert _report(box, other).json()["message"] == "We close at six."
    box.http.post("/api/box/message/", headers=BOX, json={"text": ""})
    assert _report(box, other).json()["message"] == ""


@pytest.mark.parametrize(
    "news",
    [{"microphone": "tcp:127.0.0.1:1"}, {"microphone": "\x1b[2J"}, {"latency_ms": -1}, {"language": "xx"}],
)
def test_what_a_kiosk_reports_is_checked(box: Server, news: dict[str, Any]) -> None:
    visit = _arrive(box)
    assert _report(box, visit, **news).status_code == 400
    assert _overview(box)["visitors"][0]["microphone"] == ""


def test_neither_secret_nor_token_is_logged(box: Server) -> None:
    visit = _arrive(box)
    box.http.get(VISITORS, headers={"Authorization": f"Box {SECRET}x"})
    box.wait_for_log(f"{visit['username']} arrived")
    log = box.log.read_text(encoding="utf-8")
    assert SECRET not in log
    assert visit["token"] not in log


def test_the_reports_of_kiosks_do_not_fill_the_log(box: Server) -> None:
    visit = _arrive(box)
    assert _report(box, visit).status_code == 200
    assert box.http.post(f"{VISITORS}{visit['id']}/", headers=BOX, json={"language": "xx"}).status_code == 400
    box.wait_for_log(f'"POST {VISITORS}{visit["id"]}/ HTTP/1.1" 400')
    assert f'"POST {VISITORS}{visit["id"]}/ HTTP/1.1" 200' not in box.log.read_text(encoding="utf-8")


def test_a_visit_outlasts_a_restart_of_the_server(
    start_server: Callable[..., Server], secret_file: Path
) -> None:
    server = start_server(SALESMIND_BOX_SECRET_FILE=str(secret_file), SALESMIND_VISIT_LEASE_SECONDS="0.5")
    visit = _arrive(server)
    assert server.stop() == 0
    server.start()  # which takes longer than the lease
    answer = _report(server, visit)
    assert (answer.status_code, answer.json()["token"]) == (200, visit["token"])
