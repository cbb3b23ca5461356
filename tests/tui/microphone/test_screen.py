"""The screen for a visitor's own microphone."""

from __future__ import annotations

import asyncio
import math
import socket
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.widgets import Static

from audio.incoming import Reading, Verdict
from audio.sharing import share_microphone
from tui import i18n
from tui.host.voice_ports import VoicePorts
from tui.i18n import Language
from tui.microphone import commands
from tui.microphone.screen import MicrophoneScreen
from tui.microphone.words import WORDS, told

CONNECTION = "192.0.2.7 50000 198.51.100.4 2222"


@pytest.fixture(autouse=True)
def quick_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio.incoming.SETTLE_S", 0.2)
    monkeypatch.setattr("audio.incoming.WINDOW_S", 0.8)


@pytest.fixture(autouse=True)
def over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", CONNECTION)
    monkeypatch.setenv("USER", "demo")
    monkeypatch.delenv("SALESMIND_SSH_TARGET", raising=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def shown(screen: MicrophoneScreen) -> str:
    return "\n".join(str(one.render()) for one in screen.query(Static))


@asynccontextmanager
async def opened(
    make_app: Any, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Any, Any, list[Any], int]]:
    app = make_app()
    port = free_port()
    answers: list[bool | None] = []
    async with app.run_test(size=size) as pilot:
        with socket.socket(socket.AF_UNIX) as held:
            screen = MicrophoneScreen(VoicePorts(port, held))
            await app.push_screen(screen, answers.append)
            await pilot.pause()
            yield pilot, screen, answers, port


async def test_the_commands_have_the_visitors_own_ports(make_app: Any) -> None:
    async with opened(make_app) as (pilot, screen, answers, port):
        text = shown(screen)
        assert f"salesmind mic ssh://demo@198.51.100.4:2222 {port}" in text
        tunnel = f"-R {port}:127.0.0.1:7700 -R {port + 1}:127.0.0.1:7701 ssh://demo@198.51.100.4:2222"
        assert tunnel not in text  # `salesmind mic` makes it
        for word in ("parec", "rec -q", "ffmpeg"):
            await pilot.press("f2")
            assert word in shown(screen)
            assert tunnel in shown(screen)
        await pilot.press("f2")
        assert "salesmind mic" in shown(screen)
        await pilot.press("y")
        assert pilot.app.clipboard == f"salesmind mic ssh://demo@198.51.100.4:2222 {port}\n"
        await pilot.press("escape")
        assert answers == [False]


@pytest.mark.parametrize("language", ["en", "ja"])
async def test_the_smallest_terminal_shows_the_verdict(make_app: Any, language: Language) -> None:
    i18n.set_language(language)
    async with opened(make_app) as (pilot, screen, _, _port):
        for _ in range(4):
            await pilot.press("f2")
            await pilot.pause()
            region = screen.query_one("#verdict").region
            assert region.bottom <= 23 and region.height >= 2


async def test_it_says_what_arrives_and_lets_a_voice_be_used(make_app: Any, until: Any) -> None:
    async with opened(make_app) as (pilot, screen, answers, port):
        await until(pilot, lambda: "Waiting" in shown(screen))
        await pilot.press("f3")
        assert answers == []  # nothing to use yet
        async with await share_microphone(port, "tone:440", lambda peak: None, lambda error: None):
            await until(pilot, lambda: "Connected" in shown(screen))
            await until(pilot, lambda: "Good: your voice arrives. F3 uses it." in shown(screen))
            assert "-20 dBFS" in shown(screen)
            await pilot.press("f3")
        assert answers == [True]


async def test_digital_silence_is_said(make_app: Any, until: Any) -> None:
    async with opened(make_app) as (pilot, screen, answers, port):
        async with await share_microphone(port, "silence", lambda peak: None, lambda error: None):
            await until(pilot, lambda: "Silent" in shown(screen))
            await pilot.press("f3")
        assert answers == []


async def test_another_rate_is_said(make_app: Any, until: Any) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        block = array("h", (int(8_000 * math.sin(n / 9)) for n in range(1_920))).tobytes()
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not writer.is_closing():
            writer.write(block)  # 40 ms at 48 kHz
            due += 0.04
            await asyncio.sleep(due - loop.time())

    async with (
        opened(make_app) as (pilot, screen, _, port),
        await asyncio.start_server(speak, "127.0.0.1", port),
    ):
        await until(pilot, lambda: "Wrong format: 4" in shown(screen))


def test_every_verdict_has_its_words() -> None:
    assert set(WORDS) == set(Verdict)
    for verdict in Verdict:
        tone, words = told(Reading(verdict, -30.0, 48_000))
        assert words and "{" not in words
        assert tone in ("plain", "good", "warn", "bad")


@pytest.mark.parametrize(
    ("environment", "target"),
    [
        ({"SSH_CONNECTION": "1.2.3.4 5 10.0.0.1 22", "USER": "demo"}, "demo@10.0.0.1"),
        ({"SSH_CONNECTION": "fe80::1 5 2001:db8::1 2200", "USER": "demo"}, "ssh://demo@[2001:db8::1]:2200"),
        ({"SSH_CONNECTION": "x", "USER": "demo"}, "demo@..."),
        ({"SSH_CONNECTION": "1.2.3.4 5 $(id) 22"}, "demo@..."),
        ({"SSH_CONNECTION": "1.2.3.4 5 10.0.0.1 22", "USER": "a b;c"}, "demo@10.0.0.1"),
        ({"SALESMIND_SSH_TARGET": "demo@box.example.com"}, "demo@box.example.com"),
        ({}, "demo@..."),
    ],
)  # fmt: skip
def test_the_target_is_how_the_visitor_came(environment: dict[str, str], target: str) -> None:
    assert commands.ssh_target(environment) == target
