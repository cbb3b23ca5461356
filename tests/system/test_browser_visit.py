"""Visitors in a real browser: Chromium, whose microphone is a recording, at the page of ``salesmind web``."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin

from tests.conftest import SALESMIND
from tests.system.chromium import CHROMIUM, Page, browsing
from tests.system.nginx import find_nginx, make_certificate, substitute, whole_configuration
from tests.system.programs import answers, box_server, free_port, running, wait_for
from tests.system.speech import SAMPLE, write_speech

DEPLOY = Path(__file__).parents[2] / "deploy"
ENTER = ("Enter", 13)
WELCOME = "Hold a sales conversation"

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)"),
]


@dataclass(frozen=True)
class Site:
    """A running ``salesmind web`` with two places."""

    url: str
    log: Path

    def programs(self) -> list[int]:
        """The process ids of the consoles it has started, the oldest first."""
        return [int(pid) for pid in re.findall(r"program (\d+) started", self.log.read_text())]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of a demo box's server, and its secret."""
    with box_server(tmp_path_factory.mktemp("box")) as box:
        yield box


@contextmanager
def page_server(box: tuple[str, Path], environment: dict[str, str], log: Path, *more: str) -> Iterator[Site]:
    url, secret = box
    own = ("--server", url, "--box-secret-file", str(secret), "--port", "0", "--visitors", "2")
    with running([*SALESMIND, "web", *own, *more], log, env={**os.environ, **environment}) as process:
        wait_for(process, log, lambda: "http://localhost:" in log.read_text())
        found = re.search(r"http://localhost:\d+/", log.read_text())
        assert found
        yield Site(found[0], log)


@pytest.fixture
def site(box: tuple[str, Path], environment: dict[str, str], tmp_path: Path) -> Iterator[Site]:
    with page_server(box, environment, tmp_path / "page.log") as site:
        yield site


