"""``salesmind serve`` as a program: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.backend.spin.running_server import Server

TIMEOUT_S = 30.0
NOWHERE = "ws://127.0.0.1:9/"


def obey_permissions() -> None:
    """In the child: give up what lets root write where nobody may."""
    drop_from_bounding_set, override_permissions = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0)


def serve(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to fail."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SALESMIND_", "OPENAI_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", "--lang", "en", "serve", "--data-dir", str(directory), *arguments],
        env={**kept, **environment}, capture_output=True, text=True, timeout=TIMEOUT_S,
        preexec_fn=obey_permissions if sys.platform == "linux" else None,
    )  # fmt: skip


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The sentence of a failed start: exit code 2, nothing on stdout, no traceback."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_one_line_on_stdout_and_words_on_stderr(start_server: Callable[..., Server]) -> None:
    server = start_server()
    assert server.http.get("/api/health/").status_code == 200
    server.http.close()
    server.process.send_signal(signal.SIGTERM)
    output, words = server.process.communicate(timeout=TIMEOUT_S)
    assert server.process.returncode == 0
    assert output == ""
    assert server.url in words
    assert "admin123" in words


def test_over_tls(tmp_path: Path) -> None:
    """httpx and the ``ssl`` module of Python, trusting this certificate only, are the witnesses."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificate")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    arguments = ("--tls-cert", str(cert), "--tls-key", str(key))
    started = [sys.executable, "-m", "tui.cli", "serve", "--port", "0", "--data-dir", str(tmp_path),
               "--upstream", NOWHERE, *arguments]  # fmt: skip
    process = subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        assert url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=cert)
        assert httpx.get(f"{url}/api/health/", verify=trusting, trust_env=False).status_code == 200
        websocket = connect(f"wss{url.removeprefix('https')}/ws/realtime/", ssl=trusting, proxy=None)
        with websocket, pytest.raises(ConnectionClosed) as closed:
            while True:
                websocket.recv(timeout=TIMEOUT_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401  # over TLS, and as far as the login
        process.terminate()
        assert process.wait(TIMEOUT_S) == 0
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)


