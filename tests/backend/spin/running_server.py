"""``salesmind serve`` in a subprocess, and what its accounts do with it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

TIMEOUT_S = 15.0


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
