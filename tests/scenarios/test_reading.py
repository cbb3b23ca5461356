"""Scenarios as files: what is understood, and how each mistake is named."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.fields import MistakeCode
from scenarios.format import ACTION_NAMES, SCENARIO
from scenarios.model import Expectation, Interrupt, NetworkFault, Say, Speak
from scenarios.reading import (
    ScenarioInvalid,
    ScenarioUnreadable,
    read_scenario,
    scenario_files,
    scenario_of,
)
from scenarios.shipped import shipped
from scenarios.words import explained, question
from tests.scenarios.made_scenarios import document, scenario

ROOT = Path(__file__).parents[2]


def test_a_scenario_is_read() -> None:
    made = scenario(
        """
        expect = { transcript = "Hi", answer_contains = "stock", answered_within_ms = 900 }
        [[turns]]
        interrupt = { after_s = 1.5, speak = "sample:en-03-problem" }
        [[turns]]
        cut = {}
        [vad]
        idle_timeout_ms = 5000
        [end]
        realtime_mode = false
        """
    )
    assert made.turns[0].action == Say("Hello")
    assert made.turns[0].expect == (
        Expectation("transcript", "Hi", 0.2),
        Expectation("answer_contains", ("stock",)),
        Expectation("answered_within_ms", 900),
    )
    interrupt = made.turns[1].action
    assert isinstance(interrupt, Interrupt) and isinstance(interrupt.by, Speak)
    assert (interrupt.after_s, interrupt.by.path.name) == (1.5, "en-03-problem.opus")
    assert made.turns[2].action == NetworkFault("cut", None)
    assert (made.turn_detection.idle_timeout_ms, made.breaks_the_network) == (5_000, True)
    assert [place for place, _ in made.places] == ["1", "2", "3", "end"]


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("expect.answerd = true", ("turns", 0, "expect", "answerd"), MistakeCode.UNKNOWN_FIELD),
        ("expect.audible = 1", ("turns", 0, "expect", "audible"), MistakeCode.NOT_FLAG),
        (
            "expect.answer_language = 'fr'",
            ("turns", 0, "expect", "answer_language"),
            MistakeCode.NOT_A_CHOICE,
        ),
        (
            "expect.answered_within_ms = 0",
            ("turns", 0, "expect", "answered_within_ms"),
            MistakeCode.OUT_OF_RANGE,
        ),
        ("expect.answer_matches = '('", ("turns", 0, "expect", "answer_matches"), MistakeCode.BAD_PATTERN),
        ("expect.transcript_cer = 0.1", ("turns", 0, "expect", "transcript_cer"), MistakeCode.NEEDS),
        ("expect.order = []", ("turns", 0, "expect", "order"), MistakeCode.NOT_TEXTS),
        ("wait = 1\nexpect.answered = true", ("turns", 0), MistakeCode.ONE_ACTION),
        ("", ("turns",), MistakeCode.NOTHING_EXPECTED),
        ("[end]\nturns = 1.5", ("end", "turns"), MistakeCode.NOT_INTEGER),
        ("[[turns]]\nspeak = 'no.wav'\n[end]\nturns = 1", ("turns", 1, "speak"), MistakeCode.NO_SUCH_FILE),
        (
            "[[turns]]\nspeak = 'sample:x'\n[end]\nturns = 1",
            ("turns", 1, "speak"),
            MistakeCode.NO_SUCH_SAMPLE,
        ),
        ("[[turns]]\npause = {}\n[end]\nturns = 1", ("turns", 1, "pause"), MistakeCode.MISSING),
        ("[audio]\nchunk_bytes = 1921\n[end]\nturns = 1", ("audio", "chunk_bytes"), MistakeCode.NOT_EVEN),
        ("[limits]\nlatency = 1\n[end]\nturns = 1", ("limits", "latency"), MistakeCode.UNKNOWN_FIELD),
    ],
)
def test_a_mistake_is_named_by_its_field(text: str, field: Any, code: MistakeCode) -> None:
    with pytest.raises(ScenarioInvalid) as caught:
        scenario(text)
    assert [(one.path, one.code) for one in caught.value.mistakes] == [(field, code)]


def test_the_first_turn_has_nothing_to_interrupt() -> None:
    for action in ("interrupt", "cut"):
        turn = {action: {"after_s": 1}, "expect": {"answered": True}}
        with pytest.raises(ScenarioInvalid) as caught:
            scenario_of(document(turns=[turn]), Path("x.toml"))
        assert [one.code for one in caught.value.mistakes] == [MistakeCode.NOTHING_TO_INTERRUPT]


@pytest.mark.parametrize("data", [b"\xff", b"a = ", b"[" * 10_000, b"a" * 5 + b" = " + b"9" * 5_000])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    with pytest.raises(ScenarioUnreadable):
        read_scenario(path)


def test_a_folder_is_all_the_scenarios_in_it(tmp_path: Path) -> None:
    for name in ("b.toml", "a.toml", "notes.md"):
        (tmp_path / name).touch()
    assert [path.name for path in scenario_files(tmp_path)] == ["a.toml", "b.toml"]
    with pytest.raises(ScenarioUnreadable):
        read_scenario(tmp_path / "missing.toml")


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
names = st.sampled_from(
    ["title", "language", "session", "vad", "turns", "end", "limits", "expect", "say", "interrupt", "order"]
)
documents = st.dictionaries(
    names, anything | st.lists(st.dictionaries(names, anything, max_size=3), max_size=3)
)


@given(documents)
def test_whatever_toml_gives_is_read_or_refused(made: dict[str, Any]) -> None:
    for changed in (made, document() | made, document(turns=[{"say": "x", "expect": made}])):
        try:
            read = scenario_of(changed, Path("x.toml"))
        except ScenarioInvalid as invalid:
            assert invalid.mistakes
        else:
            assert read.turns and list(explained(read))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_what_ships_is_explained_in_both_languages(path: Path) -> None:
    made = read_scenario(path)
    lines = list(explained(made))
    assert len(lines) > 6 and all(line.words.ja and line.words.en for line in lines)
    assert made.title.ja != made.title.en
    for place, expectations in made.places:
        for one in expectations:
            assert "{" not in question(place, one).ja + question(place, one).en


def test_the_example_of_the_documentation_is_a_scenario() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    with pytest.raises(ScenarioInvalid) as caught:
        scenario_of(tomllib.loads(example), Path("x.toml"))
    assert [one.code for one in caught.value.mistakes] == [MistakeCode.NO_SUCH_FILE], (
        "only its recording is missing"
    )


def test_six_ship_in_both_languages() -> None:
    made = [read_scenario(path) for path in shipped()]
    assert len(made) >= 6
    assert {one.language for one in made} == {"ja", "en"}
    assert set(ACTION_NAMES) == {field.name for field in SCENARIO.fields[7].kind.of.fields} - {  # type: ignore[attr-defined]
        "expect", "answer_within_s",
    }  # fmt: skip


def test_the_published_schema_is_current() -> None:
    script = ROOT / "scripts" / "make_scenario_reference.py"
    check = subprocess.run(
        [sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert check.returncode == 0, check.stderr
