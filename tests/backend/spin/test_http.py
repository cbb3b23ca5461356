"""The HTTP contract (salesmind-api, sections 1, 2 and 4)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.backend.spin.running_server import Account, Server

UNKNOWN = "7b684da1-2bb2-456f-9278-48fa775f9374"


def is_json_error(answer: httpx.Response, status: int) -> Any:
    """The body of a refusal, which is always a JSON object."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert isinstance(body, dict)
    return body


def speak(account: Account, session_id: str, *texts: str, role: str = "salesperson") -> None:
    """Messages in a session, as the relay would store them."""
    for text in texts:
        account.server.execute(
            "INSERT INTO spin_message (session_id, role, message, sequence, created_at) VALUES (?, ?, ?, "
            "(SELECT COUNT(*) + 1 FROM spin_message WHERE session_id = ?), '2026-01-01 00:00:00')",
            *(session_id.replace("-", ""), role, text, session_id.replace("-", "")),
        )


def test_health(server: Server) -> None:
    answer = server.http.get("/api/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_health_does_not_lie(server: Server) -> None:
    server.execute("ALTER TABLE spin_user RENAME TO spin_user_elsewhere")
    try:
        assert is_json_error(server.http.get("/api/health/"), 503)["status"] == "unavailable"
    finally:
        server.execute("ALTER TABLE spin_user_elsewhere RENAME TO spin_user")
    assert server.http.get("/api/health/").status_code == 200


def test_a_bad_token_is_refused_even_where_none_is_needed(server: Server) -> None:
    answer = server.http.get("/api/health/", headers={"Authorization": "Token " + "0" * 40})
    is_json_error(answer, 401)
    assert answer.headers["www-authenticate"] == "Token"


def test_login_returns_the_same_token_each_time(server: Server) -> None:
    answers = [
        server.http.post("/api/auth/login/", json={"username": "admin", "password": "admin123"}).json()
        for _ in range(2)
    ]
    assert answers[0]["token"] == answers[1]["token"]
    assert len(answers[0]["token"]) == 40
    assert set(answers[0]["user"]) == {"id", "username", "email"}


def test_login_takes_a_form_too(server: Server) -> None:
    assert (
        server.http.post("/api/auth/login/", data={"username": "admin", "password": "admin123"}).status_code
        == 200
    )


@pytest.mark.parametrize("body", [{}, {"username": "admin"}, {"username": "", "password": ""}])
def test_login_names_both_fields(server: Server, body: dict[str, str]) -> None:
    answer = is_json_error(server.http.post("/api/auth/login/", json=body), 400)
    assert answer["error"] == "Validation failed"
    assert {"username", "password"} <= set(answer["details"])


@pytest.mark.parametrize("username", ["admin", "nobody"])
def test_wrong_password_and_unknown_user_look_alike(server: Server, username: str) -> None:
    answer = is_json_error(
        server.http.post("/api/auth/login/", json={"username": username, "password": "no"}), 401
    )
    assert set(answer) == {"error", "message"}


@pytest.mark.parametrize("long", [{"username": "x" * 151}, {"password": "x" * 1001}])
def test_a_login_that_is_too_long(server: Server, long: dict[str, str]) -> None:
    body = {"username": "admin", "password": "x", **long}
    answer = is_json_error(server.http.post("/api/auth/login/", json=body), 400)
    assert {name for name, sentences in answer["details"].items() if sentences} == set(long)


def test_guessing_passwords_becomes_slow_and_cheap(server: Server) -> None:
    person = server.add_user("guessed-at")

    def log_in(password: str, name: str = "guessed-at") -> httpx.Response:
        return server.http.post("/api/auth/login/", json={"username": name, "password": password})

    refused = next(answer for _ in range(20) if (answer := log_in("wrong")).status_code != 401)
    body = is_json_error(refused, 429)
    assert set(body) == {"error", "message"}
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["retry-after"] in body["message"]
    assert person.get("/api/session/list/").status_code == 200
    assert log_in("admin123", "admin").status_code == 200


def test_a_deactivated_account_may_not_log_in(server: Server) -> None:
    person = server.add_user("asleep", "a-password")
    server.execute("UPDATE spin_user SET is_active = 0 WHERE id = ?", person.user_id)
    answer = server.http.post("/api/auth/login/", json={"username": "asleep", "password": "a-password"})
    assert set(is_json_error(answer, 403)) == {"error", "message"}


@pytest.mark.parametrize("path", ["/api/auth/login/", "/api/session/start/", "/api/session/finish/"])
@pytest.mark.parametrize(
    "body", [[], [1], "text", 7, None, {"username": 5, "session_id": 5, "value_proposition": []}]
)
def test_strange_bodies_are_a_400_or_401(admin: Account, path: str, body: Any) -> None:
    answer = admin.post(path, json=body)
    assert answer.status_code in {400, 401}
    is_json_error(answer, answer.status_code)


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe", b'{"username": "\\ud800", "password": "x"}', b"", b"[" * 100_000],
    ids=["cut off", "not UTF-8", "half a character", "empty", "nested too deeply"],
)
def test_broken_json_is_a_400(server: Server, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    is_json_error(server.http.post("/api/auth/login/", content=content, headers=headers), 400)


def test_too_long_a_body_is_a_413(admin: Account) -> None:
    answer = admin.post("/api/session/start/", json={"industry": "IT", "value_proposition": "x" * 3_000_000})
    assert "2621440" in is_json_error(answer, 413)["detail"]


def test_another_content_type_is_a_415(server: Server) -> None:
    is_json_error(
        server.http.post("/api/auth/login/", content=b"x", headers={"Content-Type": "text/csv"}), 415
    )


def test_sessions_need_a_token(server: Server) -> None:
    for path in ("/api/session/list/", f"/api/session/{UNKNOWN}/", "/api/report/1/"):
        assert server.http.get(path).headers["www-authenticate"] == "Token"
    is_json_error(server.http.get("/api/session/list/", headers={"Authorization": "Bearer x"}), 401)


def test_a_new_session(admin: Account) -> None:
    body = {
        "value_proposition": "  在庫管理を自動化  ",
        "industry": 42,
        "customer_pain": "欠品",
        "status": "finished",
    }
    answer = admin.post("/api/session/start/", json=body)
    assert answer.status_code == 201
    session = answer.json()
    assert session | {"id": "", "started_at": "", "created_at": ""} == {
        "id": "", "user": admin.user_id, "mode": "simple", "realtime_mode": False, "industry": "42",
        "value_proposition": "在庫管理を自動化", "customer_persona": None, "customer_pain": "欠品", "status": "active",
        "started_at": "", "created_at": "", "finished_at": None, "company": None, "company_analysis": None,
        "success_probability": 50, "last_analysis_reason": None, "current_spin_stage": "S",
        "message_count": 0, "total_score": None,
    }  # fmt: skip
    assert uuid.UUID(session["id"])
    assert session["created_at"].endswith("Z")
    assert "在庫管理".encode() in answer.content
    assert admin.session(session["id"]) == session | {"messages": [], "report": None}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"value_proposition"}),
        (
            {"value_proposition": "abc ", "industry": "x" * 101, "mode": "odd"},
            {"value_proposition", "industry", "mode"},
        ),
        (
            {
                "value_proposition": "x" * 10_001,
                "industry": "IT",
                "customer_persona": "x" * 10_001,
                "customer_pain": "x" * 10_001,
            },
            {"value_proposition", "customer_persona", "customer_pain"},
        ),
        ({"value_proposition": "long enough"}, {"industry"}),
        ({"value_proposition": "long enough", "mode": "detailed"}, {"company_id"}),
        ({"value_proposition": "long enough", "mode": "simple", "company_id": UNKNOWN}, {"company_id"}),
        ({"value_proposition": "long enough", "company_id": "x"}, {"company_id"}),
    ],
)
def test_a_session_that_cannot_be_started(admin: Account, body: dict[str, Any], fields: set[str]) -> None:
    answer = is_json_error(admin.post("/api/session/start/", json=body), 400)
    assert set(answer) == fields
    assert all(isinstance(sentence, str) for sentences in answer.values() for sentence in sentences)


