"""Who gets as far as a session: pages in browsers, idle and too many sockets, TLS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.typing import Origin, Subprotocol

from backend.engine import admission, doorway, server
from backend.engine.options import EngineOptions
from backend.engine.server import serving
from backend.engine.transcription import NoTranscriber

QUIET = NoTranscriber("off")


def engine(**options: Any) -> Any:
    return serving(EngineOptions(port=0, **options), QUIET)


def base_of(url: str) -> str:
    return url.removesuffix("/realtime").replace("ws", "http", 1)


async def first_event(url: str, **options: Any) -> Any:
    async with connect(f"{url}?model=m", **options) as socket:
        return json.loads(await socket.recv())


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:8080", "http://a.localhost"]
)
async def test_a_page_of_this_machine_comes_in(origin: str) -> None:
    async with engine() as url:
        assert (await first_event(url, origin=Origin(origin)))["type"] == "session.created"


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://localhost.evil.example",
        "null",
        "file://",
        "http://10.0.0.7",
        "http://[",
        "http://evil.example, http://localhost",
    ],
)
async def test_a_page_of_elsewhere_does_not(origin: str) -> None:
    async with engine() as url:
        with pytest.raises(InvalidStatus) as refused:
            await first_event(url, origin=Origin(origin))
        response = refused.value.response
        assert response.status_code == 403
        assert json.loads(response.body or b"")["error"]["code"] == "origin_not_allowed"
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{base_of(url)}/realtime/client_secrets", headers={"Origin": origin})
        assert answer.status_code == 403
        assert "ek_" not in answer.text


async def test_a_page_of_elsewhere_comes_in_by_its_origin_or_with_the_token() -> None:
    there = Origin("https://demo.example")
    async with engine(origins=("https://demo.example",)) as url:
        assert (await first_event(url, origin=there))["type"] == "session.created"
    async with engine(token="secret") as url:
        key = [Subprotocol("realtime"), Subprotocol("openai-insecure-api-key.secret")]
        assert (await first_event(url, origin=there, subprotocols=key))["type"] == "session.created"
        assert (await first_event(url, origin=there))["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /v1/realtime HT", b"POST /v1/realtime HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{"],
)
async def test_a_socket_that_stays_idle_is_dropped(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(server, "OPEN_TIMEOUT_S", 0.1)
    async with engine() as url:
        host, port = url.removeprefix("ws://").split("/")[0].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_so_many_sessions_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_SESSIONS", 1)
    async with engine() as url:
        async with connect(f"{url}?model=m") as first:
            await first.recv()
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{url}?model=m")
            assert refused.value.response.status_code == 503
            body = json.loads(refused.value.response.body or b"")
            assert body["error"]["code"] == "too_many_sessions"
        async with asyncio.timeout(5):
            while True:  # the first one's end may still be on its way
                try:
                    created = await first_event(url)
                except InvalidStatus:
                    continue
                break
        assert created["type"] == "session.created"


async def test_of_too_many_sockets_the_idle_ones_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorway, "MAX_SOCKETS", 2)
    async with engine() as url, asyncio.timeout(5):
        host, port = url.removeprefix("ws://").split("/")[0].split(":")
        idle = [await asyncio.open_connection(host, int(port)) for _ in range(2)]
        async with connect(f"{url}?model=m") as first:
            await first.recv()
            with contextlib.suppress(ConnectionError):
                assert await idle[0][0].read() == b""
            async with connect(f"{url}?model=m") as second:
                await second.recv()
                with contextlib.suppress(ConnectionError):
                    assert await idle[1][0].read() == b""
                with pytest.raises((InvalidMessage, ConnectionError)):
                    await connect(f"{url}?model=m")
                for socket in (first, second):
                    await (await socket.ping())
        for _, writer in idle:
            writer.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificate")
    directory = tmp_path_factory.mktemp("tls")
    cert, key = directory / "cert.pem", directory / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


async def test_a_turn_over_tls(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    trusting = ssl.create_default_context(cafile=cert)
    async with engine(tls_certificate=cert, tls_key=key, pace=200.0) as url:
        assert url.startswith("wss://127.0.0.1:")
        client = openai.AsyncOpenAI(
            api_key="sk-any", base_url=base_of(url), websocket_base_url=url.removesuffix("/realtime"),
            http_client=openai.DefaultAsyncHttpxClient(verify=trusting, trust_env=False),
        )  # fmt: skip
        secret = await client.realtime.client_secrets.create()
        assert secret.value.startswith("ek_")
        options: Any = {"ssl": trusting}
        async with client.realtime.connect(
            model="gpt-realtime", websocket_connection_options=options
        ) as connection:
            await connection.response.create(response={"output_modalities": ["text"]})
            async with asyncio.timeout(10):
                async for event in connection:
                    assert event.type != "error", event
                    if event.type == "response.done":
                        break
            assert event.type == "response.done"
            assert event.response.status == "completed"


def test_a_certificate_that_cannot_be_used_is_said_in_words(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    from backend.tls import CertificateError, server_context

    cert, key = certificate
    other, locked, nonsense = tmp_path / "other.pem", tmp_path / "locked.pem", tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    command = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
    subprocess.run([*command.split(), "-out", other], check=True, capture_output=True)
    subprocess.run(["openssl", "ec", "-aes256", "-passout", "pass:x1234", "-in", key, "-out", locked],
                   check=True, capture_output=True)  # fmt: skip
    assert server_context(None, None) is None
    for given, says in (
        ((cert, None), "go together"),
        ((None, key), "go together"),
        ((cert, other), "is not the key of"),
        ((cert, locked), "has a passphrase"),
        ((nonsense, key), "no certificate or no key"),
        ((cert, tmp_path / "nowhere"), "No such file"),
        ((tmp_path, key), "directory"),
    ):
        with pytest.raises(CertificateError, match=says):
            server_context(*given)


async def test_an_engine_that_stops_does_not_wait_for_idle_sockets() -> None:
    async with asyncio.timeout(5):
        async with engine() as url:
            host, port = url.removeprefix("ws://").split("/")[0].split(":")
            idle = await asyncio.open_connection(host, int(port))
            await first_event(url)
        assert await idle[0].read() == b""
        idle[1].close()
