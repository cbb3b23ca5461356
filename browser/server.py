"""The HTTP side: the page, its scripts, and two WebSockets for each visitor, for the terminal and for the sound.

The terminal is drawn by textual-serve's script, which is xterm.js with a small protocol: JSON arrays from the
browser (``["stdin", TEXT]``, ``["resize", {"width", "height"}]``, ``["ping", TEXT]``), bytes to it. Our page
loads it from the installed package; nothing comes from the internet.

On the sound's WebSocket the browser first says ``{"rate": HZ}``, then both sides send PCM16 mono: the browser
with that rate, the server with 24 000 Hz.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from audio.ports import BYTES_PER_SAMPLE
from browser.sound import LATE_BYTES, FromRate
from browser.terminal import Terminal
from browser.visits import CommandFor, Full, Visit, Visits, Wish

STATIC = Path(__file__).parent / "static"
LANGUAGES = ("en", "ja")
MOST_VISIT_BYTES = 1_024
MOST_TYPED_BYTES = 1_048_576
"""One message of the terminal: a paste arrives as one."""
MOST_SOUND_BYTES = 65_536
HEARTBEAT_S = 10.0
"""A browser that does not answer a ping within half of this is gone: a laptop whose lid was closed says no goodbye."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PageOptions:
    """``host`` and ``port`` to listen on (0: a free port); ``origins``: where browsers find the page besides
    ``http://localhost:PORT``, such as ``https://demo.example.com``; ``most``: visitors at a time."""

    host: str
    port: int
    most: int
    origins: Sequence[str] = ()


class PageServer:
    """Serves the page until ``close``."""

    def __init__(self, options: PageOptions, command_for: CommandFor) -> None:
        self._options = options
        self._visits = Visits(command_for, options.most)
        self._origins: frozenset[str] = frozenset()
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen; returns the URL of the page. Raises ``OSError``."""
        app = web.Application(client_max_size=MOST_VISIT_BYTES, middlewares=[self._guard])
        scripts = Path(str(files("textual_serve"))) / "static"
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/health", self._health),
                web.post("/visits", self._arrive),
                web.get("/visits/{key}/terminal", self._terminal),
                web.get("/visits/{key}/sound", self._sound),
                web.static("/static", STATIC),
                web.static("/textual", scripts),
            ]
        )
        app.on_shutdown.append(self._shut_down)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._options.host, self._options.port)
        await site.start()
        port = self._runner.addresses[0][1]
        own = {f"http://{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
        self._origins = frozenset(own | {origin.rstrip("/") for origin in self._options.origins})
        return f"http://localhost:{port}/"

    async def close(self) -> None:
        """Stop listening, and end every visit."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _shut_down(self, app: web.Application) -> None:
        await asyncio.gather(*(socket.close() for socket in list(self._sockets)))
        await self._visits.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse names that are not ours (DNS rebinding) and pages of others; say what our page may do."""
        if request.host not in {urlsplit(origin).netloc for origin in self._origins}:
            raise web.HTTPMisdirectedRequest(text="Unknown host\n")
        changes_something = request.method != "GET" or request.path.startswith("/visits")
        if changes_something and request.headers.get("Origin") not in self._origins:
            raise web.HTTPForbidden(text="Unknown origin\n")
        answer: web.StreamResponse = await handler(request)
        if not answer.prepared:
            answer.headers.update(_headers(request.host))
        return answer

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "page.html")

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "visitors": len(self._visits), "places": self._visits.most})

    async def _arrive(self, request: web.Request) -> web.Response:
        try:
            wish = _wish(await request.json())
        except (ValueError, TypeError, KeyError, AttributeError):
            raise web.HTTPBadRequest(text="Not a visit\n") from None
        try:
            visit = await self._visits.admit(wish)
        except Full:
            return web.json_response({"problem": "full", "places": self._visits.most}, status=503)
        except OSError as error:
            log.error("No place for a visitor: %s", error)  # noqa: TRY400 - the reason is enough
            return web.json_response({"problem": "unavailable"}, status=503)
        return web.json_response({"key": visit.key})

    def _visit(self, request: web.Request) -> Visit:
        visit = self._visits.find(request.match_info["key"])
        if visit is None:
            raise web.HTTPNotFound(text="No such visit\n")
        return visit

    async def _terminal(self, request: web.Request) -> web.StreamResponse:
        visit = self._visit(request)
        columns, rows = _count(request.query.get("width"), 80), _count(request.query.get("height"), 24)
        try:
            terminal = self._visits.start(visit, columns, rows)
        except OSError as error:
            log.error("Visit %d: the program does not start: %s", visit.number, error)  # noqa: TRY400
            await self._visits.leave(visit)
            raise web.HTTPServiceUnavailable(text="The console does not start\n") from None
        if terminal is None:
            raise web.HTTPConflict(text="This visit has its terminal\n")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MOST_TYPED_BYTES)
        try:
            await socket.prepare(request)
            self._sockets.add(socket)
            drawing = asyncio.create_task(_draw(terminal, socket))
            try:
                await _type(terminal, socket)
            finally:
                drawing.cancel()
        finally:
            self._sockets.discard(socket)
            # Also when this handler is cancelled, which is what happens when the browser has gone.
            await asyncio.shield(self._visits.leave(visit))
        return socket

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        visit = self._visit(request)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MOST_SOUND_BYTES, compress=False)
        await socket.prepare(request)
        self._sockets.add(socket)
        outbox = Outbox()
        visit.sound.play = outbox.put
        playing = asyncio.create_task(_play(outbox, socket))
        try:
            await _speak(visit, socket)
        finally:
            playing.cancel()
            self._sockets.discard(socket)
            if visit.sound.play == outbox.put:
                visit.sound.play = lambda pcm: None
        return socket


class Outbox:
    """Sound on its way to one browser. The oldest is dropped when more than half a second waits."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._some = asyncio.Event()

    def put(self, pcm: bytes) -> None:
        """Append ``pcm``."""
        self._waiting.append(pcm)
        self._bytes += len(pcm)
        while self._bytes > LATE_BYTES and len(self._waiting) > 1:
            self._bytes -= len(self._waiting.popleft())
        self._some.set()

    async def take(self) -> bytes:
        """All that waits, once there is some."""
        await self._some.wait()
        self._some.clear()
        pcm = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return pcm


