"""Headless Chromium with a microphone that is a file, driven over the DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/: JSON commands with ids, events without.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pyte
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
    "--use-fake-device-for-media-stream", "--enable-unsafe-swiftshader", "--autoplay-policy=no-user-gesture-required",
    "--ignore-certificate-errors",
)  # fmt: skip
COLUMNS, ROWS = 200, 60
LISTEN = """
    // What the page plays also goes to an analyser: the test's ear.
    const connect = AudioWorkletNode.prototype.connect;
    AudioWorkletNode.prototype.connect = function (target, ...more) {
      if (target === this.context.destination) {
        window.ear = this.context.createAnalyser();
        connect.call(this, window.ear);
      }
      return connect.call(this, target, ...more);
    };
    window.loudness = () => {
      if (!window.ear) return 0;
      const samples = new Float32Array(window.ear.fftSize);
      window.ear.getFloatTimeDomainData(samples);
      return Math.max(...samples.map(Math.abs));
    };
"""


class Page:
    """One tab. ``screen`` is what its terminal has been sent, as a terminal of our own understands it."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._sockets: dict[str, str] = {}
        self.sound_bytes = 0
        self.complaints: list[str] = []
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)

    async def follow(self) -> None:
        """Read what Chromium says until it stops."""
        with suppress(ConnectionClosed):
            async for text in self._connection:
                message = json.loads(text)
                if "id" in message:
                    self._answers.pop(message["id"]).set_result(message)
                else:
                    self._happened(message["method"], message["params"])

    def _happened(self, method: str, values: dict[str, Any]) -> None:
        match method:
            case "Network.webSocketCreated":
                self._sockets[values["requestId"]] = values["url"]
            case "Network.webSocketFrameReceived" if values["response"]["opcode"] == 2:
                payload = base64.b64decode(values["response"]["payloadData"])
                if self._sockets[values["requestId"]].endswith("/sound"):
                    self.sound_bytes += len(payload)
                else:
                    self._stream.feed(payload)
            case "Runtime.exceptionThrown":
                self.complaints.append(values["exceptionDetails"].get("exception", {}).get("description", ""))
            case "Log.entryAdded" if values["entry"]["level"] == "error":
                self.complaints.append(values["entry"]["text"])

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command; its result."""
        number = next(self._ids)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        message = await answer
        assert "error" not in message, message["error"]
        result: dict[str, Any] = message["result"]
        return result

    async def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        options = {"returnByValue": True, "userGesture": True, "awaitPromise": True}
        result = await self.send("Runtime.evaluate", expression=script, **options)
        return result["result"].get("value")

    async def open(self, url: str) -> None:
        """Go there, and return when the page's own script has run."""
        await self.send("Page.navigate", url=url)
        await self.until(
            "the page", lambda: self.evaluate("document.getElementById('intro')?.textContent.length > 0")
        )

    async def press(self, key: str, code: int) -> None:
        """A key that types no text, such as F3 (114) or Enter (13)."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            await self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text
            )

    async def type(self, text: str) -> None:
        """Type ``text``, ASCII."""
        for letter in text:
            code = ord(letter.upper())
            for kind, more in (("keyDown", {"text": letter}), ("keyUp", {})):
                await self.send(
                    "Input.dispatchKeyEvent", type=kind, key=letter, windowsVirtualKeyCode=code, **more
                )

    def shown(self) -> str:
        """The terminal's screen, without lines that are empty."""
        return "\n".join(line.rstrip() for line in self.screen.display if line.strip())

    async def until(self, what: str, holds: Callable[[], Any], seconds: float = 40.0) -> None:
        """Wait until ``holds()``, plain or awaitable, is true."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    value = holds()
                    if await value if asyncio.iscoroutine(value) else value:
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{what} did not come\n{self.shown()}\n{self.complaints}") from None

    async def until_shown(self, text: str, seconds: float = 40.0) -> None:
        """Wait until the terminal shows ``text``; pyte leaves a cell empty behind a wide letter."""
        squeezed = text.replace(" ", "")
        await self.until(repr(text), lambda: squeezed in self.shown().replace(" ", ""), seconds)


@asynccontextmanager
async def browsing(*flags: str, language: str = "en") -> AsyncIterator[Page]:
    """A page in a Chromium of its own with an empty profile."""
    assert CHROMIUM
    with tempfile.TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True) as name:
        profile = Path(name)
        own = (f"--user-data-dir={profile}", f"--lang={language}", f"--accept-lang={language}")
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, *FLAGS, *own, "--window-size=1500,1000", *flags, "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(40), httpx.AsyncClient() as http:
                port_file = profile / "DevToolsActivePort"
                while not (port_file.exists() and port_file.read_text().count("\n")):  # noqa: ASYNC110 - a file
                    await asyncio.sleep(0.05)
                port = port_file.read_text().split()[0]
                tabs = (await http.get(f"http://127.0.0.1:{port}/json/list")).json()
            url = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with connect(url, max_size=None, compression=None, proxy=None) as connection:
                page = Page(connection)
                following = asyncio.create_task(page.follow())
                for domain in ("Page", "Network", "Runtime", "Log"):
                    await page.send(f"{domain}.enable")
                await page.send("Page.addScriptToEvaluateOnNewDocument", source=LISTEN)
                yield page
                following.cancel()
        finally:
            process.terminate()
            await process.wait()
