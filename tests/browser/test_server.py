"""The page's server, asked by clients that nobody here wrote: httpx and websockets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from browser.server import MOST_SOUND_BYTES, MOST_TYPED_BYTES, STATIC, Outbox, PageOptions, PageServer
from browser.sound import LATE_BYTES
from browser.visits import Arrival

FOREIGN = "https://evil.example"
PROGRAM = """
import os, sys
print("size", *os.get_terminal_size(), flush=True)
print("sound", os.environ["SALESMIND_SOURCE"], os.environ["SALESMIND_SINK"], os.environ["SALESMIND_LANG"], flush=True)
for line in sys.stdin:
    print("heard", line.strip(), flush=True)
    if line.strip() == "bye":
        break
"""


class Served:
    """A page with two places, and what its programs were started with."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.command: Sequence[str] = (sys.executable, "-c", PROGRAM)
        self.page = PageServer(
            PageOptions("127.0.0.1", 0, 2, ["https://demo.example.com"]), self._command_for
        )
        self.url = ""

    def _command_for(self, arrival: Arrival) -> Sequence[str]:
        self.arrivals.append(arrival)
        return self.command

    @property
    def origin(self) -> str:
        return self.url.rstrip("/")

    async def arrive(self, **wish: Any) -> str:
        async with self.http() as http:
            answer = await http.post("/visits", json={"language": "ja", "microphone": True, **wish})
        assert answer.status_code == 200, answer.text
        key: str = answer.json()["key"]
        return key

    def http(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url, headers={"Origin": self.origin, **headers}, trust_env=False
        )

    def socket(self, path: str, origin: str | None = None) -> connect:
        url = self.origin.replace("http", "ws") + path
        return connect(url, origin=Origin(origin or self.origin), proxy=None)

    async def visitors(self) -> int:
        async with self.http() as http:
            count: int = (await http.get("/health")).json()["visitors"]
            return count


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    one = Served()
    one.url = await one.page.start()
    yield one
    await one.page.close()


async def seen(socket: ClientConnection, wanted: str) -> str:
    text = ""
    async with asyncio.timeout(10):
        while wanted not in text:
            message = await socket.recv()
            assert isinstance(message, bytes)
            text += message.decode()
    return text


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not await holds():  # noqa: ASYNC110 - a state of the server, asked over HTTP
            await asyncio.sleep(0.01)


async def test_a_visit_from_the_first_byte_to_the_last(served: Served) -> None:
    key = await served.arrive()
    async with served.socket(f"/visits/{key}/terminal?width=91&height=33") as socket:
        text = await seen(socket, "ja")
        assert "size 91 33" in text
        arrival = served.arrivals[0]
        assert f"sound {arrival.source} {arrival.sink} ja" in text
        await socket.send(json.dumps(["resize", {"width": 70, "height": 20}]))
        await socket.send(json.dumps(["focus"]))
        await socket.send(json.dumps(["ping", "17"]))
        assert json.loads(await socket.recv()) == ["pong", "17"]
        await socket.send(json.dumps(["stdin", "bye\r"]))
        await seen(socket, "heard bye")
        async with asyncio.timeout(10):
            await socket.wait_closed()
    await until(lambda: gone(served))


async def gone(served: Served) -> bool:
    return await served.visitors() == 0


async def test_the_program_ends_when_the_browser_goes(served: Served) -> None:
    served.command = ("sh", "-c", "echo pid $$.; exec sleep 60")
    key = await served.arrive()
    async with served.socket(f"/visits/{key}/terminal") as socket:
        found = re.search(r"pid (\d+)\.", await seen(socket, "."))
        assert found
        socket.transport.abort()  # no goodbye
    await until(lambda: gone(served))
    with pytest.raises(ProcessLookupError):
        os.kill(int(found[1]), 0)


async def test_both_ways_of_sound(served: Served) -> None:
    key = await served.arrive()
    async with (
        served.socket(f"/visits/{key}/terminal") as terminal,
        served.socket(f"/visits/{key}/sound") as sound,
    ):
        await seen(terminal, "ja")
        arrival = served.arrivals[0]
        await sound.send(json.dumps({"rate": 24_000}))
        reader, writer = await asyncio.open_connection(*address(arrival.source))
        spoken = asyncio.create_task(reader.readexactly(4))
        while not spoken.done():  # what is said before the console listens is lost
            await sound.send(b"\1\2\3\4\5")
            await asyncio.sleep(0.01)
        assert spoken.result() == b"\1\2\3\4"
        _, player = await asyncio.open_connection(*address(arrival.sink))
        player.write(b"\7\7\7\7")
        async with asyncio.timeout(10):
            assert await sound.recv() == b"\7\7\7\7"
        writer.close()
        player.close()


def address(spec: str) -> tuple[str, int]:
    _, host, port = spec.split(":")
    return host, int(port)


async def test_without_a_microphone_there_is_silence(served: Served) -> None:
    key = await served.arrive(microphone=False, language="xx")
    async with served.socket(f"/visits/{key}/terminal") as socket:
        await seen(socket, "en")
    assert served.arrivals[0].source == "silence"
    assert served.arrivals[0].language == "en"


