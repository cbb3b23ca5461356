"""`salesmind doctor` against a real server, against none, and against what only looks like one."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tui.doctor.server import ServerLogin, check_server

DEAF = ("--source", "silence", "--sink", "none")


def doctor(environment: dict[str, str], *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", "doctor", "--json", *DEAF, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "admin123" not in done.stdout + done.stderr
    return done.returncode, {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}


def test_a_working_server_is_found_working(server: Any, environment: dict[str, str]) -> None:
    code, found = doctor(environment, "--server", server.url, "--username", "admin")
    assert code == 0
    for check in ("python", "proxy", "server", "tls", "clock", "login", "websocket", "upstream"):
        assert found[check]["state"] == "ok", found[check]
    assert found["audio_in"]["state"] == found["audio_out"]["state"] == "not_tried"
    assert "gpt-realtime" in found["upstream"]["found"]


def test_without_an_account_nothing_behind_the_login_is_good(
    server: Any, environment: dict[str, str]
) -> None:
    code, found = doctor(environment, "--server", server.url)
    assert code == 0
    assert [found[check]["state"] for check in ("login", "websocket", "upstream")] == ["not_tried"] * 3


def test_a_wrong_password_is_named(server: Any, environment: dict[str, str]) -> None:
    code, found = doctor(
        {**environment, "SALESMIND_PASSWORD": "x"}, "--server", server.url, "--username", "admin"
    )
    assert code == 1
    assert found["login"]["state"] == "failed"
    assert found["websocket"]["state"] == "not_tried"


def test_no_server_says_how_to_get_one(environment: dict[str, str]) -> None:
    code, found = doctor(environment, "--server", "http://127.0.0.1:9", "--username", "admin")
    assert code == 1
    assert found["server"]["state"] == "failed"
    assert "salesmind serve" in found["server"]["mend"]


class Mock(BaseHTTPRequestHandler):
    """Answers as a SalesMind server does, as far as HTTP goes, a year from now."""

    def do_GET(self) -> None:
        self._answer({"status": "ok"})

    def do_POST(self) -> None:
        self._answer({"token": "t" * 40, "user": {"id": 1, "username": "admin"}})

    def _answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Thu, 25 Nov 2027 10:00:00 GMT"

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def mock() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Mock) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


def test_what_only_looks_like_a_server_is_not_good(mock: HTTPServer, environment: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{mock.server_port}"
    code, found = doctor(environment, "--server", url, "--username", "admin")
    assert code == 1
    assert found["login"]["state"] == "ok"
    assert found["clock"]["state"] == "warning"
    assert found["websocket"]["state"] == "failed"
    assert found["upstream"]["state"] == "not_tried"


@pytest.fixture
def secure_mock(mock: HTTPServer, tmp_path: Path) -> str:
    """Its URL, with a certificate that nobody knows."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    mock.socket = context.wrap_socket(mock.socket, server_side=True)
    return f"https://localhost:{mock.server_port}"


async def test_a_certificate_that_nobody_vouches_for_is_named(secure_mock: str) -> None:
    found = {finding.check: finding async for finding in check_server(ServerLogin(secure_mock))}
    assert found["tls"].state == "failed"
    assert "--insecure" in found["tls"].mend
    found = {
        finding.check: finding async for finding in check_server(ServerLogin(secure_mock, insecure=True))
    }
    assert found["tls"].state == "warning"
    assert found["server"].state == "ok"


async def test_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://user:geheim@127.0.0.1:{port}")
    monkeypatch.setenv("no_proxy", "")
    found = {one.check: one async for one in check_server(ServerLogin("http://salesmind.example"))}
    assert (found["proxy"].state, found["proxy"].found) == ("warning", f"127.0.0.1:{port}")
    assert not any("geheim" in one.found + one.mend for one in found.values())
    assert found["tls"].state == "warning"
