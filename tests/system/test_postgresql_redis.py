"""One site of several server processes: PostgreSQL below them and Redis between them, both started here."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from audio.samples import samples
from tests.system.databases import DATABASE_PASSWORD, REDIS_PASSWORD, PostgreSQL, Redis, find_postgresql
from tests.system.programs import TIMEOUT_S, wait_for

ADMIN_PASSWORD = "correct-horse-battery"  # of a database that lives as long as the test
SERVE = [sys.executable, "-m", "tui.cli", "--lang", "en", "serve", "--port", "0"]
Event = dict[str, Any]


def lacks(module: str) -> bool:
    return importlib.util.find_spec(module) is None


pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.system,
    pytest.mark.skipif(find_postgresql() is None, reason="needs PostgreSQL: apt-get install postgresql"),
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="needs Redis: apt-get install redis-server"
    ),
    pytest.mark.skipif(lacks("psycopg"), reason="needs psycopg: make test-system"),
    pytest.mark.skipif(lacks("channels_redis"), reason="needs channels_redis: make test-system"),
]


class Worker:
    """One ``salesmind serve`` of the site."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        self.process = subprocess.Popen(
            [*command, "--log", str(log)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.url: str = json.loads(line)["url"]

    @property
    def log(self) -> str:
        """Everything it has logged."""
        return self._log.read_text(encoding="utf-8")

    def wait_for_log(self, words: str) -> None:
        """Return when ``words`` stand in the log, which a thread of the server writes."""
        wait_for(self.process, self._log, lambda: words in self.log)

    def stop(self) -> None:
        """End it, unless it was killed already."""
        self.process.terminate()
        self.process.communicate(timeout=TIMEOUT_S)

    async def log_in(self, username: str = "admin") -> Account:
        """The account, as this worker sees it."""
        async with httpx.AsyncClient(base_url=self.url, timeout=TIMEOUT_S) as http:
            body = {"username": username, "password": ADMIN_PASSWORD}
            answer = await http.post("/api/auth/login/", json=body)
        assert answer.status_code == 200, answer.text
        return Account(self, answer.json()["token"])


class Account:
    """One person's use of one worker. The token is good on all."""

    def __init__(self, worker: Worker, token: str) -> None:
        self.worker = worker
        self.token = token

    def at(self, worker: Worker) -> Account:
        """The same person, at another worker."""
        return Account(worker, self.token)

    async def request(self, method: str, path: str, **options: Any) -> Event:
        """The body of an answer that must be good."""
        headers = {"Authorization": f"Token {self.token}"}
        async with httpx.AsyncClient(base_url=self.worker.url, headers=headers, timeout=TIMEOUT_S) as http:
            answer = await http.request(method, path, **options)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def start_session(self) -> str:
        """A new session's id."""
        body = {"industry": "小売", "value_proposition": "在庫管理を自動化します"}
        return str((await self.request("POST", "/api/session/start/", json=body))["id"])

    async def session_when(self, session_id: str, holds: Callable[[Event], object]) -> Event:
        """The session, asked for until ``holds``."""
        async with asyncio.timeout(TIMEOUT_S):
            while not holds(session := await self.request("GET", f"/api/session/{session_id}/")):
                pass
        return session

    @asynccontextmanager
    async def relay(self, session_id: str) -> AsyncIterator[ClientConnection]:
        """A relay connection whose both ``session.created`` have been read."""
        url = f"{self.worker.url.replace('http', 'ws', 1)}/ws/realtime/?session_id={session_id}"
        headers = {"Authorization": f"Token {self.token}"}
        async with connect(url, additional_headers=headers, compression=None, proxy=None) as client:
            for _ in ("the relay's", "the upstream's"):
                created = json.loads(await asyncio.wait_for(client.recv(), TIMEOUT_S))
                assert created["type"] == "session.created", created
            yield client


def is_on(session: Event) -> bool:
    return session["realtime_mode"] is True


def is_off(session: Event) -> bool:
    return session["realtime_mode"] is False


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    # Not tmp_path: its account must be able to get there.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as directory:
        server = PostgreSQL(Path(directory))
        yield server
        server.stop()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstream() -> AsyncIterator[str]:
    """A Realtime endpoint that says ten sentences whenever it hears anything."""

    async def converse(connection: ServerConnection) -> None:
        await connection.send('{"type": "session.created", "session": {"model": "m"}}')
        async for _message in connection:
            for number in range(10):
                said = {"type": "response.output_audio_transcript.done", "transcript": f"はい\0{number}"}
                await connection.send(json.dumps(said))

    async with serve(converse, "127.0.0.1", 0, compression=None) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


@pytest.fixture(scope="module")
def settings(postgresql: PostgreSQL, redis: Redis) -> dict[str, str]:
    """What every process of the site is told."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SALESMIND_", "OPENAI_"))
    }
    return {
        **inherited,
        "SALESMIND_DATABASE_URL": postgresql.url,
        "SALESMIND_REDIS_URL": redis.url,
        "SALESMIND_LEASE_SECONDS": "3",
        "SALESMIND_KEEPER_SECONDS": "0.5",
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
    }


@pytest.fixture(scope="module")
def start_worker(
    settings: dict[str, str], upstream: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Worker]]:
    """Starts a worker; without ``directory`` its lock file is out of the others' sight, as on another host."""
    with ExitStack() as stack:

        def start(
            *arguments: str, directory: Path | None = None, upstream: str = upstream, **changes: str
        ) -> Worker:
            log = tmp_path_factory.mktemp("worker") / "server.log"
            options = ["--data-dir", str(directory or log.parent), "--upstream", upstream, *arguments]
            worker = Worker([*SERVE, *options], settings | changes, log)
            stack.callback(worker.stop)
            return worker

        yield start


@pytest.fixture(scope="module")
def first(start_worker: Callable[..., Worker]) -> Worker:
    return start_worker("--admin-password-env", "ADMIN_PASSWORD")


@pytest.fixture(scope="module")
def second(first: Worker, start_worker: Callable[..., Worker]) -> Worker:
    return start_worker()


@pytest.fixture(scope="module")
def django(first: Worker, settings: dict[str, str]) -> Callable[[str], Awaitable[None]]:
    """Runs a statement in a process with the site's settings, as an administrator would."""

    async def run(statement: str) -> None:
        program = f"import django; django.setup(); from backend.spin.models import *; {statement}"
        environment = settings | {"DJANGO_SETTINGS_MODULE": "backend.settings"}
        await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", program], env=environment, check=True, timeout=TIMEOUT_S
        )

    return run


