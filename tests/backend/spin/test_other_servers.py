"""The application under an ASGI server's own command, as docs/server.md gives it."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.asyncio.client import connect

if TYPE_CHECKING:
    from tests.backend.spin.conftest import Upstream

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
    arguments = [sys.executable, "-m", "django", command]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S)


def test_a_password_before_the_database_was_made(environment: dict[str, str]) -> None:
    done = django("adminpassword", environment)
    assert done.returncode == 1
    assert "django migrate" in done.stderr
    assert "Traceback" not in done.stderr


async def test_uvicorns_own_command(environment: dict[str, str]) -> None:
    for command in ("migrate", "adminpassword"):
        assert (await asyncio.to_thread(django, command, environment)).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        process = await asyncio.create_subprocess_exec(
            *documented("uvicorn"), "--fd", str(listener.fileno()),
            env=environment, pass_fds=[listener.fileno()], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S), httpx.AsyncClient(base_url=f"http://{address}") as http:
            answer = await http.post(
                "/api/auth/login/", json={"username": "admin", "password": PASSWORD}, timeout=TIMEOUT_S
            )
            token = answer.json()["token"]
            async with connect(f"ws://{address}/ws/realtime/?token={token}", proxy=None) as client:
                assert "session.created" in str(await client.recv())
    finally:
        process.terminate()
        _output, log = await process.communicate()
    assert "✅ WebSocket接続受け入れ: user=admin, session=new" in log.decode()
    assert "token=***" in log.decode()
    assert token not in log.decode()
