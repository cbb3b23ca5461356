"""`salesmind run` against `salesmind serve`: verdicts, reports and exit codes; mistakes are found before it begins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from acceptance import results
from acceptance.store import FILE_NAME, ResultsStore

pytestmark = pytest.mark.slow

SALESMIND = [sys.executable, "-m", "tui.cli"]
GOOD = """
title = { ja = "挨拶", en = "Greeting" }
language = "en"
[session]
industry = "Manufacturing"
value_proposition = "Stock"
[[turns]]
say = "How do you keep track of your inventory?"
expect = { answered_within_ms = 5000, answer_contains = "spreadsheets", audible = true, realtime_mode = true }
[end]
realtime_mode = false
stored = true
turns = 2
"""
BAD = GOOD.replace("spreadsheets", "carrier pigeons").replace("turns = 2", "turns = 3")


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SALESMIND, "run", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scenario that passes, and its twin that must not."""
    made = tmp_path / "scenarios"
    made.mkdir()
    (made / "good.toml").write_text(GOOD, encoding="utf-8")
    (made / "bad.toml").write_text(BAD, encoding="utf-8")
    return made


def test_a_run_says_what_passed_what_did_not_and_keeps_it(
    server: Any, environment: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    junit, out = tmp_path / "run.xml", tmp_path / "out"
    done = run(
        environment, str(folder), "--server", server.url, "--username", "admin", "--parallel", "4", "--repeat", "2",
        "--seed", "7", "--limit", "typed_latency_p95=9000", "--limit", "errors=0", "--junit", str(junit),
        "--out", str(out),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    result = results.decode((out / "result.json").read_bytes())
    assert result.scenarios is not None
    outcomes = {one.name: (one.runs, one.passed) for one in result.scenarios.scenarios}
    assert outcomes == {"good": (2, 2), "bad": (2, 0)}, done.stdout
    verdicts = {answer.checkpoint: answer.verdict for test in result.tests for answer in test.answers}
    assert verdicts == {
        **{f"good.1.{name}": "pass" for name in ("answered_within_ms", "answer_contains", "audible", "realtime_mode")},
        **{f"good.end.{name}": "pass" for name in ("realtime_mode", "stored", "turns")},
        **{f"bad.1.{name}": "pass" for name in ("answered_within_ms", "audible", "realtime_mode")},
        **{f"bad.end.{name}": "pass" for name in ("realtime_mode", "stored")},
        "bad.1.answer_contains": "fail", "bad.end.turns": "fail",
        "limits.typed_latency_p95": "not_run", "limits.errors": "pass",
    }  # fmt: skip
    assert len(set(result.session_ids)) == 4, "each its own session"
    assert "carrier pigeons" in done.stdout and "needs 20 values, there are 4" in done.stdout
    assert "admin123" not in done.stdout + done.stderr
    suites = ElementTree.parse(junit).getroot()
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("30", "4", "1")
    with ResultsStore(Path(environment["SALESMIND_STATE_DIR"]) / FILE_NAME) as store:
        assert store.get("latest") == result
        assert [kept.scenarios for kept in store.runs()] == [2]


def test_a_signal_ends_a_run_with_what_was_found(
    server: Any, environment: dict[str, str], folder: Path
) -> None:
    process = subprocess.Popen(
        [
            *SALESMIND,
            "run",
            str(folder / "good.toml"),
            "--server",
            server.url,
            "--username",
            "admin",
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
        if lines[-1].get("event", {}).get("kind") == "playback":
            process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 130
    result = lines[-1]["result"]
    assert result["aborted"] is True
    with ResultsStore(Path(environment["SALESMIND_STATE_DIR"]) / FILE_NAME) as store:
        assert [(kept.id, kept.aborted) for kept in store.runs()] == [(result["id"], True)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("good.toml", "--limit", "latency=1"), "response_latency_p95"),
        (("good.toml", "--limit", "errors=-1"), "not negative"),
        (("good.toml", "--shard", "3/2"), "2/5"),
        (("good.toml", "--shard", "2/2"), "no scenario in the part 2/2"),
        (("missing.toml",), "missing.toml: cannot be read"),
        (("good.toml", "copy/good.toml"), "have the same name"),
        (("good.toml", "--html", "/no/such/place/x.html"), "/no/such/place/x.html"),
        (
            ("mistaken.toml",),
            "mistaken.toml, line 6: turns[1].expect.answerd: unknown field. Did you mean answered?",
        ),
    ],
)
def test_mistakes_are_found_before_the_server_hears_of_anything(
    environment: dict[str, str], folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    (folder / "copy").mkdir()
    (folder / "copy" / "good.toml").write_text(GOOD, encoding="utf-8")
    (folder / "mistaken.toml").write_text(
        '[session]\nvalue_proposition = "x"\n\n[[turns]]\nsay = "x"\nexpect.answerd = true\n',
        encoding="utf-8",
    )
    named = [str(folder / one) if one.endswith(".toml") else one for one in arguments]
    done = run(environment, *named, "--server", "http://127.0.0.1:9", "--username", "admin")
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_server_that_is_not_there_is_exit_code_3(environment: dict[str, str], folder: Path) -> None:
    done = run(environment, str(folder), "--server", "http://127.0.0.1:9", "--username", "admin")
    assert done.returncode == 3
    assert "No server answers" in done.stderr


def test_a_dry_run_needs_no_server(environment: dict[str, str], folder: Path) -> None:
    done = run({**environment, "SALESMIND_LANG": "ja"}, str(folder / "good.toml"), "--dry")
    assert done.returncode == 0
    assert "「How do you keep track of your inventory?」と入力します" in done.stdout
    assert "サーバーに保存された発言が表示と一致する" in done.stdout