def test_an_unknown_company_is_a_bare_sentence(admin: Account) -> None:
    body = {"value_proposition": "long enough", "company_id": UNKNOWN}
    assert isinstance(is_json_error(admin.post("/api/session/start/", json=body), 400)["company_id"], str)


def test_a_detailed_session_takes_the_industry_of_its_company(admin: Account) -> None:
    company = uuid.uuid4()
    admin.server.execute(
        "INSERT INTO spin_company (id, user_id, source_url, scrape_source, company_name, industry, "
        "business_description, location, employee_count, scraped_urls, scraped_data, created_at, updated_at) VALUES "
        "(?, ?, 'https://example.com/', '', '架空商事', '卸売', '', '', '', '[]', '{}', '2026-01-01', '2026-01-01')",
        *(company.hex, admin.user_id),
    )
    body = {"value_proposition": "long enough", "company_id": str(company)}
    session = admin.post("/api/session/start/", json=body).json()
    assert (session["mode"], session["industry"], session["company"]["company_name"]) == (
        "detailed",
        "卸売",
        "架空商事",
    )


def test_stored_text_that_utf8_cannot_write_hides_no_session(admin: Account, server: Server) -> None:
    person, company = server.add_user("half-a-pair"), uuid.uuid4()
    server.execute(
        "INSERT INTO spin_company (id, user_id, source_url, scrape_source, company_name, industry, "
        "business_description, location, employee_count, scraped_urls, scraped_data, created_at, updated_at) VALUES "
        "(?, ?, '', '', '', '', '', '', '', '[]', ?, '2026-01-01', '2026-01-01')",
        *(company.hex, person.user_id, r'{"name \ud83d": ["\ud83d\ude00", "\ude00"]}'),
    )
    person.start_session(company_id=str(company))
    person.start_session()
    listed = person.get("/api/session/list/").json()["results"]
    assert [session["company"] and session["company"]["scraped_data"] for session in listed] == [
        None,
        {"name \ufffd": ["\U0001f600", "\ufffd"]},
    ]


