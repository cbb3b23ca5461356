"""The command line where the terminal, the shell or the disk is not as usual."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api_client.rest import SalesMindClient

SALESMIND = (sys.executable, "-m", "tui.cli")
TALK = ("talk", "--username", "admin", "--new-session", "--seconds", "1")


def run(
    environment: dict[str, str], *arguments: str | bytes, shell: str = "", **more: Any
) -> subprocess.CompletedProcess[str]:
    command: list[str | bytes] = [*SALESMIND, *arguments]
    if shell:
        command = ["sh", "-c", f'"$@" {shell}', "sh", *command]
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
        **more,
    )


@pytest.mark.parametrize(
    "option", [b"--source", b"--sink", b"--say", b"--record", b"--industry", b"--session"]
)
def test_an_argument_that_is_not_utf_8_is_named(environment: dict[str, str], option: bytes) -> None:
    done = run(environment, *TALK, "--server", "http://127.0.0.1:9", option, b"caf\xe9.wav")
    assert done.returncode == 2
    assert r"caf\xe9.wav is not UTF-8" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("variable", [b"SALESMIND_PASSWORD", b"SALESMIND_SOURCE", b"SALESMIND_SINK"])
def test_a_variable_that_is_not_utf_8_is_named(environment: dict[str, str], variable: bytes) -> None:
    surroundings = {os.fsdecode(variable): os.fsdecode(b"caf\xe9")}
    done = run({**environment, **surroundings}, *TALK, "--server", "http://127.0.0.1:9")
    assert (done.returncode, done.stderr) == (2, f"{variable.decode()}: not UTF-8.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("as_json", [True, False])
def test_an_output_that_is_full_is_a_sentence(
    server: Any, environment: dict[str, str], as_json: bool
) -> None:
    done = run(
        environment, *TALK, "--server", server.url, *(["--json"] if as_json else []), shell=">/dev/full"
    )
    assert done.returncode == 2
    assert "The output cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["2>&-", "0<&- 1>&- 2>&-"])
def test_closed_descriptors_harm_nothing(server: Any, environment: dict[str, str], closed: str) -> None:
    done = run(environment, *TALK, "--server", server.url, shell=closed)
    assert done.returncode == 0
    assert ("Connected" in done.stdout) is ("1>&-" not in closed)


def test_what_the_terminal_cannot_show_is_replaced(server: Any, environment: dict[str, str]) -> None:
    surroundings = {**environment, "PYTHONIOENCODING": "iso-8859-1"}
    done = run(surroundings, "--lang", "ja", *TALK, "--server", server.url)
    assert done.returncode == 0, done.stderr
    assert "??" in done.stdout


def test_turns_that_were_not_said_in_time_are_told(server: Any, environment: dict[str, str]) -> None:
    sources = ("--source", "tone")
    done = run(environment, *TALK, "--server", server.url, *sources, "--say", "one", "--say", "two")
    assert done.returncode == 4
    assert "Not said, because time ran out: two" in done.stderr
    assert "Not said, because time ran out: one" not in done.stderr


def test_the_summary_and_the_process_end_with_one_exit_code(server: Any, environment: dict[str, str]) -> None:
    more = ("--source", "tone", "--say", "one", "--say", "two", "--json")
    done = run(environment, *TALK, "--server", server.url, *more)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["kind"] == "summary"
    assert (summary["exit_code"], done.returncode) == (4, 4)


def test_a_talk_with_nothing_to_say_connects_and_ends(server: Any, environment: dict[str, str]) -> None:
    done = run(environment, "talk", "--username", "admin", "--new-session", "--server", server.url)
    assert done.returncode == 0
    assert "There is nothing to say" in done.stderr
    assert "Connected" in done.stdout


def test_a_device_that_is_not_there_ends_the_talk(server: Any, environment: dict[str, str]) -> None:
    done = run(environment, *TALK, "--server", server.url, "--source", "wav:/nowhere.wav")
    assert done.returncode == 2
    assert done.stderr.count("/nowhere.wav") == 1


def test_a_finished_session_is_warned_about(server: Any, environment: dict[str, str]) -> None:
    talk = ("talk", "--username", "admin", "--server", server.url)
    done = run(environment, *talk, "--new-session", "--say", "Hello. How do you count your stock?", "--json")
    session = json.loads(done.stdout.splitlines()[-1])["session_id"]
    asyncio.run(finish(server.url, session))
    done = run(environment, *talk, "--session", session, "--seconds", "1")
    assert "This session is finished" in done.stderr.splitlines()[0]
    assert done.returncode == 3
    assert len(set(done.stderr.splitlines())) == len(done.stderr.splitlines())


async def finish(url: str, session: str) -> None:
    async with SalesMindClient(url) as client:
        token = (await client.login("admin", "admin123")).token
    async with SalesMindClient(url, token=token) as client:
        await client.finish_session(session)
