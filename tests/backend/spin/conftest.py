"""A real server in a subprocess, and the upstream it relays to in a thread of the test."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

TIMEOUT_S = 15.0
Handler = Callable[[ServerConnection], Awaitable[None]]


class Upstream:
    """A Realtime endpoint that does what the test says, on a loop of its own."""

    def __init__(self) -> None:
        self.received: queue.Queue[str | bytes] = queue.Queue()
        self.headers: queue.Queue[dict[str, str]] = queue.Queue()
        self.paths: queue.Queue[str] = queue.Queue()
        self.closed: queue.Queue[int | None] = queue.Queue()
        self.handler: Handler = self.converse
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(TIMEOUT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._started.set()
        self._loop.run_forever()

    async def _start(self) -> None:
        self._stop_reading = asyncio.Event()
        self._server = await serve(
            self._connected, "127.0.0.1", 0, max_size=None, compression=None, close_timeout=1
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/v1/realtime"

    async def _connected(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.headers.put(dict(connection.request.headers.raw_items()))
        self.paths.put(connection.request.path)
        try:
            await self.handler(connection)
            await connection.wait_closed()
        except ConnectionClosed:
            pass
        self.closed.put(connection.close_code)

    async def converse(self, connection: ServerConnection) -> None:
        """Behave: created, updated for each update, and note everything that comes."""
        await connection.send(
            json.dumps({"type": "session.created", "event_id": "event_1", "session": {"model": "m"}})
        )
        async for message in connection:
            self.received.put(message)
            if isinstance(message, str) and json.loads(message).get("type") == "session.update":
                await connection.send(json.dumps({"type": "session.updated", "session": {}}))

    def saying(self, *messages: str | bytes, close: tuple[int, str] | None = None) -> Handler:
        """A handler that sends ``messages`` after its session.created, then closes or converses."""

        async def handler(connection: ServerConnection) -> None:
            for message in messages:
                await connection.send(message)
            if close is not None:
                await connection.close(*close)
                return
            await self.converse(connection)

        return handler

    async def next_message(self) -> Any:
        """The next message that reached the upstream, decoded."""
        message = await asyncio.to_thread(self.received.get, timeout=TIMEOUT_S)
        return json.loads(message) if isinstance(message, str) else message

    def reset(self) -> None:
        """Behave again, and forget what was."""
        self.handler = self.converse
        for noted in (self.received, self.headers, self.paths, self.closed):
            while not noted.empty():
                noted.get_nowait()

    def stop(self) -> None:
        """End the thread."""

        async def close() -> None:
            self._server.close()
            await self._server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT_S)
        self._loop.close()


class RelayClient:
    """The client's end of a relay connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: str | bytes | dict[str, Any]) -> None:
        """Send a message; a dict as JSON."""
        await self.connection.send(json.dumps(message) if isinstance(message, dict) else message)

    async def event(self) -> Any:
        """The next message, decoded when it is text."""
        message = await asyncio.wait_for(self.connection.recv(), TIMEOUT_S)
        return json.loads(message) if isinstance(message, str) else message

    async def until(self, event_type: str) -> dict[str, Any]:
        """The next event of a type; what comes before it is passed over."""
        while True:
            event = await self.event()
            if isinstance(event, dict) and event.get("type") == event_type:
                return event

    async def ending(self) -> tuple[list[Any], int | None, str | None]:
        """Everything until the close: the events, the close code, the reason."""
        events: list[Any] = []
        try:
            while True:
                events.append(await self.event())
        except ConnectionClosed:
            return events, self.connection.close_code, self.connection.close_reason