def test_the_list_is_paged_newest_first_and_ones_own(server: Server, admin: Account) -> None:
    person = server.add_user("lister")
    ids = [person.start_session() for _ in range(3)]
    page = person.get("/api/session/list/", params={"page": 1, "page_size": 2}).json()
    assert {key: page[key] for key in ("count", "page", "page_size")} == {
        "count": 3,
        "page": 1,
        "page_size": 2,
    }
    assert [session["id"] for session in page["results"]] == [ids[2], ids[1]]
    assert (
        person.get("/api/session/list/", params={"page": 2, "page_size": 2}).json()["results"][0]["id"]
        == ids[0]
    )
    assert person.get("/api/session/list/", params={"page": 9}).json()["results"] == []
    assert person.get("/api/session/list/", params={"page_size": 0}).json() == page | {
        "page_size": 0,
        "results": [],
    }
    huge = person.get("/api/session/list/", params={"page": 10**30})
    assert (huge.status_code, huge.json()["results"]) == (200, [])


@pytest.mark.parametrize(
    "query",
    [
        *({"page": 0}, {"page": -1}, {"page": "x"}, {"page": ""}),
        *({"page_size": -1}, {"page_size": "x"}, {"page_size": 201}, {"page_size": 10**30}),
    ],
)
def test_a_page_that_is_none(admin: Account, query: dict[str, Any]) -> None:
    assert set(is_json_error(admin.get("/api/session/list/", params=query), 400)) == set(query)


@pytest.mark.parametrize("session_id", [UNKNOWN, "not-a-uuid", UNKNOWN.upper()])
def test_a_session_that_is_not_there(admin: Account, session_id: str) -> None:
    is_json_error(admin.get(f"/api/session/{session_id}/"), 404)


def test_another_users_session_is_not_there(admin: Account, server: Server) -> None:
    session_id = server.add_user("owner").start_session()
    is_json_error(admin.get(f"/api/session/{session_id}/"), 404)
    is_json_error(admin.post("/api/session/finish/", json={"session_id": session_id}), 404)


def test_finish_scores_and_closes(admin: Account) -> None:
    session_id = admin.start_session()
    speak(admin, session_id, "現在どのように管理していますか。", "困っていることは何ですか。")
    answer = admin.post("/api/session/finish/", json={"session_id": session_id})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {
        "session_id", "report_id", "status", "finished_at", "spin_scores", "feedback", "next_actions"
    }  # fmt: skip
    assert set(body["spin_scores"]) == {
        "total", "exploration", "implication", "value_proposition", "customer_response", "advancement", "situation",
        "problem", "implication_legacy", "need",
    }  # fmt: skip
    assert body["finished_at"].endswith("+00:00")
    session = admin.session(session_id)
    assert session["status"] == "finished"
    assert session["report"]["id"] == body["report_id"]
    report = admin.get(f"/api/report/{body['report_id']}/").json()
    assert report == session["report"]
    assert report["scoring_details"]["method"].startswith("rule-based")
    is_json_error(admin.post("/api/session/finish/", json={"session_id": session_id}), 400)
    listed = admin.get("/api/session/list/?page_size=1").json()["results"][0]
    assert listed["id"] == session_id
    assert listed["message_count"] == len(session["messages"]) == 2
    assert listed["total_score"] == body["spin_scores"]["total"]


