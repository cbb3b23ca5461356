"""A name is looked up with a limit of its own, and it is said that it is the name."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from api_client import names
from api_client.errors import NameTimeout, NameUnknown
from api_client.names import look_up
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

_numbers = itertools.count()


@pytest.fixture
def host() -> str:
    """A name of each test's own: a look-up of another may still be under way."""
    return f"salesmind-{next(_numbers)}.invalid"


@pytest.fixture
def url(host: str) -> str:
    return f"http://{host}:8000"


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], list[str]]:
    """Answers every look-up with what ``resolve`` gives; lists the hosts that were asked for."""

    def use(resolve: Callable[[], Any]) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host: str, *_: Any, **__: Any) -> Any:
            asked.append(host)
            return resolve()

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return use


def _unknown() -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def _by_http(url: str) -> None:
    async with SalesMindClient(url, timeout_s=5) as client:
        await client.health()


async def _by_websocket(url: str) -> None:
    await RealtimeConnection.open(url, "token")


both = pytest.mark.parametrize("reach", [_by_http, _by_websocket])


@both
async def test_an_unknown_name_is_named(reach: Any, resolver: Any, url: str, host: str) -> None:
    asked = resolver(_unknown)
    with pytest.raises(NameUnknown) as caught:
        await reach(url)
    assert caught.value.params["host"] == host
    assert host in str(caught.value)
    assert asked == [host]


@both
async def test_a_resolver_that_hangs_is_not_waited_for(
    reach: Any, resolver: Any, url: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "LIMIT_S", 0.1)
    release = threading.Event()
    asked = resolver(lambda: release.wait(20) and FOUND)
    for _ in range(2):
        with pytest.raises(NameTimeout) as caught:
            await reach(url)
    release.set()
    assert caught.value.params["seconds"] == "0.1"
    assert asked == [host]  # the second attempt waited for the same look-up


async def test_an_answer_that_came_late_is_there_for_the_next_attempt(
    resolver: Any, url: str, host: str
) -> None:
    release = threading.Event()
    asked = resolver(lambda: release.wait(20) and FOUND)
    with pytest.raises(NameTimeout):
        await look_up(url, 0.05)
    release.set()
    await look_up(url, 20)
    await look_up(url, 0)
    assert asked == [host]


async def test_a_failure_is_asked_again(resolver: Any, url: str) -> None:
    asked = resolver(_unknown)
    for _ in range(2):
        with pytest.raises(NameUnknown):
            await look_up(url)
    assert len(asked) == 2


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://[fe80::1%25eth0]", "http://localhost"]
)
async def test_an_address_is_not_looked_up(url: str, resolver: Any) -> None:
    asked = resolver(_unknown)
    await look_up(url, 0)
    assert asked == []


async def test_several_wait_for_one_look_up(resolver: Any, url: str) -> None:
    release = threading.Event()
    asked = resolver(lambda: release.wait(20) and FOUND)
    waiting = [asyncio.create_task(look_up(url, 20)) for _ in range(5)]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(*waiting)
    assert len(asked) == 1