@pytest.fixture
def site_behind_nginx(box: tuple[str, Path], environment: dict[str, str], tmp_path: Path) -> Iterator[Site]:
    """The same with nginx and TLS in front of it, from the site of ``deploy/``."""
    nginx = find_nginx()
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("needs nginx and openssl (apt-get install nginx-light openssl)")
    certificate, key = make_certificate(tmp_path)
    port = free_port()
    url = f"https://localhost:{port}/"
    with page_server(box, environment, tmp_path / "page.log", "--origin", url) as behind:
        site = substitute(
            (DEPLOY / "nginx" / "salesmind-web.conf").read_text(),
            plain=("listen 80;", f"listen 127.0.0.1:{free_port()};"),
            tls=("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
            name=("demo.example.com;", "localhost;"),
            page=("http://127.0.0.1:8791", behind.url.rstrip("/").replace("localhost", "127.0.0.1")),
            certificate=("/etc/ssl/certs/salesmind-web.pem", str(certificate)),
            key=("/etc/ssl/private/salesmind-web.key", str(key)),
            access=("/var/log/nginx/salesmind-web.access.log", str(tmp_path / "access.log")),
            error=("/var/log/nginx/salesmind-web.error.log", str(tmp_path / "error.log")),
        )
        configuration, log = tmp_path / "nginx.conf", tmp_path / "nginx.log"
        configuration.write_text(whole_configuration(tmp_path, site))
        with running([nginx, "-c", str(configuration), "-p", str(tmp_path), "-e", str(log)], log) as process:
            wait_for(process, log, lambda: answers(port))
            yield Site(url, behind.log)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_speech(tmp_path_factory.mktemp("speech") / "speech.wav")


@asynccontextmanager
async def visitor(site: Site, speech: Path, *flags: str, language: str = "en") -> AsyncIterator[Page]:
    """A browser at the page, its microphone allowed."""
    allowed = ("--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={speech}")
    async with browsing(*allowed, *flags, language=language) as page:
        await page.open(site.url)
        yield page


async def click(page: Page, button: str) -> None:
    await page.evaluate(f"document.getElementById('{button}').click()")


def text_of(page: Page, element: str) -> str:
    return f"document.getElementById('{element}').textContent"


async def visit(page: Page) -> None:
    """From the welcome into a conversation."""
    await page.until_shown(WELCOME)
    await page.press(*ENTER)
    await page.until_shown("Role-play sessions")
    await page.until_shown("Talk")
    await page.press(*ENTER)
    await page.until_shown("Ready for audio")


def family(pid: int) -> set[int]:
    """``pid`` and everything that it and its children have started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    members = {pid}
    while more := {child for child, parent in parents.items() if parent in members} - members:
        members |= more
    return members


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(importlib.util.find_spec("ctranslate2") is None, reason="transcripts need [offline]")
async def test_a_visitor_speaks_reads_and_hears(
    site_behind_nginx: Site, speech: Path, tmp_path: Path
) -> None:
    site = site_behind_nginx
    async with visitor(site, speech) as page:
        await click(page, "with-microphone")
        await visit(page)
        await page.until_shown(SAMPLE.text[2:8], 90)
        await page.until("a voice", lambda: page.evaluate("window.loudness() > 0.02"))
        assert page.sound_bytes > 24_000
        assert await page.evaluate(text_of(page, "microphone")) == "Microphone: on"
        assert page.complaints == []

        everything = family(site.programs()[0])
        assert len(everything) >= 2  # the console and its relay
        await page.send("Page.navigate", url="about:blank")
        left = time.monotonic()
        await page.until("the end of all", lambda: not any(map(alive, everything)), 5)
        assert time.monotonic() - left < 4
    assert "Visit 1 ended" in site.log.read_text()
    logged = (tmp_path / "access.log").read_text()
    assert "GET /visits/..." in logged
    assert re.findall(r"/visits/[^. ]", logged) == []


async def test_a_refused_microphone_is_worded_and_typing_still_starts(site: Site) -> None:
    async with browsing("--deny-permission-prompts", language="ja") as page:
        await page.open(site.url)
        await click(page, "with-microphone")
        await page.until(
            "the refusal", lambda: page.evaluate(f"{text_of(page, 'problem')}.includes('許可されていません')")
        )
        await click(page, "without-microphone")
        await page.until_shown("体験のデータ")
        assert (
            await page.evaluate(text_of(page, "microphone"))
            == "マイク：なし。文字の入力かサンプル音声を使ってください。"
        )
        await page.send(
            "Emulation.setDeviceMetricsOverride", width=900, height=500, deviceScaleFactor=1, mobile=False
        )
        console = site.programs()[0]
        await page.until("a smaller terminal", lambda: terminal_size(console)[0] < 110)
        os.kill(console, 15)
        await page.until(
            "the end", lambda: page.evaluate(f"{text_of(page, 'problem')}.includes('終了しました')")
        )


def terminal_size(pid: int) -> os.terminal_size:
    """Of the terminal that ``pid`` has as its standard input."""
    terminal = os.open(Path(f"/proc/{pid}/fd/0").readlink(), os.O_RDONLY | os.O_NOCTTY)
    try:
        return os.get_terminal_size(terminal)
    finally:
        os.close(terminal)


async def test_a_visitor_too_many_is_told_and_comes_in_when_a_place_is_free(site: Site) -> None:
    origin = {"Origin": site.url.rstrip("/")}
    async with httpx.AsyncClient(base_url=site.url, headers=origin) as others, browsing() as page:
        keys = []
        for _ in range(2):
            answer = await others.post("/visits", json={"language": "en", "microphone": False})
            keys.append(answer.json()["key"])
        await page.open(site.url)
        await click(page, "without-microphone")
        await page.until(
            "the sentence", lambda: page.evaluate(f"{text_of(page, 'problem')}.includes('All places')")
        )
        url = f"{site.url.replace('http', 'ws')}visits/{keys[0]}/terminal"
        async with connect(url, origin=Origin(origin["Origin"]), proxy=None):
            pass  # came and left
        await page.until_shown(WELCOME)


async def test_a_browser_that_cannot_draw_is_told(site: Site) -> None:
    async with browsing("--disable-3d-apis") as page:
        await page.open(site.url)
        await click(page, "without-microphone")
        await page.until(
            "the sentence", lambda: page.evaluate(f"{text_of(page, 'problem')}.includes('WebGL')")
        )