def test_finish_at_the_same_time_gives_everyone_the_one_report(admin: Account) -> None:
    session_id = admin.start_session()
    speak(admin, session_id, *["困っていることは何ですか。"] * 200)

    def finish(_number: int) -> httpx.Response:
        return admin.post("/api/session/finish/", json={"session_id": session_id})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(finish, range(8)))
    reports = {answer.json()["report_id"] for answer in answers if answer.status_code == 200}
    assert len(reports) == 1
    # A call that began after the first had ended is told so; none fails.
    assert {answer.status_code for answer in answers} <= {200, 400}


def test_finish_needs_messages(admin: Account) -> None:
    answer = admin.post("/api/session/finish/", json={"session_id": admin.start_session()})
    assert set(is_json_error(answer, 400)) == {"detail"}


@pytest.mark.parametrize("session_id", ["not-a-uuid", 12, None, "", {}, True])
def test_finish_needs_a_uuid(admin: Account, session_id: Any) -> None:
    answer = is_json_error(admin.post("/api/session/finish/", json={"session_id": session_id}), 400)
    assert answer["error"] == "Validation failed"
    assert answer["details"]["session_id"]


def test_reports_are_ones_own(admin: Account, server: Server) -> None:
    session_id = admin.start_session()
    speak(admin, session_id, "こんにちは")
    report_id = admin.post("/api/session/finish/", json={"session_id": session_id}).json()["report_id"]
    answer = server.add_user("curious").get(f"/api/report/{report_id}/")
    assert set(is_json_error(answer, 403)) == {"error"}
    for missing in ("999999", "9" * 40, "x"):
        is_json_error(admin.get(f"/api/report/{missing}/"), 404)


def test_a_missing_final_slash_is_pointed_out(admin: Account) -> None:
    answer = is_json_error(admin.post("/api/session/start", json={}), 404)
    assert "/api/session/start/" in answer["detail"]
    redirect = admin.get("/api/session/list?page=2")
    assert (redirect.status_code, redirect.headers["location"]) == (301, "/api/session/list/?page=2")
    is_json_error(admin.post("/api/nothing/here", json={}), 404)


@pytest.mark.parametrize(
    "path", ["/", "/api/", "/api/session/chat/", "/admin/", "/%ff", "//evil.example/api/health"]
)
def test_unrouted_paths_are_json(server: Server, path: str) -> None:
    is_json_error(server.http.get(server.url + path), 404)


def test_a_wrong_method_is_json(admin: Account) -> None:
    is_json_error(admin.get("/api/session/start/"), 405)


def test_a_host_that_is_not_ours_is_refused(server: Server) -> None:
    is_json_error(server.http.get("/api/session/list/", headers={"Host": "evil.example"}), 400)


def test_health_answers_whoever_asks(server: Server) -> None:
    """Load balancers ask by the machine's address."""
    answer = server.http.get("/api/health/", headers={"Host": "10.0.3.17:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_words_in_two_languages(server: Server) -> None:
    sentences = {
        language: server.http.post(
            "/api/auth/login/", json={"username": "x", "password": "y"}, headers={"Accept-Language": language}
        ).json()["message"]
        for language in ("ja", "en", "fr")
    }
    assert sentences["en"].isascii()
    assert "パスワード" in sentences["ja"]
    assert sentences["fr"] == sentences["ja"]


def test_other_origins_get_no_permission(server: Server) -> None:
    for origin in ("https://evil.example", "http://[::1"):
        strange = server.http.get("/api/health/", headers={"Origin": origin})
        assert strange.status_code == 200
        assert "access-control-allow-origin" not in strange.headers
    own = server.http.get("/api/health/", headers={"Origin": server.url})
    assert own.headers["access-control-allow-origin"] == server.url
