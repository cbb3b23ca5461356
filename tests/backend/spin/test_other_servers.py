"""The application under an ASGI server's own command, as docs/server.md gives it."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.backend.spin.fake_upstream import Upstream

DOCS = Path(__file__).parents[3] / "docs" / "server.md"
TIMEOUT_S = 30.0
PASSWORD = "correct-horse-battery"


def documented(program: str) -> list[str]:
    """The command line that the docs give for ``program``, on our interpreter."""
    line = re.search(rf"^ +{program} (.+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert line
    return [sys.executable, "-m", program, *shlex.split(line[1])]


@pytest.fixture
def environment(tmp_path: Path, upstream: Upstream) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SALESMIND_")},
        "DJANGO_SETTINGS_MODULE": "backend.settings",
        "SALESMIND_DATA_DIR": str(tmp_path),
        "SALESMIND_REALTIME_URL": upstream.url,
        "SALESMIND_ADMIN_PASSWORD": PASSWORD,
    }


def django(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "django", *command.split(" ")]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S)


def test_a_password_before_the_database_was_made(environment: dict[str, str]) -> None:
    done = django("adminpassword", environment)
    assert done.returncode == 1
    assert "django migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_account(environment: dict[str, str]) -> None:
    environment |= {"SALESMIND_ACCOUNT_PASSWORD": "another-password"}
    assert "django migrate" in django("addaccount tester", environment).stderr
    assert django("migrate", environment).returncode == 0
    assert django("addaccount tester", environment).stdout == "The account tester was created.\n"
    for name, said in (("tester", "already"), (" ", "cannot be used"), ("x" * 151, "cannot be used")):
        done = django(f"addaccount {name}" if name.strip() else "addaccount ", environment)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    weak = django("addaccount other", environment | {"SALESMIND_ACCOUNT_PASSWORD": "short"})
    assert "at least 8" in weak.stderr


@asynccontextmanager
async def uvicorn(environment: dict[str, str], *options: str) -> AsyncIterator[tuple[str, list[str]]]:
    """uvicorn's own command: where it listens, and its log, which is there when it has ended."""
    for command in ("migrate", "adminpassword"):
        assert (await asyncio.to_thread(django, command, environment)).returncode == 0
    log: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        process = await asyncio.create_subprocess_exec(
            *documented("uvicorn"), "--fd", str(listener.fileno()), *options,
            env=environment, pass_fds=[listener.fileno()], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S):
            yield address, log
    finally:
        process.terminate()
        _output, written = await process.communicate()
        log.append(written.decode())


async def log_in(http: httpx.AsyncClient) -> str:
    answer = await http.post(
        "/api/auth/login/", json={"username": "admin", "password": PASSWORD}, timeout=TIMEOUT_S
    )
    return str(answer.json()["token"])


async def test_uvicorns_own_command(environment: dict[str, str]) -> None:
    async with uvicorn(environment) as (address, log):
        async with httpx.AsyncClient(base_url=f"http://{address}") as http:
            token = await log_in(http)
            added = environment | {"SALESMIND_ACCOUNT_PASSWORD": "another-password"}
            assert (await asyncio.to_thread(django, "addaccount tester", added)).returncode == 0
            login = {"username": "tester", "password": "another-password"}
            assert (await http.post("/api/auth/login/", json=login, timeout=TIMEOUT_S)).status_code == 200
        async with connect(f"ws://{address}/ws/realtime/?token={token}", proxy=None) as client:
            assert "session.created" in str(await client.recv())
    assert "✅ WebSocket接続受け入れ: user=admin, session=new" in log[0]
    assert "token=***" in log[0]
    assert token not in log[0]


async def test_below_another_path_and_behind_https(environment: dict[str, str]) -> None:
    environment |= {"SALESMIND_REQUIRE_HTTPS": "1", "SALESMIND_BEHIND_PROXY": "1"}
    async with uvicorn(environment, "--root-path", "/salesmind") as (address, _log):
        https = {"X-Forwarded-Proto": "https"}
        async with httpx.AsyncClient(base_url=f"http://{address}", headers=https) as http:
            token = await log_in(http)
            redirect = await http.get("/api/health?x=1")
            assert redirect.headers["location"] == "/salesmind/api/health/?x=1"
            hint = await http.post("/api/session/start", json={})
            assert "/salesmind/api/session/start/" in hint.json()["detail"]
            for host in ("10.0.3.17:8000", "127.0.0.1"):
                plain = {"Host": host, "X-Forwarded-Proto": "http"}
                assert (await http.get("/api/health/", headers=plain)).json() == {"status": "ok"}
            assert (await http.get("/api/session/list/", headers=plain)).status_code == 301
        async with connect(f"ws://{address}/ws/realtime/?token={token}", proxy=None) as client:
            assert "session.created" in str(await client.recv())
