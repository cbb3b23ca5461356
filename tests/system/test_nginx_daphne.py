"""A conversation through real nginx and real Daphne, with the files of ``deploy/``."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.system.nginx import find_nginx, make_certificate, substitute, whole_configuration
from tests.system.programs import TIMEOUT_S, answers, free_port, running, wait_for

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = (DEPLOY / "systemd" / "salesmind-daphne@.service").read_text()
PASSWORD = "correct-horse-battery"  # of a database that lives as long as the test


pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.system,
    pytest.mark.skipif(find_nginx() is None, reason="nginx is not installed"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]


def daphne_command(unit: str, unix_socket: Path) -> list[str]:
    """The unit's own command line, on our interpreter and socket."""
    line = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert line
    command = substitute(
        line[1],
        interpreter=("/opt/salesmind/bin/python", sys.executable),
        socket=("/run/salesmind-%i/daphne.sock", str(unix_socket)),
    )
    return shlex.split(command)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstream() -> AsyncIterator[str]:
    """A Realtime endpoint that answers an update and repeats audio."""

    async def converse(connection: ServerConnection) -> None:
        await connection.send(json.dumps({"type": "session.created", "session": {"model": "m"}}))
        async for message in connection:
            event = json.loads(message)
            if event["type"] == "session.update":
                await connection.send(json.dumps({"type": "session.updated", "session": {}}))
            elif event["type"] == "input_audio_buffer.append":
                await connection.send(
                    json.dumps({"type": "response.output_audio.delta", "delta": event["audio"]})
                )

    async with serve(converse, "127.0.0.1", 0, compression=None) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


