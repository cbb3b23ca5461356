"""``salesmind web``: its arguments, and what is started for a visitor."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from browser.visits import Arrival
from tui.cli import web

ARRIVAL = Arrival("ja", "tcp:127.0.0.1:7001", "tcp:127.0.0.1:7002")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(web.command, ["--server", "http://127.0.0.1:1", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "origin", ["demo.example.com", "https://demo.example.com/page", "ftp://demo.example.com", "https://", "*"]
)
def test_an_origin_is_a_scheme_and_a_host(origin: str) -> None:
    code, words = run("--origin", origin)
    assert code == 2
    assert "https://demo.example.com, without a path" in words


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, words = run("--port", str(port))
    assert code == 2
    assert words.startswith(f"127.0.0.1 port {port} cannot be used: ")
    assert "Traceback" not in words


def test_the_kiosk_gets_the_visitors_own_sound() -> None:
    words = list(web.console_for("http://127.0.0.1:8000", Path("/etc/salesmind/box-secret"))(ARRIVAL))
    assert words[4:7] == ["kiosk", "--once", "--server"]
    assert words[words.index("--source") + 1] == ARRIVAL.source
    assert words[words.index("--sink") + 1] == ARRIVAL.sink
    assert words[words.index("--language") + 1] == "ja"


def test_without_a_box_secret_it_is_the_ordinary_console() -> None:
    words = list(web.console_for("http://127.0.0.1:8000", None)(ARRIVAL))
    assert words[4:] == ["--server", "http://127.0.0.1:8000", "--lang", "ja"]
