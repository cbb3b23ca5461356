"""`salesmind check` against an existing server, which never closes, and whose upstream fails: what is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias, get_args

import pytest

from tests.relay.existing_server import ExistingServer, Upstream, serve_in_thread

pytestmark = pytest.mark.slow

CONNECTED = ("websocket_accepted", "session_created", "session_update_once", "session_updated", "audio_ready")
NOT_STORED = {"t2.stored_messages"}
"""The stand-in, like the server it stands for, stores nothing of a GA conversation."""


class Checked:
    """The answers of a finished `salesmind check`."""

    def __init__(self, upstream: Upstream, home: Path, *tests: int) -> None:
        command = [sys.executable, "-m", "tui.cli", "--lang", "en", "check", "--username", "admin", "--json"]
        variables = {"SALESMIND_PASSWORD": "admin123", "SALESMIND_STATE_DIR": str(home), "HOME": str(home)}
        with serve_in_thread(ExistingServer(upstream)) as server:
            done = subprocess.run(
                [*command, "--server", server.url, *(word for test in tests for word in ("--test", str(test)))],
                env={**os.environ, **variables}, capture_output=True, text=True, timeout=110, check=False,
            )  # fmt: skip
        self.exit_code = done.returncode
        self.words = done.stderr
        result = json.loads(done.stdout.splitlines()[-1])["result"]
        self.answers: dict[str, dict[str, Any]] = {
            answer["checkpoint"]: answer
            for test in result["tests"]
            for answer in test["answers"]
            if int(answer["checkpoint"][1]) in tests and answer["verdict"] != "not_applicable"
        }

    def having(self, verdict: str) -> set[str]:
        return {name for name, answer in self.answers.items() if answer["verdict"] == verdict}

    def evidence(self, checkpoint: str) -> dict[str, Any]:
        """By its code."""
        return {item["code"]: item["data"] for item in self.answers[checkpoint]["evidence"]}


Runs: TypeAlias = dict[Upstream, "Future[Checked]"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """One against each kind of server. They mostly wait, so all go on at a time."""
    tests: dict[Upstream, tuple[int, ...]] = dict.fromkeys(get_args(Upstream), (1, 2))
    tests["mute"] = (1,)
    with ThreadPoolExecutor(len(tests)) as pool:
        yield {
            upstream: pool.submit(Checked, upstream, tmp_path_factory.mktemp(upstream), *asked)
            for upstream, asked in tests.items()
        }


def test_one_that_works_passes_all_but_what_it_does_not_store(runs: Runs) -> None:
    checked = runs["well"].result()
    assert (checked.having("fail"), checked.having("not_run")) == (NOT_STORED, set()), checked.words
    assert checked.exit_code == 1


@pytest.mark.parametrize(
    ("upstream", "red", "code", "said"),
    [
        ("beta_refused", "t1.session_update_once", "beta_api_shape_disabled", "no longer supported"),
        ("key_missing", "t1.session_created", "api_key_missing", "OPENAI_API_KEY not configured"),
    ],
)
def test_one_that_cannot_begin_is_red_where_it_stopped_and_nothing_after_it_is_judged(
    runs: Runs, upstream: Upstream, red: str, code: str, said: str
) -> None:
    checked = runs[upstream].result()
    assert checked.having("fail") == {red}
    assert checked.evidence(red)["error_shown"]["code"] == code
    assert "absent_within" not in checked.evidence(red), (
        "it was not waited for: the error ended the conversation"
    )
    assert said in checked.words
    passed = checked.having("pass")
    assert passed < {"t1.websocket_accepted", "t1.session_created", "t2.source_opened"} | {red}


def test_a_quota_that_is_used_up_is_the_reason_why_no_answer_came(runs: Runs) -> None:
    checked = runs["quota"].result()
    assert {f"t1.{name}" for name in CONNECTED} <= checked.having("pass")
    assert checked.having("fail") == {"t2.answer_received", *NOT_STORED}
    assert checked.evidence("t2.answer_received")["error_shown"]["code"] == "insufficient_quota"
    assert "exceeded your current quota" in checked.words


def test_one_that_says_nothing_is_red_at_its_first_word(runs: Runs) -> None:
    checked = runs["mute"].result()
    assert checked.having("fail") == {"t1.session_created"}
    assert checked.having("pass") <= {"t1.websocket_accepted", "t2.source_opened"}


@pytest.mark.parametrize("upstream", ["expired", "busy"])
def test_one_that_recovers_has_answered(runs: Runs, upstream: Upstream) -> None:
    checked = runs[upstream].result()
    assert {f"t1.{name}" for name in CONNECTED} <= checked.having("pass")
    assert "t2.answer_received" in checked.having("pass"), checked.words
