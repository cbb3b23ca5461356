"""A whole run: what it says beforehand and meanwhile, what it leaves behind, and how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import pytest_asyncio

from acceptance import progress, results
from acceptance.checkpoints import CHECKPOINTS, checkpoints_of
from acceptance.judges.connection import judge_connection
from acceptance.judges.mode import judge_mode
from acceptance.judges.streaming import judge_streaming
from acceptance.progress import (
    Answered,
    CleanedUp,
    ConversationEvent,
    Question,
    Reply,
    RunFinished,
    Running,
    RunStarted,
    TestFinished,
    TestStarted,
)
from acceptance.record import Record
from acceptance.request import CheckRequest, Credentials, Limits
from acceptance.runner import run_check
from relay.client import RelayProcess
from relay.stream import Step, Summary
from tests.acceptance import fake_salesmind

NOT_OF_A_CONVERSATION = {
    point.id for point in CHECKPOINTS if point.test == 3 and not point.id.startswith("t3.mode_")
}
UNFINISHED = "t3.finished_session"
"""Left out unless sessions may be finished."""
OPERATOR_ONLY = {point.id for point in CHECKPOINTS if point.operator}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def green(check: Any) -> AsyncIterator[Any]:
    """All four tests against a server without defects."""
    yield await check(1, 2, 3, 4, restart="forgets", half_open_s=45.0, helped=True, try_wrong_logins=True)


def test_a_server_without_defects_is_green(green: Any) -> None:
    applies = {name: verdict for name, verdict in green.verdicts.items() if name not in OPERATOR_ONLY}
    assert applies.pop(UNFINISHED) == "not_applicable"
    red = {name: green.result.answer(name).evidence for name, verdict in applies.items() if verdict != "pass"}
    assert red == {}
    result = green.result
    assert (result.minimum, result.ideal, result.document, result.beyond) == ("pass",) * 4
    assert result.passed
    assert all(condition.verdict == "pass" for condition in result.conditions)


def test_the_plan_comes_before_anything_is_done(green: Any) -> None:
    first = green.events[0]
    assert isinstance(first, RunStarted)
    assert [step.test for step in first.plan] == [1, 2, 3, 4, 3, 3, 4, 4, None, None]
    assert set(first.checkpoints) == {point.id for point in CHECKPOINTS}
    assert isinstance(green.events[-1], RunFinished)
    assert green.events[-1].result == green.result


def test_progress_tells_enough_to_follow_the_run(green: Any) -> None:
    """A screen that has only seen the events knows every answer, and can show every conversation."""
    seen = {event.answer.checkpoint: event.answer for event in green.events if isinstance(event, Answered)}
    assert seen == {answer.checkpoint: answer for test in green.result.tests for answer in test.answers}
    announced = {name for event in green.events if isinstance(event, Running) for name in event.checkpoints}
    assert announced == {point.id for point in CHECKPOINTS if not point.operator} - {UNFINISHED}
    marks = [event for event in green.events if isinstance(event, TestStarted | TestFinished)]
    assert [type(mark) for mark in marks] == [TestStarted, TestFinished] * 4
    streams: dict[str, list[Any]] = {}
    for event in green.events:
        if isinstance(event, ConversationEvent):
            streams.setdefault(event.name, []).append(event.event)
    assert list(streams) == ["t1", "t2", "t3", "t4-microphone", "t4"]
    assert all(isinstance(events[-1], Summary) for events in streams.values())
    times = [event.at for event in green.events]
    assert times == sorted(times)


JUDGES: dict[str, Callable[[Record, Limits], list[results.Answer]]] = {
    "t1": lambda record, _limits: judge_connection(record),
    "t2": lambda record, limits: judge_streaming(record, None, limits),
    "t3": judge_mode,
}


@pytest.mark.parametrize("name", JUDGES)
def test_a_recorded_stream_cut_short_anywhere_decides_nothing_else(green: Any, name: str) -> None:
    """See ``judges/test_cut_streams.py``, which makes its streams."""
    events = [
        event.event for event in green.events if isinstance(event, ConversationEvent) and event.name == name
    ]
    assert isinstance(events[-1], Summary)
    for length in range(len(events)):
        for given in JUDGES[name](Record(name, events[:length]), Limits()):
            if given.verdict in ("pass", "fail"):
                assert (length, given.verdict) == (length, green.verdicts[given.checkpoint])


def test_every_event_survives_its_line(green: Any) -> None:
    for event in green.events:
        assert progress.decode(progress.encode(event)) == event
    assert results.decode(results.encode(green.result)) == green.result


def test_the_run_touches_only_its_own_sessions_and_closes_everything(green: Any) -> None:
    app = green.server
    assert set(app.sessions) == set(green.result.session_ids)
    assert not any(app.open.values())
    assert app.finished == []
    (cleaned,) = [event for event in green.events if isinstance(event, CleanedUp)]
    # The second user's own session can be read by nobody any more: the account was revoked.
    assert cleaned.realtime_mode == (False,) * (len(app.sessions) - 1)


def test_what_was_recorded_is_where_the_result_says(green: Any) -> None:
    directory = Path(green.result.directory)
    recorded = {record.name: record.directory for record in green.result.conversations if record.directory}
    assert recorded == {"t2": "t2", "t4": "t4"}
    for name in recorded.values():
        assert {file.name for file in (directory / name).iterdir()} == {
            "manifest.json",
            "events.jsonl",
            "wire.jsonl",
            "user.flac",
            "customer.flac",
            "received.flac",
        }
    assert all((directory / str(record.log)).is_file() for record in green.result.conversations)


def test_no_token_is_told_or_left_behind(green: Any) -> None:
    secrets = [account.token.encode() for account in (fake_salesmind.TESTER, fake_salesmind.SECOND)]
    told = b"\n".join(progress.encode(event) for event in green.events)
    left = [file.read_bytes() for file in Path(green.result.directory).rglob("*") if file.is_file()]
    assert left
    assert not any(secret in data for secret in secrets for data in (told, *left))
    assert fake_salesmind.TESTER.token not in repr(fake_salesmind.TESTER)


# --- other ways for a run to go ------------------------------------------------------------------


async def test_only_the_selected_test_is_run(check: Any) -> None:
    checked = await check(1)
    assert set(checked.verdicts) == {point.id for point in checkpoints_of(1)}
    assert checked.result.passed
    assert [test.verdict for test in checked.result.tests] == ["pass", "not_run", "not_run", "not_run"]
    assert checked.result.minimum == "not_run", "three of its four conditions were not looked at"


async def test_a_directory_that_was_used_before_proves_nothing_of_this_run(
    check: Any, tmp_path: Path
) -> None:
    """The recordings of the first run stay; the second is judged by its own, and says where they are."""
    first = await check(2, 4, directory=tmp_path)
    assert first.verdicts["t2.answer_audible"] == "pass"
    second = await check(2, 4, directory=tmp_path, defects=["silent_answer"])
    assert second.verdicts["t2.answer_audible"] == "fail"
    assert second.verdicts["t4.nothing_lost"] == "pass"
    places = [{record.directory for record in run.result.conversations} - {None} for run in (first, second)]
    assert places[0] == {"t2", "t4"}
    assert not places[0] & places[1]
    assert all((tmp_path / place / "events.jsonl").is_file() for run in places for place in run)


async def test_sessions_are_finished_when_that_is_asked_for(check: Any) -> None:
    checked = await check(1, finish_sessions=True)
    assert checked.server.finished == list(checked.result.session_ids)


class Person:
    """An operator who always says the same."""

    name = "山田"

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[Question] = []

    async def ask(self, question: Question) -> Reply:
        self.asked.append(question)
        return self.reply


async def test_the_operator_is_asked_and_recorded(check: Any) -> None:
    person = Person("fail")
    checked = await check(2, sink="speaker", operator=person)
    answer = checked.result.answer("t2.operator_heard")
    assert (answer.verdict, answer.answered_by) == ("fail", "山田")
    assert checked.result.tests[1].beyond == "fail"
    assert [question.checkpoint for question in person.asked] == ["t2.operator_heard"]
    assert "聞こえ" in person.asked[0].ja


async def test_nobody_is_asked_about_a_loudspeaker_that_is_not_there(check: Any) -> None:
    person = Person("pass")
    checked = await check(2, operator=person)
    answer = checked.result.answer("t2.operator_heard")
    assert (answer.verdict, answer.evidence[0].code) == ("not_applicable", "not_played_aloud")
    assert person.asked == []


async def test_a_server_that_is_not_there_fails_nothing_and_passes_nothing(tmp_path: Path) -> None:
    events: list[Any] = []
    request = CheckRequest(server_url="http://127.0.0.1:9", account=Credentials("x", "y"), directory=tmp_path)
    result = await run_check(request, events.append)
    verdicts = {answer.verdict for test in result.tests for answer in test.answers}
    assert verdicts == {"not_run"}
    assert not result.passed
    (why,) = result.answer("t1.websocket_accepted").evidence
    assert why.code == "fault"
    assert "Nothing answers" in why.en


@pytest.mark.parametrize(
    ("test", "conversation", "defects"),
    [(1, "t1", ["no_created"]), (2, "t2", ["no_answer"]), (3, "t3", ["mode_never_true"]), (4, "t4", [])],
)
async def test_a_conversation_whose_process_dies_accuses_no_server(
    check: Any, monkeypatch: pytest.MonkeyPatch, test: int, conversation: str, defects: list[str]
) -> None:
    """Killed when the socket stands, by a lack of memory or a crash of ours: the server has done nothing."""
    started: list[RelayProcess] = []
    start = RelayProcess.start

    async def remembered(*args: Any, **options: Any) -> RelayProcess:
        started.append(await start(*args, **options))
        return started[-1]

    monkeypatch.setattr(RelayProcess, "start", remembered)

    def kill(event: Any) -> None:
        if isinstance(event, ConversationEvent) and event.name == conversation:
            inner = event.event
            if isinstance(inner, Step) and inner.step == "connected":
                os.kill(started[-1].pid, signal.SIGKILL)

    checked = await check(test, defects=defects, emit=kill)
    of_the_stream = {
        name: verdict for name, verdict in checked.verdicts.items() if name not in NOT_OF_A_CONVERSATION
    }
    assert "fail" not in of_the_stream.values()
    died = [
        evidence.data.get("code")
        for test in checked.result.tests for answer in test.answers for evidence in answer.evidence
        if answer.verdict == "not_run" and answer.checkpoint in of_the_stream
    ]  # fmt: skip
    assert "relay_crashed" in died


async def test_an_aborted_run_cleans_up_and_keeps_what_it_found(check: Any) -> None:
    events: list[Any] = []
    task: asyncio.Task[Any]

    def abort_when_audio_flows(event: Any) -> None:
        events.append(event)
        if isinstance(event, ConversationEvent) and event.name == "t2":
            inner = event.event
            if isinstance(inner, Step) and inner.step == "gate_open":
                task.cancel()

    task = asyncio.create_task(check(1, 2, defects=["no_answer"], answer_s=30.0, emit=abort_when_audio_flows))
    with pytest.raises(asyncio.CancelledError):
        await task
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.result.aborted
    assert finished.result.tests[0].verdict == "pass"
    assert finished.result.tests[1].verdict == "not_run"
    (cleaned,) = [event for event in events if isinstance(event, CleanedUp)]
    assert cleaned.realtime_mode == (False, False)
    last = [event.event for event in events if isinstance(event, ConversationEvent)][-1]
    assert isinstance(last, Summary), "the conversation was ended to its last line"


def test_a_pass_needs_evidence() -> None:
    with pytest.raises(ValueError, match="without evidence"):
        results.Answer(checkpoint="t1.order", verdict="pass")
    found = results.Evidence(kind="event", code="order", ja="順", en="order")
    answer = results.Answer(checkpoint="t1.order", verdict="pass", evidence=(found,))
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(
            msgspec.json.encode(msgspec.to_builtins(answer) | {"evidence": []}), type=results.Answer
        )


@pytest.mark.parametrize(
    ("verdicts", "over"),
    [
        ([], "not_run"),
        (["pass"], "pass"),
        (["pass", "not_applicable"], "pass"),
        (["not_applicable"], "not_applicable"),
        (["pass", "not_run"], "not_run"),
        (["pass", "not_run", "fail"], "fail"),
    ],
)
def test_one_verdict_over_several(verdicts: list[results.Verdict], over: str) -> None:
    assert results.combine(verdicts) == over


def test_the_docs_list_every_kind_of_progress() -> None:
    text = (Path(__file__).parents[2] / "docs" / "acceptance.md").read_text(encoding="utf-8")
    table = text[text.index("| kind | contents |") :]
    kinds = {kind.__struct_config__.tag for kind in get_args(progress.ProgressEvent)}
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    assert set(re.findall(r"`(\w+)`", " ".join(first_cells))) == kinds