async def _draw(terminal: Terminal, socket: web.WebSocketResponse) -> None:
    while drawn := await terminal.read():
        await socket.send_bytes(drawn)
    await socket.close()


async def _type(terminal: Terminal, socket: web.WebSocketResponse) -> None:
    """Take what the browser sends until it has gone or sends nonsense."""
    async for message in socket:
        try:
            kind, *more = json.loads(message.data)
            if kind == "stdin":
                terminal.write(more[0].encode("utf-8", "replace"))
            elif kind == "resize":
                terminal.resize(int(more[0]["width"]), int(more[0]["height"]))
            elif kind == "ping":
                await socket.send_json(["pong", str(more[0])[:32]])
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
            await socket.close(code=1003)
            return


async def _speak(visit: Visit, socket: web.WebSocketResponse) -> None:
    from_rate: FromRate | None = None
    async for message in socket:
        if message.type is WSMsgType.TEXT and from_rate is None:
            try:
                from_rate = FromRate(int(json.loads(message.data)["rate"]))
            except (ValueError, TypeError, KeyError, OverflowError):
                await socket.close(code=1003)
                return
        elif message.type is WSMsgType.BINARY and from_rate is not None:
            whole = len(message.data) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
            visit.sound.speak(from_rate.feed(message.data[:whole]))


async def _play(outbox: Outbox, socket: web.WebSocketResponse) -> None:
    while True:
        await socket.send_bytes(await outbox.take())


def _wish(body: Any) -> Wish:
    language = body["language"]
    return Wish(language if language in LANGUAGES else "en", microphone=body["microphone"] is True)


def _count(text: str | None, otherwise: int) -> int:
    return (
        int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 5 else otherwise
    )


def _headers(host: str) -> dict[str, str]:
    policy = (
        # Inline styles: xterm.js sets them. ws and wss by name: old Safaris do not count them as 'self'.
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"font-src 'self'; connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
