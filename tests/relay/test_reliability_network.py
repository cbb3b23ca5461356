"""Networks that are slow, and names, certificates and proxies that fail while a lost connection is replaced."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from acceptance.fault_proxy import FaultProxy
from relay.commands import Reconnect
from relay.stream import Connection, Meters, Notice, Problem
from tests.certificates import make_certificate
from tests.forward_proxy import Proxy
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.numbered_speech import ALL_ROWS, BLOCK, NumberedSpeech, all_heard, gates, lost_s, until

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from tests.conftest import ToldFault
    from tests.relay.held_conversation import Run

    Hold = Callable[..., Run]
else:
    ToldFault = Any
    Hold = Callable[..., Any]

AWAY_S = 5.0 if ALL_ROWS else 0.5
NAME = "salesmind.test"


def cut(salesmind: FakeSalesMind) -> float:
    """Reset every WebSocket; the time at which that was done."""
    for each in salesmind.sockets:
        each.ws.transport.abort()
    return time.monotonic()


@pytest.mark.parametrize("kbit_s", [500, 256, 64] if ALL_ROWS else [64])
async def test_a_slow_line(
    kbit_s: int, salesmind: FakeSalesMind, hold: Hold, speech: NumberedSpeech, told_fault: ToldFault
) -> None:
    """PCM16 needs 384 kbit/s. What does not fit is dropped, oldest first, counted and said."""
    seconds = 20.0 if ALL_ROWS else 8.0
    async with FaultProxy(salesmind.url) as proxy:
        run = hold(server_url=proxy.url, source=await speech.start(), patience_s=None)
        await until(lambda: gates(run) == 1 and speech.said > 25)
        began, said = time.monotonic(), speech.said
        proxy.bytes_per_s = kbit_s * 125
        await until(lambda: time.monotonic() - began > seconds)
        proxy.bytes_per_s = None
        slow_for_s = (speech.said - said) * BLOCK / 24_000
        lost = await all_heard(salesmind, speech)
        dropped = run.of(Meters)[-1].dropped_chunks * 0.04
        said_so = run.of(Notice, code="audio_dropped")
        await run.stop()
    missing_s = lost_s(salesmind, speech.said)
    told_fault(
        f"Line: {kbit_s} kbit/s for {slow_for_s:.0f} s (the sound needs 384)",
        seen="that sound waited too long and was dropped, with how much" if said_so else "nothing",
        noticed_s=run.began + said_so[0].t - began if said_so else None,
        again_s=0.0,
        lost=lost,
    )
    assert not run.of(Connection, state="lost")
    assert missing_s == pytest.approx(dropped, abs=0.05), "what is lost is counted"
    assert bool(said_so) == (missing_s > 0)
    if kbit_s > 384:
        assert lost == "nothing"
    else:
        assert 0 < missing_s < slow_for_s * (1 - kbit_s / 384) + 1


async def test_a_name_that_is_not_found_any_more(
    salesmind: FakeSalesMind,
    hold: Hold,
    speech: NumberedSpeech,
    told_fault: ToldFault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there, look_up = True, socket.getaddrinfo

    def answer(host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in (NAME, NAME.encode()):
            return look_up(host, *arguments, **options)
        if not there:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up("127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    url = f"http://{NAME}:{salesmind.port}"
    run = hold(server_url=url, source=await speech.start(), patience_s=None)
    await until(lambda: gates(run) == 1 and speech.said > 25)
    there = False
    began = cut(salesmind)
    noticed = await until(lambda: any(each.code == "name_unknown" for each in run.of(Problem)))
    await asyncio.sleep(AWAY_S)
    there, back = True, time.monotonic()
    again = await until(lambda: gates(run) == 2)
    lost = await all_heard(salesmind, speech)
    await run.stop()
    told_fault(
        f"Line cut, and DNS gone for {AWAY_S:g} s",
        seen="the loss, and that the server's name is not found, until it is",
        noticed_s=noticed - began,
        again_s=again - back,
        lost=lost,
    )
    assert lost == "nothing"
    assert again - back < 2.0


async def test_a_certificate_that_turns_wrong(
    hold: Hold,
    speech: NumberedSpeech,
    told_fault: ToldFault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, bad = (tls(tmp_path / name) for name in ("good", "bad"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "good.pem"))
    server = FakeSalesMind()
    await server.start(tls=good)
    port = server.port
    run = hold(server_url=server.url, source=await speech.start(), patience_s=None)
    await until(lambda: gates(run) == 1 and speech.said > 25)
    began = cut(server)
    await server.stop()
    await server.start(port, tls=bad)
    noticed = await until(lambda: bool(run.of(Connection, state="given_up")))
    problem = run.of(Problem)[-1]
    await server.stop()
    await server.start(port, tls=good)
    back = time.monotonic()
    run.command(Reconnect())
    again = await until(lambda: gates(run) == 2)
    lost = await all_heard(server, speech)
    await run.stop()
    await server.stop()
    told_fault(
        "Line cut, and the server's certificate is wrong at the reconnection",
        seen="the loss, and why the certificate is refused; the conversation waits for the operator's `r`",
        noticed_s=noticed - began,
        again_s=again - back,
        lost=lost,
    )
    assert (problem.code, problem.fatal) == ("tls_error", True)
    assert lost == "nothing"


def tls(stem: Path) -> ssl.SSLContext:
    """A server's settings, with a certificate of its own in ``stem``.pem."""
    key, certificate = stem.with_suffix(".key"), stem.with_suffix(".pem")
    make_certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_a_proxy_that_goes_away(
    salesmind: FakeSalesMind,
    hold: Hold,
    speech: NumberedSpeech,
    told_fault: ToldFault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = Proxy()
    listener = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    url = f"http://{NAME}:{salesmind.port}"
    run = hold(server_url=url, source=await speech.start(), patience_s=None)
    await until(lambda: gates(run) == 1 and speech.said > 25)
    listener.close()
    began = cut(salesmind)
    noticed = await until(lambda: any(each.code == "proxy_unreachable" for each in run.of(Problem)))
    await asyncio.sleep(AWAY_S)
    listener = await asyncio.start_server(proxy.handle, "127.0.0.1", port)
    back = time.monotonic()
    again = await until(lambda: gates(run) == 2)
    lost = await all_heard(salesmind, speech)
    await run.stop()
    listener.close()
    told_fault(
        f"Proxy gone for {AWAY_S:g} s, and the line through it cut",
        seen="the loss, and that the proxy cannot be reached, until it can",
        noticed_s=noticed - began,
        again_s=again - back,
        lost=lost,
    )
    assert lost == "nothing"
    assert again - back < 2.0


async def test_a_server_that_is_away_for_five_minutes(
    salesmind: FakeSalesMind,
    hold: Hold,
    speech: NumberedSpeech,
    told_fault: ToldFault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Scaled: the attempts of five minutes are made first, a hundred times as fast, and then at their own pace."""
    from relay.link.reconnect import Backoff

    paces = [0.01]
    monkeypatch.setattr(Backoff, "delay", scaled(Backoff.delay, paces))
    port = salesmind.port
    run = hold(server_url=salesmind.url, source=await speech.start(), patience_s=None)
    await until(lambda: gates(run) == 1 and speech.said > 25)
    speech.quiet = True  # more than 30 s of speech are not kept, and this takes five seconds
    began = cut(salesmind)
    await salesmind.stop()
    noticed = await until(lambda: bool(run.of(Connection, state="lost")))
    await until(lambda: max((each.attempt or 0 for each in run.of(Connection)), default=0) >= 400)
    paces[0] = 1.0
    await salesmind.start(port)
    back = time.monotonic()
    again = await until(lambda: gates(run) == 2)
    lost = await all_heard(salesmind, speech)
    await run.stop()
    told_fault(
        "Server: gone for 5 minutes (its 400 attempts, made a hundred times as fast)",
        seen="the loss, each attempt with its delay, that it is back",
        noticed_s=noticed - began,
        again_s=again - back,
        lost=lost,
    )
    assert lost == "nothing"
    assert [each.code for each in run.of(Problem)].count("server_unreachable") == 1
    assert again - back < 1.5


def scaled(delay: Callable[[Any, int], float], paces: list[float]) -> Callable[[Any, int], float]:
    """``delay`` times the pace of now."""
    return lambda backoff, attempt: delay(backoff, attempt) * paces[0]


async def test_a_session_that_expires_upstream(
    salesmind: FakeSalesMind, hold: Hold, speech: NumberedSpeech, told_fault: ToldFault
) -> None:
    run = hold(source=await speech.start(), patience_s=None)
    await until(lambda: gates(run) == 1 and speech.said > 25)
    began = time.monotonic()
    words = "Your session hit the maximum duration of 60 minutes."
    error = {"type": "invalid_request_error", "code": "session_expired", "message": words}
    await (await salesmind.socket()).send("error", error=error)
    noticed = await until(lambda: any(each.code == "session_expired" for each in run.of(Problem)))
    again = await until(lambda: gates(run) == 2)
    lost = await all_heard(salesmind, speech)
    await run.stop()
    told_fault(
        "Session expired upstream, and the server does not close",
        seen="that it expired, and that the conversation goes on in a new one",
        noticed_s=noticed - began,
        again_s=again - began,
        lost=lost,
    )
    assert lost == "nothing"
