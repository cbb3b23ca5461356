"""Scenarios held with a fake SalesMind server that behaves, or has a defect that one expectation must find."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acceptance.progress import ProgressEvent, RunFinished
from acceptance.results import Answer, RunResult
from scenarios.model import Scenario
from scenarios.reading import read_scenario
from scenarios.request import Patience, ScenarioRequest
from scenarios.runner import planned, run_scenarios, sharded
from tests.acceptance import fake_salesmind
from tests.scenarios.made_scenarios import scenario

SPOKEN = """
[session]
industry = "製造業"
value_proposition = "在庫"
[vad]
silence_duration_ms = 200
[[turns]]
speak = "speech.wav"
answer_within_s = 3
[turns.expect]
transcript = "お困りのことはありませんか"
answered = true
answer_contains = "在庫"
answer_language = "ja"
answered_within_ms = 20000
audible = true
realtime_mode = true
[end]
realtime_mode = false
stored = true
turns = 2
"""
SOUND = fake_salesmind.LOUD * (12 * 400) + bytes(48 * 240)
QUICK = Patience(
    connect_s=20.0, recover_s=20.0, half_open_s=6.0, resumed_s=0.3, words_s=0.8, mode_s=0.8, stored_s=0.5
)
Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``await run(text, "no_answer", ...)``: the result against a server of its own with these defects."""
    with wave.open(str(tmp_path / "speech.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(24_000)
        sound.writeframes(SOUND)
    count = iter(range(1_000))

    async def go(text: str, *defects: str, emit: Any = None, **fields: Any) -> RunResult:
        number = next(count)
        path = tmp_path / f"made{number}.toml"
        path.write_text(text, encoding="utf-8")
        app = fake_salesmind.FakeSalesMind(*defects)
        async with fake_salesmind.serving(app) as url:
            request = ScenarioRequest(
                server_url=url,
                account=fields.pop("account", fake_salesmind.TESTER),
                directory=tmp_path / f"run{number}",
                scenarios=(replace(read_scenario(path), name="made"),),
                **{"patience": QUICK, **fields},
            )
            return await run_scenarios(request, emit or (lambda _event: None))

    return go


def found(result: RunResult) -> str:
    """What was found, for a failed assertion."""
    return "\n".join(
        f"{name}: {answer.verdict}: {'; '.join(one.en for one in answer.evidence)}"
        for name, answer in answers(result).items()
    )


def answers(result: RunResult) -> dict[str, Answer]:
    return {answer.checkpoint.removeprefix("made."): answer for answer in result.tests[0].answers}


def verdicts(result: RunResult) -> dict[str, str]:
    return {name: answer.verdict for name, answer in answers(result).items()}


DEFECTS = {
    "no_user_transcript": "1.transcript",
    "no_answer": "1.answered",
    "silent_answer": "1.audible",
    "no_answer_audio": "1.answered_within_ms",
    "no_customer_transcript": "1.answer_contains",
    "customer_not_stored": "end.stored",
    "mode_not_reset": "end.realtime_mode",
}


async def test_each_defect_is_found_by_the_expectation_that_asks_for_it(run: Run) -> None:
    good, *bad = await asyncio.gather(run(SPOKEN), *(run(SPOKEN, defect) for defect in DEFECTS))
    assert set(verdicts(good).values()) == {"pass"}, found(good)
    assert good.passed
    for (defect, id_), result in zip(DEFECTS.items(), bad, strict=True):
        assert answers(result)[id_].verdict == "fail", defect
        assert answers(result)[id_].evidence, defect
        assert not result.passed


async def test_a_text_is_spoken_by_a_voice_or_said_not_to_be(run: Run) -> None:
    text = SPOKEN.replace('speak = "speech.wav"', 'speak_text = "お困りですか"')

    async def voice(words: str, language: str) -> bytes:
        assert (words, language) == ("お困りですか", "ja")
        return SOUND

    spoken, silent = await asyncio.gather(run(text, voice=voice), run(text))
    assert set(verdicts(spoken).values()) == {"pass"}, found(spoken)
    first = answers(silent)["1.transcript"]
    assert (first.verdict, first.evidence[0].code) == ("not_run", "no_voice")
    assert not silent.passed


@pytest.mark.skipif("SALESMIND_SCENARIOS" not in os.environ, reason="takes 20 s: `make test-scenarios`")
async def test_a_half_open_connection_is_noticed_and_survived(run: Run) -> None:
    fault = "[[turns]]\nhalf_open = {}\nexpect.reconnected_within_ms = 20000\n[[turns]]\nsay = 'x'\n"
    text = SPOKEN.replace("[end]", fault + "expect.answered = true\n[end]")
    result = await run(text, patience=replace(QUICK, half_open_s=20.0))
    assert [verdicts(result)[name] for name in ("2.reconnected_within_ms", "3.answered")] == ["pass"] * 2, (
        found(result)
    )


async def test_the_network_is_broken_as_written_and_the_conversation_survives(run: Run) -> None:
    faults = """
[[turns]]
pause = { seconds = 0.5 }
[[turns]]
cut = {}
expect.reconnected_within_ms = 5000
[[turns]]
say = "もしもし"
expect.answered = true
"""
    result = await run(SPOKEN.replace("[end]", faults + "[end]").replace("turns = 2", "turns = 4"))
    assert {name: verdict for name, verdict in verdicts(result).items() if name[0] in "34"} == {
        "3.reconnected_within_ms": "pass",
        "4.answered": "pass",
    }, found(result)


async def test_attempts_that_cannot_be_made_say_why(run: Run) -> None:
    refused, unheard = await asyncio.gather(
        run(SPOKEN, account=replace(fake_salesmind.TESTER, token="0" * 40)), run(SPOKEN, "handshake_refused")
    )
    for result, code in ((refused, "not_authenticated"), (unheard, "realtime_bad_token")):
        first = answers(result)["1.answered"]
        assert first.verdict == "not_run" and first.evidence[0].data["code"] == code, first
        assert not result.passed


async def test_cancelling_ends_the_conversation_and_keeps_what_was_found(run: Run) -> None:
    text = SPOKEN.replace("[end]", "[[turns]]\nwait = 60\n[end]")
    events: list[ProgressEvent] = []
    passed = asyncio.Event()

    def emit(event: ProgressEvent) -> None:
        events.append(event)
        if getattr(event, "answer", None) is not None:
            passed.set()

    running = asyncio.create_task(run(text, emit=emit))
    await asyncio.wait_for(passed.wait(), 20)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert isinstance(events[-1], RunFinished)
    result = events[-1].result
    assert (result.aborted, verdicts(result)["1.answered"], verdicts(result)["end.turns"]) == (
        True, "pass", "not_run",
    )  # fmt: skip


def request(*names: str, **fields: Any) -> ScenarioRequest:
    made = tuple(scenario("expect.answered = true", name) for name in names)
    return ScenarioRequest("http://x", fake_salesmind.TESTER, Path("x"), made, **fields)


def named(scenarios: tuple[Scenario, ...]) -> list[str]:
    return [one.name for one in scenarios]


def test_shards_are_parts_of_the_whole_wherever_they_run() -> None:
    all_of_them = request("e", "b", "d", "a", "c").scenarios
    parts = [named(sharded(all_of_them, (part, 2))) for part in (1, 2)]
    assert parts == [["e", "a", "c"], ["b", "d"]]
    assert named(sharded(all_of_them, None)) == ["e", "b", "d", "a", "c"]
    assert sharded(all_of_them, (6, 6)) == ()


def test_a_seed_gives_the_same_order_again() -> None:
    def order(seed: int | None) -> list[tuple[str, int]]:
        made = planned(request("a", "b", "c", repeat=3, seed=seed))
        return [(one.scenario.name, one.attempt) for one in made]

    assert order(None)[:4] == [("a", 1), ("b", 1), ("c", 1), ("a", 2)]
    assert order(7) == order(7) != order(8)
    assert sorted(order(7)) == sorted(order(None))
    names = [one.name for one in planned(request("a", "b", repeat=2))]
    assert len(set(names)) == 4