async def test_no_more_than_the_places(served: Served) -> None:
    assert len({await served.arrive(), await served.arrive()}) == 2
    async with served.http() as http:
        answer = await http.post("/visits", json={"language": "en", "microphone": True})
    assert (answer.status_code, answer.json()) == (503, {"problem": "full", "places": 2})


async def test_a_visit_has_one_terminal(served: Served) -> None:
    key = await served.arrive()
    async with served.socket(f"/visits/{key}/terminal"):
        with pytest.raises(InvalidStatus, match="409"):
            async with served.socket(f"/visits/{key}/terminal"):
                pass


async def test_a_program_that_does_not_start(served: Served) -> None:
    served.command = ("/no/such/program",)
    key = await served.arrive()
    with pytest.raises(InvalidStatus, match="503"):
        async with served.socket(f"/visits/{key}/terminal"):
            pass
    assert await served.visitors() == 0


@pytest.mark.parametrize("origin", [FOREIGN, "null", "", "http://localhost:1"])
async def test_pages_of_others_are_refused(served: Served, origin: str) -> None:
    key = await served.arrive()
    async with served.http(Origin=origin) as http:
        assert (await http.post("/visits", json={"language": "en", "microphone": True})).status_code == 403
    for path in ("terminal", "sound"):
        with pytest.raises(InvalidStatus, match="403"):
            async with served.socket(f"/visits/{key}/{path}", origin or FOREIGN):
                pass


async def test_the_sites_own_name_is_welcome_and_others_are_not(served: Served) -> None:
    async with served.http(Host="demo.example.com", Origin="https://demo.example.com") as http:
        assert (await http.get("/")).status_code == 200
        assert (await http.post("/visits", json={"language": "en", "microphone": True})).status_code == 200
    async with served.http(Host="rebound.example") as http:
        assert (await http.get("/")).status_code == 421


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"language": 1}', b"null", b"\xff", b'{"microphone":true}']
)
async def test_nonsense_is_no_visit(served: Served, body: bytes) -> None:
    async with served.http() as http:
        assert (await http.post("/visits", content=body)).status_code == 400
        assert (await http.post("/visits", content=b" " * 5_000 + body)).status_code in (400, 413)
    assert await served.visitors() == 0


@pytest.mark.parametrize(
    "message",
    ["", "{}", "[]", '["stdin"]', '["stdin", 5]', '["resize", {}]', '["resize", {"width": 1e999, "height": 2}]',
     '["stdin", "\\ud800"', b"\0\1"],
)  # fmt: skip
async def test_nonsense_ends_a_terminal(served: Served, message: str | bytes) -> None:
    key = await served.arrive()
    async with served.socket(f"/visits/{key}/terminal") as socket:
        await socket.send(message)
        async with asyncio.timeout(10):
            await socket.wait_closed()
    assert socket.close_code == 1003
    await until(lambda: gone(served))


async def test_messages_have_a_length(served: Served) -> None:
    key = await served.arrive()
    async with (
        served.socket(f"/visits/{key}/terminal") as terminal,
        served.socket(f"/visits/{key}/sound") as sound,
    ):
        await seen(terminal, "ja")
        await sound.send(bytes(MOST_SOUND_BYTES + 1))
        async with asyncio.timeout(10):
            await sound.wait_closed()
        assert sound.close_code == 1009
        await terminal.send(json.dumps(["stdin", "x" * MOST_TYPED_BYTES]))
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(10):
                while True:
                    await terminal.recv()
    assert terminal.close_code == 1009


@pytest.mark.parametrize("rate", ["{}", '{"rate": "x"}', '{"rate": 3}', "[]", "{", '{"rate": 1e999}'])
async def test_an_unknown_rate_ends_the_sound(served: Served, rate: str) -> None:
    key = await served.arrive()
    async with served.socket(f"/visits/{key}/sound") as sound:
        await sound.send(rate)
        async with asyncio.timeout(10):
            await sound.wait_closed()
    assert sound.close_code == 1003


async def test_nothing_of_the_page_comes_from_elsewhere(served: Served) -> None:
    async with served.http() as http:
        page = await http.get("/")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "http" not in re.sub(r"<!--.*?-->", "", page.text, flags=re.DOTALL)
        for path in [*re.findall(r'(?:href|src)="(/[^"]+)"', page.text), "/textual/js/textual.js"]:
            assert (await http.get(path)).status_code == 200, path
        assert (await http.get("/static/../server.py")).status_code == 404
        assert (await http.get("/static/")).status_code == 403


def test_both_languages_say_the_same_things() -> None:
    text = (STATIC / "words.js").read_text(encoding="utf-8")
    english, japanese = text.split("  ja: {")
    names = re.findall(r"^    (\w+):", english, re.MULTILINE)
    assert names == re.findall(r"^    (\w+):", japanese, re.MULTILINE)
    used = (STATIC / "page.js").read_text() + (STATIC / "sound.js").read_text()
    assert [name for name in names if name not in used] == []


async def test_late_sound_is_dropped_not_queued() -> None:
    outbox = Outbox()
    for number in range(100):
        outbox.put(bytes([number]) * 1920)
    pcm = await outbox.take()
    assert len(pcm) <= LATE_BYTES
    assert pcm[-1] == 99
