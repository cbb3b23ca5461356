"""The published schema says what the program says, as a validator that nobody here wrote reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.fields import MistakeCode
from scenarios.reading import ScenarioInvalid, scenario_of
from scenarios.shipped import shipped
from tests.scenarios.made_scenarios import document

jsonschema = pytest.importorskip("jsonschema", reason="the outsider is not installed: pip install jsonschema")
ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "scenario.schema.json").read_text(encoding="utf-8"))
NOT_IN_A_SCHEMA = {
    MistakeCode.NO_SUCH_FILE,
    MistakeCode.NO_SUCH_SAMPLE,
    MistakeCode.BAD_PATTERN,
    MistakeCode.NOTHING_EXPECTED,
    MistakeCode.NOTHING_TO_INTERRUPT,
}


def valid(made: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(made))


def accepted(made: dict[str, Any]) -> bool:
    try:
        scenario_of(made, Path("x.toml"))
    except ScenarioInvalid as invalid:
        return {one.code for one in invalid.mistakes} <= NOT_IN_A_SCHEMA
    return True


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_what_ships_is_valid(path: Path) -> None:
    import tomllib

    assert valid(tomllib.loads(path.read_text(encoding="utf-8")))


values = st.one_of(
    st.sampled_from([True, False, 0, 1, 2, 0.5, -1, 481, 100_000, "ja", "x", " ", ""]),
    st.lists(st.sampled_from(["a", "", 1]), max_size=2),
    st.dictionaries(st.sampled_from(["after_s", "seconds", "speak", "say"]), st.sampled_from([1, "x", -1])),
)
keys = st.sampled_from(
    [
        "say", "speak", "wait", "silence", "mute", "interrupt", "cut", "pause", "half_open", "answer_within_s",
        "unknown",
    ]
)  # fmt: skip
expectations = st.sampled_from(
    [
        "transcript", "transcript_cer", "answered", "answer_contains", "answer_language", "answered_within_ms",
        "audible", "turns", "order", "realtime_mode", "error", "unknown",
    ]
)  # fmt: skip
turns = st.dictionaries(keys, values, max_size=2)


@given(turns, st.dictionaries(expectations, values, max_size=3))
def test_schema_and_program_agree_on_a_turn(turn: dict[str, Any], expect: dict[str, Any]) -> None:
    made = document(turns=[{"say": "x"}, turn | {"expect": expect}])
    assert valid(made) == accepted(made)


tables = st.sampled_from(
    ["title", "language", "session", "voice", "vad", "audio", "limits", "end", "unknown"]
)
fields = st.sampled_from(
    [
        "ja",
        "en",
        "threshold",
        "silence_duration_ms",
        "chunk_bytes",
        "errors",
        "turns",
        "stored",
        "name",
        "mode",
    ]
)


@given(st.dictionaries(tables, values | st.dictionaries(fields, values, max_size=2), max_size=2))
def test_schema_and_program_agree_on_the_rest(changes: dict[str, Any]) -> None:
    made = document() | changes
    assert valid(made) == accepted(made)