class Server:
    """``salesmind serve`` as a person starts it."""

    def __init__(self, directory: Path, upstream: str, **environment: str) -> None:
        self.directory = directory
        self.log = directory / "server.log"
        self._command = [
            sys.executable, "-m", "tui.cli", "serve", "--port", "0", "--data-dir", str(directory),
            "--upstream", upstream, "--log", str(self.log),
        ]  # fmt: skip
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("SALESMIND_", "OPENAI_"))
            },
            "SALESMIND_KEEPER_SECONDS": "0.2",
            **environment,
        }
        self.start()

    def start(self) -> None:
        """Start it, and wait until it says where."""
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self._environment, text=True
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        assert line, f"the server did not start: {self.process.stderr.read()}"
        self.url: str = json.loads(line)["url"]
        self.http = httpx.Client(base_url=self.url, timeout=TIMEOUT_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal; returns its exit code."""
        self.http.close()
        self.process.send_signal(number)
        code = self.process.wait(TIMEOUT_S)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code

    @asynccontextmanager
    async def websocket(self, path: str, **options: Any) -> AsyncIterator[RelayClient]:
        """A WebSocket at ``path``, with no credentials but those in ``options`` or ``path``."""
        url = self.url.replace("http", "ws", 1) + path
        async with connect(url, compression=None, max_size=None, proxy=None, **options) as connection:
            yield RelayClient(connection)

    def execute(self, statement: str, *values: Any) -> None:
        """Change the database behind the server's back."""
        with (
            closing(sqlite3.connect(self.directory / "salesmind.sqlite3", timeout=TIMEOUT_S)) as database,
            database,
        ):
            database.execute(statement, values)

    def wait_for_log(self, words: str) -> None:
        """Return when ``words`` stand in the log, which a thread of the server writes."""
        deadline = time.monotonic() + TIMEOUT_S
        while words not in self.log.read_text(encoding="utf-8"):
            assert time.monotonic() < deadline, f"never logged: {words}"
            os.sched_yield()

    def add_user(self, name: str, password: str = "a-password") -> Account:
        """Another account, with the password hash of Django's cheapest hasher that is enabled."""
        from django.contrib.auth.hashers import PBKDF2PasswordHasher

        encoded = PBKDF2PasswordHasher().encode(password, "salt" * 6, iterations=1)
        self.execute(
            "INSERT INTO spin_user (username, password, email, is_active, created_at) VALUES (?, ?, '', 1, ?)",
            name, encoded, "2026-01-01 00:00:00",
        )  # fmt: skip
        return self.log_in(name, password)

    def log_in(self, name: str = "admin", password: str = "admin123") -> Account:
        """The account's token, as a client gets it."""
        answer = self.http.post("/api/auth/login/", json={"username": name, "password": password})
        assert answer.status_code == 200, answer.text
        return Account(self, answer.json()["token"], answer.json()["user"]["id"])


class Account:
    """One person's use of the server."""

    def __init__(self, server: Server, token: str, user_id: int) -> None:
        self.server = server
        self.token = token
        self.user_id = user_id
        self.headers = {"Authorization": f"Token {token}"}

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET with the token."""
        return self.server.http.get(path, headers=self.headers, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """POST with the token."""
        return self.server.http.post(path, headers=self.headers, **options)

    def start_session(self, **fields: Any) -> str:
        """A new session's id."""
        answer = self.post(
            "/api/session/start/",
            json={"industry": "IT", "value_proposition": "在庫管理を自動化します", **fields},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def session(self, session_id: str) -> dict[str, Any]:
        """The session as the server reports it."""
        answer = self.get(f"/api/session/{session_id}/")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def session_when(self, session_id: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The session, asked for until ``holds``."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                session = await asyncio.to_thread(self.session, session_id)
                if holds(session):
                    return session

    @asynccontextmanager
    async def relay(self, session_id: str | None = None, **options: Any) -> AsyncIterator[RelayClient]:
        """An open relay connection."""
        query = f"?session_id={session_id}" if session_id else ""
        options.setdefault("additional_headers", self.headers)
        async with self.server.websocket("/ws/realtime/" + query, **options) as client:
            yield client

    @asynccontextmanager
    async def ready_relay(self, session_id: str | None = None) -> AsyncIterator[RelayClient]:
        """A relay connection whose both ``session.created`` have been read."""
        async with self.relay(session_id) as client:
            assert (await client.event())["type"] == "session.created"
            assert (await client.event())["type"] == "session.created"
            yield client


@pytest.fixture(scope="module")
def module_upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(module_upstream: Upstream) -> Iterator[Upstream]:
    module_upstream.reset()
    yield module_upstream
    module_upstream.reset()


@pytest.fixture(scope="module")
def server(module_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), module_upstream.url)
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="module")
def admin(server: Server) -> Account:
    return server.log_in()


@pytest.fixture(scope="module")
def start_server(
    module_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Server]]:
    """Further servers, with environments of their own."""
    servers: list[Server] = []

    def start(upstream: str = module_upstream.url, **environment: str) -> Server:
        servers.append(Server(tmp_path_factory.mktemp("server"), upstream, **environment))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()