@pytest.mark.skipif(lacks("ctranslate2"), reason="transcripts need [offline]")
async def test_a_spoken_conversation(
    first: Worker, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """Logged in at one process, spoken through another, which has an engine."""
    admin, engine_worker = await first.log_in(), start_worker(upstream="engine")
    session_id = await admin.start_session()
    assert is_off(await admin.request("GET", f"/api/session/{session_id}/"))
    sample = samples("ja")[2]
    talk = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui.cli", "talk", "--server", engine_worker.url, "--username", "admin",
        "--session", session_id, "--language", "ja", "--source", f"wav:{sample.path}", "--sink", "none", "--json",
        env={**os.environ, "SALESMIND_STATE_DIR": str(tmp_path), "SALESMIND_PASSWORD": ADMIN_PASSWORD},
        stdout=subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    assert talk.stdout is not None
    lines: list[Event] = []
    async for line in talk.stdout:
        lines.append(json.loads(line))
        if lines[-1].get("step") == "gate_open":
            assert is_on(await admin.request("GET", f"/api/session/{session_id}/"))
    assert await talk.wait() == 0
    session = await admin.session_when(session_id, is_off)
    said = {
        role: [entry["message"] for entry in session["messages"] if entry["role"] == role]
        for role in ("salesperson", "customer")
    }
    assert said == {
        "salesperson": lines[-1]["user_transcripts"],
        "customer": lines[-1]["assistant_transcripts"],
    }
    assert all(said.values())
    report = await admin.request("POST", "/api/session/finish/", json={"session_id": session_id})
    assert (await admin.request("GET", f"/api/report/{report['report_id']}/"))["session_id"] == session_id


async def test_one_session_at_two_workers(first: Worker, second: Worker) -> None:
    here = await first.log_in()
    there = here.at(second)
    session_id = await here.start_session()
    async with there.relay(session_id) as stays:
        async with here.relay(session_id) as leaves:
            for client in (stays, leaves):
                await client.send('{"type": "anything"}')
            session = await here.session_when(session_id, lambda session: len(session["messages"]) == 20)
        first.wait_for_log(f"closed by the client: session={session_id}")
        for account in (here, there):
            assert is_on(await account.request("GET", f"/api/session/{session_id}/"))
    for account in (here, there):
        await account.session_when(session_id, is_off)
    messages = session["messages"]
    assert [message["sequence"] for message in messages] == list(range(1, 21))
    # Each connection's sentences keep their order, and the NUL that PostgreSQL cannot store is gone.
    expected = [f"はい{number}" for number in range(10) for _ in range(2)]
    assert sorted(message["message"] for message in messages) == expected


async def test_a_worker_that_was_killed_on_another_host(
    first: Worker, start_worker: Callable[..., Worker]
) -> None:
    admin, doomed = await first.log_in(), start_worker()
    session_id = await admin.start_session()
    with suppress(ConnectionClosed):
        async with admin.at(doomed).relay(session_id):
            await admin.session_when(session_id, is_on)
            doomed.process.kill()
            await admin.session_when(session_id, is_off)


async def test_a_worker_that_was_killed_on_the_same_host(
    first: Worker, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """Its lock tells at once: the lease itself would last for an hour."""
    patient = {"directory": tmp_path, "SALESMIND_LEASE_SECONDS": "3600"}
    watcher, doomed = start_worker(**patient), start_worker(**patient)
    admin = await watcher.log_in()
    session_id, other = await admin.start_session(), await admin.start_session()
    with suppress(ConnectionClosed):
        async with admin.relay(other), admin.at(doomed).relay(session_id):
            await admin.session_when(session_id, is_on)
            doomed.process.kill()
            await admin.session_when(session_id, is_off)


async def test_a_revocation_is_told_to_all_workers_at_once(
    start_worker: Callable[..., Worker], django: Callable[[str], Awaitable[None]], redis: Redis
) -> None:
    """By Redis, when it has been restarted even: the worker would look by itself after an hour."""
    await django(f"User.objects.create_user('somebody', {ADMIN_PASSWORD!r})")
    sleepy = start_worker(SALESMIND_KEEPER_SECONDS="3600", SALESMIND_LEASE_SECONDS="7200")
    somebody = await sleepy.log_in("somebody")
    async with asyncio.timeout(TIMEOUT_S), somebody.relay(await somebody.start_session()) as client:
        await asyncio.to_thread(redis.stop)
        sleepy.wait_for_log("The channel layer failed")
        await asyncio.to_thread(redis.start)
        sleepy.wait_for_log("The channel layer answers again")
        await django("Token.objects.get(user__username='somebody').delete()")
        assert json.loads(await client.recv())["error"]["code"] == "token_revoked"
        await client.wait_closed()
    assert client.close_code == 4401


async def test_silence_is_no_failure_of_redis(first: Worker) -> None:
    """The broker's client gives a silent socket 5 s of its own accord; there is seldom news of an account."""
    admin = await first.log_in()
    async with admin.relay(await admin.start_session()) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 6)
    assert "The channel layer failed" not in first.log


async def test_a_token_that_postgresql_cannot_store(first: Worker) -> None:
    url = first.url.replace("http", "ws", 1) + "/ws/realtime/?token=%00"
    async with asyncio.timeout(TIMEOUT_S), connect(url, compression=None, proxy=None) as client:
        assert json.loads(await client.recv())["error"]["code"] == "token_invalid"


async def test_a_restart_of_the_database_ends_no_conversation(first: Worker, postgresql: PostgreSQL) -> None:
    admin = await first.log_in()
    session_id = await admin.start_session()
    async with admin.relay(session_id) as client:
        await asyncio.to_thread(postgresql.stop)
        try:
            async with httpx.AsyncClient(base_url=first.url, timeout=TIMEOUT_S) as http:
                assert (await http.get("/api/health/")).status_code == 503
            await client.send('{"type": "anything"}')
            async with asyncio.timeout(TIMEOUT_S):
                for _ in range(10):
                    await client.recv()
        finally:
            await asyncio.to_thread(postgresql.start)
        session = await admin.session_when(session_id, lambda session: len(session["messages"]) == 10)
        assert [message["message"] for message in session["messages"]] == [f"はい{n}" for n in range(10)]
        await admin.session_when(session_id, is_on)
    await admin.session_when(session_id, is_off)


async def test_without_any_account_it_says_how_to_make_one(
    first: Worker, settings: dict[str, str], postgresql: PostgreSQL, tmp_path: Path
) -> None:
    import psycopg

    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE fresh")
    url = postgresql.url.replace("/postgres", "/fresh")
    done = await asyncio.to_thread(
        subprocess.run, [*SERVE, "--data-dir", str(tmp_path)],
        env=settings | {"SALESMIND_DATABASE_URL": url}, capture_output=True, text=True, timeout=TIMEOUT_S,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "--admin-password-env" in done.stderr
    assert "Traceback" not in done.stderr


async def test_no_password_is_in_a_log(first: Worker, second: Worker) -> None:
    for worker in (first, second):
        assert not [
            secret
            for secret in (
                DATABASE_PASSWORD,
                quote(DATABASE_PASSWORD, safe=""),
                REDIS_PASSWORD,
                ADMIN_PASSWORD,
            )
            if secret in worker.log
        ]
