"""``salesmind mic``: what a laptop lends, as a program."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from audio.pcm import peak_dbfs

MIC = (sys.executable, "-m", "tui.cli", "mic")


def two_free_ports() -> int:
    """The first of two neighbours."""
    for first in range(40_000, 60_000, 2):
        try:
            with socket.create_server(("127.0.0.1", first)), socket.create_server(("127.0.0.1", first + 1)):
                return first
        except OSError:
            continue
    raise AssertionError


def test_it_lends_until_it_is_interrupted() -> None:
    port = two_free_ports()
    mic = subprocess.Popen(
        [*MIC, "--listen", str(port), "--source", "tone:440", "--sink", "none"],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "SALESMIND_LANG": "en"},
    )  # fmt: skip
    assert mic.stderr is not None
    assert mic.stderr.readline() == f"Waiting on ports {port} and {port + 1}. Ctrl+C stops it.\n"
    with socket.create_connection(("127.0.0.1", port)) as console:
        assert peak_dbfs(console.recv(1_920, socket.MSG_WAITALL)) == pytest.approx(-20, abs=3.5)
        with socket.create_connection(("127.0.0.1", port + 1)) as speaker:
            speaker.sendall(bytes(9_600))
        mic.send_signal(signal.SIGINT)
        assert mic.wait(10) == 130
    rest = mic.stderr.read()
    mic.stderr.close()
    assert "Traceback" not in rest


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("demo@box",), "salesmind mic demo@box 20004"),
        (("--", "-oProxyCommand=id", "20004"), "salesmind mic demo@box 20004"),
        (("demo@box", "80"), "80"),
        (("--source", "microphone"), "microphone"),
        (("--listen", "TAKEN"), "Address already in use"),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...], says: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = [port if word == "TAKEN" else word for word in arguments]
        done = subprocess.run(
            [*MIC, *words], env={**os.environ, "SALESMIND_LANG": "en"}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert re.search(re.escape(says), done.stderr, re.IGNORECASE)
    assert "Traceback" not in done.stderr