class Site:
    """Where the site answers, and what its processes have logged."""

    def __init__(
        self, port: int, plain_port: int, certificate: Path, worker_logs: list[Path], proxy_logs: list[Path]
    ) -> None:
        self.port = port
        self.plain_port = plain_port
        self.tls = ssl.create_default_context(cafile=str(certificate))
        self.worker_logs = worker_logs
        self.proxy_logs = proxy_logs
        self.http = httpx.AsyncClient(
            base_url=f"https://localhost:{port}", verify=self.tls, timeout=TIMEOUT_S
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def environment(tmp_path_factory: pytest.TempPathFactory, upstream: str) -> dict[str, str]:
    """What the unit and a deployment's own file set, with a database that is ready."""
    environment = {
        **os.environ,
        **dict(
            re.findall(
                r"(DJANGO_SETTINGS_MODULE|SALESMIND_BEHIND_PROXY|SALESMIND_RFC_CLOSE_CODES)=(\S+)", UNIT
            )
        ),
        "SALESMIND_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "SALESMIND_REALTIME_URL": upstream,
        "SALESMIND_REQUIRE_HTTPS": "1",
        "SALESMIND_ADMIN_PASSWORD": PASSWORD,
    }
    for command in ("migrate --noinput", "adminpassword"):
        django = [sys.executable, "-m", "django", *command.split()]
        await asyncio.to_thread(
            subprocess.run, django, env=environment, cwd=ROOT, check=True, capture_output=True
        )
    return environment


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> AsyncIterator[Site]:
    """Two processes of the application behind one nginx."""
    directory = tmp_path_factory.mktemp("site")
    nginx = find_nginx()
    assert nginx
    certificate, key = make_certificate(directory)
    port, plain_port = free_port(), free_port()
    sockets = [directory / f"daphne-{number}.sock" for number in (1, 2)]
    configuration, nginx_log = directory / "nginx.conf", directory / "nginx.log"
    configuration.write_text(nginx_configuration(directory, certificate, key, sockets, port, plain_port))
    logs = [unix_socket.with_suffix(".log") for unix_socket in sockets]
    with ExitStack() as programs:
        for unix_socket, log in zip(sockets, logs, strict=True):
            daphne = daphne_command(UNIT, unix_socket)
            process = programs.enter_context(running(daphne, log, env=environment, cwd=ROOT))
            await asyncio.to_thread(wait_for, process, log, unix_socket.exists)
        proxy = [nginx, "-c", str(configuration), "-p", str(directory), "-e", str(nginx_log)]
        server = programs.enter_context(running(proxy, nginx_log))
        await asyncio.to_thread(wait_for, server, nginx_log, lambda: answers(port))
        proxy_logs = [nginx_log, directory / "access.log", directory / "error.log"]
        site = Site(port, plain_port, certificate, logs, proxy_logs)
        async with site.http:
            yield site


def nginx_configuration(
    directory: Path, certificate: Path, key: Path, sockets: list[Path], port: int, plain_port: int
) -> str:
    """A whole configuration around the site of ``deploy/``, all of it under ``directory``."""
    servers = "\n".join(f"server unix:{unix_socket} fail_timeout=0;" for unix_socket in sockets)
    site = substitute(
        (DEPLOY / "nginx" / "salesmind.conf").read_text(),
        plain=("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        tls=("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        name=("salesmind.example.com", "localhost"),
        sockets=("server unix:/run/salesmind-1/daphne.sock fail_timeout=0;", servers),
        certificate=("/etc/ssl/certs/salesmind.pem", str(certificate)),
        key=("/etc/ssl/private/salesmind.key", str(key)),
        access=("/var/log/nginx/salesmind.access.log", str(directory / "access.log")),
        error=("/var/log/nginx/salesmind.error.log", str(directory / "error.log")),
    )
    return whole_configuration(directory, site)


async def closed_by_server(client: ClientConnection) -> AsyncIterator[str | bytes]:
    """Everything until the server closes, with whatever code."""
    with suppress(ConnectionClosed):
        while True:
            yield await client.recv()


async def test_a_conversation_through_nginx_and_daphne(site: Site) -> None:
    login = await site.http.post("/api/auth/login/", json={"username": "admin", "password": PASSWORD})
    assert login.status_code == 200, login.text
    token = login.json()["token"]
    headers = {"Authorization": f"Token {token}"}
    started = await site.http.post(
        "/api/session/start/",
        json={"industry": "IT", "value_proposition": "在庫管理を自動化"},
        headers=headers,
    )
    session_id = started.json()["id"]

    async def realtime_mode() -> bool:
        answer = await site.http.get(f"/api/session/{session_id}/", headers=headers)
        return bool(answer.json()["realtime_mode"])

    assert await realtime_mode() is False
    url = f"wss://localhost:{site.port}/ws/realtime/?token={token}&session_id={session_id}"
    async with asyncio.timeout(TIMEOUT_S), connect(url, ssl=site.tls, compression=None, proxy=None) as client:
        assert json.loads(await client.recv())["session"] == {"id": session_id, "user": "admin"}
        assert json.loads(await client.recv())["type"] == "session.created"
        await client.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
        assert json.loads(await client.recv())["type"] == "session.updated"
        assert await realtime_mode() is True
        chunk = bytes(range(256)) * 32
        for _ in range(5):
            await client.send(chunk)
            assert base64.b64decode(json.loads(await client.recv())["delta"]) == chunk
    async with asyncio.timeout(TIMEOUT_S):
        while await realtime_mode():
            pass
    logged = "".join(log.read_text() for log in [*site.worker_logs, *site.proxy_logs] if log.exists())
    assert "/ws/realtime/" in logged
    assert f"✅ WebSocket接続受け入れ: user=admin, session={session_id}" in logged
    assert token not in logged


async def test_two_connections_at_two_processes(site: Site) -> None:
    """nginx hands them out in turn; one session, whichever process is asked about it."""
    login = await site.http.post("/api/auth/login/", json={"username": "admin", "password": PASSWORD})
    headers = {"Authorization": f"Token {login.json()['token']}"}
    body = {"industry": "IT", "value_proposition": "在庫管理を自動化"}
    started = await site.http.post("/api/session/start/", json=body, headers=headers)
    session_id = started.json()["id"]

    async def realtime_modes() -> list[bool]:
        answers = [await site.http.get(f"/api/session/{session_id}/", headers=headers) for _ in range(4)]
        return [answer.json()["realtime_mode"] for answer in answers]

    def connection() -> connect:
        url = f"wss://localhost:{site.port}/ws/realtime/?session_id={session_id}"
        return connect(url, ssl=site.tls, compression=None, proxy=None, additional_headers=headers)

    async with asyncio.timeout(TIMEOUT_S), connection() as stays:
        async with connection() as leaves:
            for client in (stays, leaves):
                assert json.loads(await client.recv())["session"]["id"] == session_id
            accepted = f"✅ WebSocket接続受け入れ: user=admin, session={session_id}"
            assert [log.read_text().count(accepted) for log in site.worker_logs] == [1, 1]
        ended = f"closed by the client: session={session_id}"
        while not any(ended in log.read_text() for log in site.worker_logs):
            await realtime_modes()
        assert await realtime_modes() == [True] * 4
    async with asyncio.timeout(TIMEOUT_S):
        while any(await realtime_modes()):
            pass


async def test_refusals_arrive_through_nginx_and_daphne(site: Site) -> None:
    url = f"wss://localhost:{site.port}/ws/realtime/"
    async with asyncio.timeout(TIMEOUT_S), connect(url, ssl=site.tls, compression=None, proxy=None) as client:
        assert json.loads(await client.recv())["error"]["code"] == "token_missing"
        await client.wait_closed()
    assert client.close_code == 4401


async def test_too_long_a_message_is_refused_through_nginx_and_daphne(site: Site) -> None:
    login = await site.http.post("/api/auth/login/", json={"username": "admin", "password": PASSWORD})
    headers = {"Authorization": f"Token {login.json()['token']}"}
    url = f"wss://localhost:{site.port}/ws/realtime/"
    async with (
        asyncio.timeout(TIMEOUT_S),
        connect(url, ssl=site.tls, compression=None, proxy=None, additional_headers=headers) as client,
    ):
        await client.send(bytes(1024 * 1024 + 1))
        events = [json.loads(message) async for message in closed_by_server(client)]
    # Not 1009, and no reason: Daphne lets an application close with 1000 and 3000-4999 only, and drops the
    # reason. The event before it says everything.
    assert client.close_code == 4413
    assert events[-1]["error"]["code"] == "message_too_big"


async def test_too_long_a_body_is_refused_by_the_server_not_by_nginx(site: Site) -> None:
    body = {"username": "admin", "password": "x" * 2_700_000}
    answer = await site.http.post("/api/auth/login/", json=body)
    assert answer.status_code == 413
    assert answer.json()["detail"]


async def test_https_is_recognised_behind_the_proxy(site: Site) -> None:
    """With SALESMIND_REQUIRE_HTTPS, a request whose X-Forwarded-Proto got lost would be redirected for ever."""
    answer = await site.http.get("/api/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_plain_http_is_sent_to_https(site: Site) -> None:
    async with httpx.AsyncClient() as plain:
        answer = await plain.get(f"http://localhost:{site.plain_port}/api/health/")
    assert (answer.status_code, answer.headers["location"]) == (301, "https://localhost/api/health/")
