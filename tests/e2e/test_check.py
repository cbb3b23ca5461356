"""`salesmind check` against `salesmind serve`: green, and red where it should be."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from acceptance import results
from acceptance.checkpoints import CHECKPOINTS
from acceptance.store import FILE_NAME, ResultsStore

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ctranslate2") is None, reason="transcripts need the [offline] extra"
)

SALESMIND = [sys.executable, "-m", "tui.cli"]
SECOND_ACCOUNT = """
import django
django.setup()
from backend.spin.models import User
User.objects.create_user("second", "second-pass")
"""


def check(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SALESMIND, "check", "--username", "admin", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def add_second_account(directory: Path) -> None:
    environment = {
        **os.environ, "SALESMIND_DATA_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "backend.settings",
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", SECOND_ACCOUNT], env=environment, check=True, timeout=30)


def test_our_own_server_is_green(server: Any, environment: dict[str, str], tmp_path: Path) -> None:
    """Everything but what only a person can judge and, here, what needs a restart."""
    add_second_account(server.directory)
    environment["SALESMIND_SECOND_PASSWORD"] = "second-pass"
    out = tmp_path / "out"
    reports = {name: tmp_path / f"report.{name}" for name in ("junit", "markdown", "html")}
    asked = [word for name, path in reports.items() for word in (f"--{name}", str(path))]
    arguments = ("--server", server.url, "--second-user", "second", "--json", "--out", str(out))
    done = check(environment, *arguments, *asked)

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    verdicts = {
        answer["checkpoint"]: answer["verdict"]
        for test in lines[-1]["result"]["tests"]
        for answer in test["answers"]
    }
    not_applicable = {
        "t2.operator_heard", "t3.finished_session", "t3.restarted", "t3.revoked_refused", "t3.revoked_closed",
        "t4.operator_microphone", "t4.upstream_lost", "t4.wrong_logins",
    }  # fmt: skip
    assert verdicts == {
        point.id: "not_applicable" if point.id in not_applicable else "pass" for point in CHECKPOINTS
    }, done.stderr
    assert done.returncode == 0
    assert [lines[0]["kind"], lines[-1]["kind"]] == ["run_started", "run_finished"]
    result = results.decode((out / "result.json").read_bytes())
    assert (result.minimum, result.ideal, result.document, result.beyond) == ("pass",) * 4
    assert "This will be done" in done.stderr.splitlines()[0], "what is going to be done is said first"
    assert "admin123" not in done.stdout + done.stderr
    assert (out / "t2" / "customer.flac").stat().st_size > 8_000
    suites = ElementTree.parse(reports["junit"]).getroot()
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")
    table = reports["markdown"].read_text(encoding="utf-8")
    assert any(line.startswith("| WebSocket") and "✅" in line for line in table.splitlines())
    assert "<svg" in reports["html"].read_text(encoding="utf-8")
    with ResultsStore(Path(environment["SALESMIND_STATE_DIR"]) / FILE_NAME) as store:
        assert store.get(result.id) == result


def test_a_refused_second_user_is_named(server: Any, environment: dict[str, str]) -> None:
    surroundings = {**environment, "SALESMIND_SECOND_PASSWORD": "x"}
    done = check(surroundings, "--server", server.url, "--second-user", "nobody")
    assert done.returncode == 3
    assert f"{server.url} (nobody): User name or password is wrong." in done.stderr


def test_a_server_of_its_own_is_restarted(environment: dict[str, str], tmp_path: Path) -> None:
    serve = [*SALESMIND, "serve", "--port", "0", "--data-dir", str(tmp_path), "--log", str(tmp_path / "log")]
    done = check(environment, "--server-command", shlex.join(serve), "--test", "1", "--test", "3")

    assert done.returncode == 0, done.stdout + done.stderr
    restarted = next(line for line in done.stdout.splitlines() if "after a server restart" in line)
    assert restarted.split()[0] == "PASS"
    assert "Minimum: NOT RUN" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_run_with_what_was_found(
    server: Any, environment: dict[str, str], number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [
            *SALESMIND,
            "check",
            "--username",
            "admin",
            "--server",
            server.url,
            "--test",
            "1",
            "--test",
            "2",
            "--json",
        ],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if lines[-1].get("event", {}).get("step") == "gate_open" and lines[-1]["name"] == "t2":
            process.send_signal(number)
    assert process.wait(20) == 128 + signal.SIGINT
    assert lines[-1]["kind"] == "run_finished"
    assert lines[-1]["result"]["aborted"] is True
    assert lines[-1]["result"]["tests"][0]["verdict"] == "pass"
    with ResultsStore(Path(environment["SALESMIND_STATE_DIR"]) / FILE_NAME) as store:
        assert [(run.id, run.aborted) for run in store.runs()] == [(lines[-1]["result"]["id"], True)]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--server", "http://127.0.0.1:9"), 3, "No server answers"),
        (("--test", "5"), 2, "5"),
        (("--source", "mp3:x"), 2, "mp3:x"),
        (("--server-command", "false"), 3, "server command"),
    ],
)
def test_what_cannot_begin_says_why(
    environment: dict[str, str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = check(environment, *arguments)

    assert done.returncode == code
    assert words in done.stderr
    assert done.stdout == ""


def test_a_wrong_password_is_exit_code_3(server: Any, environment: dict[str, str]) -> None:
    done = check({**environment, "SALESMIND_PASSWORD": "wrong-pass"}, "--server", server.url)

    assert done.returncode == 3
    assert "User name or password is wrong" in done.stderr
    assert "wrong-pass" not in done.stderr


def test_a_second_user_needs_a_password(server: Any, environment: dict[str, str]) -> None:
    done = check(environment, "--server", server.url, "--second-user", "second")

    assert done.returncode == 2
    assert "SALESMIND_SECOND_PASSWORD" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--html", "/no/such/directory/x.html"), 2, "/no/such/directory/x.html"),
        (("--junit", "-", "--markdown", "-"), 2, "standard output"),
        (("--junit", "-", "--json"), 2, "standard output"),
        (("--server-command", 'serve "'), 2, 'serve "'),
        (("--server-command", ""), 2, "--server-command"),
        (("--ask",), 2, "terminal"),
        (("--revoke-command", "true"), 2, "--second-user"),
        (("--revoke-command", 'x "', "--second-user", "y"), 2, "--revoke-command"),
        (("--engine-control", "http://x/control"), 2, "--engine-control"),
    ],
)
def test_mistakes_are_found_before_the_server_hears_of_anything(
    environment: dict[str, str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = check(environment, "--server", "http://127.0.0.1:9", *arguments)

    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_old_report_stays_and_no_new_one_begins_when_the_login_fails(
    environment: dict[str, str], tmp_path: Path
) -> None:
    old, new = tmp_path / "old.xml", tmp_path / "new.html"
    old.write_text("old")
    done = check(environment, "--server", "http://127.0.0.1:9", "--junit", str(old), "--html", str(new))

    assert done.returncode == 3
    assert old.read_text() == "old"
    assert not new.exists()


def test_a_report_that_cannot_be_written_costs_no_result(
    server: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    junit = out / "check.xml"
    wanted = ("--html", "/dev/full", "--junit", str(junit), "--out", str(out))
    done = check(environment, "--server", server.url, "--test", "1", *wanted)

    assert done.returncode == 2
    assert "/dev/full cannot be written" in done.stderr
    assert "The document's checkpoints: PASS" in done.stdout
    assert ElementTree.parse(junit).getroot().get("tests") == "6"


@pytest.mark.parametrize(("target", "code"), [("/dev/full", 2), (None, 130)])
def test_a_run_ends_when_its_output_cannot_be_written(
    server: Any, environment: dict[str, str], target: str | None, code: int
) -> None:
    """A full disk is said; a reader that has gone away, such as `head`, knows why."""
    process = subprocess.Popen(
        [*SALESMIND, "check", "--username", "admin", "--server", server.url, "--test", "4", "--json"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE if target is None else Path(target).open("wb"),  # noqa: SIM115
        stderr=subprocess.PIPE,
        text=True,
    )
    if process.stdout is not None:
        process.stdout.readline()
        process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read()
    assert process.wait(30) == code, told
    assert "Traceback" not in told
    assert ("No space left on device" in told) is (target is not None)
    with ResultsStore(Path(environment["SALESMIND_STATE_DIR"]) / FILE_NAME) as store:
        assert [run.aborted for run in store.runs()] == [True]


def test_a_run_whose_terminal_goes_away_is_kept(
    server: Any, environment: dict[str, str], open_terminal: Any
) -> None:
    run = open_terminal("check", "--server", server.url, "--username", "admin", "--test", "4")
    run.wait_for("Provoking an API error")
    run.hang_up()
    run.wait_for_exit()
    with ResultsStore(Path(environment["SALESMIND_STATE_DIR"]) / FILE_NAME) as store:
        assert [run.aborted for run in store.runs()] == [True]


def test_ctrl_c_ends_a_question_at_once(
    server: Any, environment: dict[str, str], open_terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Enter: the one for the password, and the one that only a person can answer."""
    arguments = ("check", "--server", server.url, "--username", "admin", "--test", "4", "--ask")
    asked = open_terminal(*arguments)
    asked.wait_for("Deny this program access to the microphone")
    asked.press("maybe\r")
    asked.wait_for(lambda text: text.count("Deny this program access to the microphone") == 2)
    asked.press("\x03")
    assert asked.wait_for_exit() == 130
    assert "The run was aborted" in asked.text

    del environment["SALESMIND_PASSWORD"]
    monkeypatch.delenv("SALESMIND_PASSWORD", raising=False)
    for command in (arguments, ("talk", "--server", server.url, "--username", "admin", "--new-session")):
        password = open_terminal(*command)
        password.wait_for("Password of admin")
        password.press("\x03")
        assert password.wait_for_exit() == 130