@pytest.mark.parametrize(
    "arguments", [("--tls-cert", "x"), ("--tls-key", "x"), ("--tls-cert", "x", "--tls-key", "x")]
)
def test_tls_that_cannot_be_used(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert "TLS cannot be used: " in refusal(
        serve(tmp_path, "--port", "0", "--upstream", NOWHERE, *arguments)
    )


def test_interrupted_is_130(start_server: Callable[..., Server]) -> None:
    assert start_server().stop(signal.SIGINT) == 130


def test_a_busy_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = refusal(serve(tmp_path, "--port", port, "--upstream", NOWHERE))
    assert port in sentence
    assert "--port" in sentence


@pytest.mark.parametrize("host", ["no..name", "", "name.invalid"])
def test_a_host_that_is_none(tmp_path: Path, host: str) -> None:
    assert "host name" in refusal(serve(tmp_path, "--host", host, "--port", "0"))


def test_openai_needs_a_key(tmp_path: Path) -> None:
    assert "OPENAI_API_KEY" in refusal(serve(tmp_path, "--port", "0", "--upstream", "openai"))


@pytest.mark.parametrize(
    "upstream", ["http://127.0.0.1/", "nonsense", "ws://", "ws://127.0.0.1:99999/", "ws://[::1/"]
)
def test_an_upstream_must_be_a_websocket(tmp_path: Path, upstream: str) -> None:
    assert "ws://" in refusal(serve(tmp_path, "--port", "0", "--upstream", upstream))


def test_a_database_that_is_none(tmp_path: Path) -> None:
    database = tmp_path / "letter.txt"
    database.write_text("Dear Sir or Madam, " * 100)
    sentence = refusal(serve(tmp_path, "--port", "0", "--upstream", NOWHERE, "--database", str(database)))
    assert "--database" in sentence


def test_a_database_from_a_newer_version(start_server: Callable[..., Server]) -> None:
    server = start_server()
    applied = "INSERT INTO django_migrations (app, name, applied) VALUES ('spin', '0099_later', '2030-01-01')"
    server.execute(applied)
    health = server.http.get("/api/health/")
    assert (health.status_code, health.json()["status"]) == (503, "unavailable")
    server.stop()
    sentence = refusal(serve(server.directory, "--port", "0", "--upstream", NOWHERE))
    assert "newer version" in sentence
    assert "0099_later" in sentence


@pytest.mark.skipif(sys.platform != "linux", reason="drops root's privilege as Linux has it")
def test_a_database_that_may_only_be_read(tmp_path: Path, start_server: Callable[..., Server]) -> None:
    server = start_server()
    server.stop()
    database = server.directory / "salesmind.sqlite3"
    database.chmod(0o444)
    sentence = refusal(serve(server.directory, "--port", "0", "--upstream", NOWHERE))
    assert "readonly" in sentence
    assert "--database" in sentence


def test_no_place_for_the_lock_files(tmp_path: Path) -> None:
    (tmp_path / "workers").write_text("in the way")
    sentence = refusal(serve(tmp_path, "--port", "0", "--upstream", NOWHERE))
    assert str(tmp_path / "workers") in sentence
    assert "--data-dir" in sentence


def test_a_database_server_that_does_not_answer(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    url = "postgresql://me:hidden@127.0.0.1:9/salesmind"
    done = serve(tmp_path, "--port", "0", "--upstream", NOWHERE, SALESMIND_DATABASE_URL=url)
    sentence = refusal(done)
    assert "Connection refused" in sentence
    assert "SALESMIND_DATABASE_URL" in sentence
    assert "hidden" not in done.stderr


def test_leases_that_would_lapse_before_they_are_renewed(tmp_path: Path) -> None:
    sentence = refusal(serve(tmp_path, "--port", "0", SALESMIND_KEEPER_SECONDS="8"))
    assert "SALESMIND_LEASE_SECONDS must be at least twice SALESMIND_KEEPER_SECONDS" in sentence


def test_a_setting_that_is_wrong(tmp_path: Path) -> None:
    done = serve(tmp_path, "--port", "0", SALESMIND_REDIS_URL="http://:hidden@127.0.0.1")
    assert "SALESMIND_REDIS_URL must begin with redis://" in refusal(done)
    assert "hidden" not in done.stderr


def test_the_demo_password_stays_on_the_machine(tmp_path: Path) -> None:
    arguments = ("--host", "0.0.0.0", "--port", "0", "--upstream", NOWHERE)
    for _ in ("a fresh database", "an existing one"):
        assert "--admin-password-env" in refusal(serve(tmp_path, *arguments))
    weak = serve(tmp_path, *arguments, "--admin-password-env", "NEW_PASSWORD", NEW_PASSWORD="admin123")
    assert "NEW_PASSWORD" in refusal(weak)


def test_with_another_password_it_listens_everywhere(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "tui.cli", "serve", "--host", "0.0.0.0", "--port", "0", "--data-dir", str(tmp_path),
        "--upstream", NOWHERE, "--admin-password-env", "NEW_PASSWORD", "--log", str(tmp_path / "log"),
    ]  # fmt: skip
    environment = {**os.environ, "NEW_PASSWORD": "correct-horse-battery"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["url"].rpartition(":")[2]
        login = f"http://127.0.0.1:{port}/api/auth/login/"
        answers = [
            httpx.post(login, json={"username": "admin", "password": password}, timeout=TIMEOUT_S).status_code
            for password in ("admin123", "correct-horse-battery")
        ]
        process.terminate()
        _output, words = process.communicate(timeout=TIMEOUT_S)
    assert answers == [401, 200]
    assert "correct-horse" not in words + (tmp_path / "log").read_text()


def test_the_default_database_is_made_with_its_directory(
    tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    server = start_server(SALESMIND_DATABASE=str(tmp_path / "deep" / "down" / "data.sqlite3"))
    assert server.log_in().token
    assert (tmp_path / "deep" / "down" / "data.sqlite3").exists()


def test_other_users_of_the_machine_read_nothing(start_server: Callable[..., Server]) -> None:
    server = start_server()
    server.log_in()
    directory = server.directory
    server.stop()
    for path in (directory, *directory.rglob("*")):
        path.chmod(path.stat().st_mode | 0o055)
    server.start()
    server.log_in()
    for path in (directory, directory / "salesmind.sqlite3", server.log):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("upstream", [NOWHERE, "ws://no..name/"])
async def test_an_upstream_that_is_not_there(start_server: Callable[..., Server], upstream: str) -> None:
    server = start_server(upstream=upstream)
    admin = server.log_in()
    session_id = admin.start_session()
    async with admin.relay(session_id) as client:
        events, close_code, _reason = await client.ending()
    assert [event["error"]["code"] for event in events] == ["upstream_unreachable"]
    assert events[0]["error"]["type"] == "connection_error"
    assert close_code == 4002
    assert admin.session(session_id)["realtime_mode"] is False
