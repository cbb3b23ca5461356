"""A function's arguments out of the words of a turn; pydantic, which nobody here wrote, makes schemas and judges."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from backend.engine.arguments import arguments_for
from backend.engine.dates import date_in, time_in
from backend.engine.figures import amount, duration_days, figures, normalised

WEDNESDAY = datetime.date(2026, 11, 25)
TEXT, INTEGER = {"type": "string"}, {"type": "integer"}


def filled(words: str, required: bool = True, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties) if required else []}
    return arguments_for(schema, words, WEDNESDAY)


@pytest.mark.parametrize(
    ("words", "properties", "arguments"),
    [
        ("What's the weather like in New York tomorrow?", {"city": TEXT}, {"city": "New York"}),
        ("明日の東京の天気はどうですか", {"location": TEXT}, {"location": "東京"}),
        ("in Fahrenheit, please", {"unit": {"enum": ["celsius", "fahrenheit"]}}, {"unit": "fahrenheit"}),
        ("I need it in a rush", {"speed": {"enum": ["in_a_rush", "slow"]}}, {"speed": "in_a_rush"}),
        ("a room for 2 people, three nights", {"nights": INTEGER, "people": INTEGER}, {"nights": 3, "people": 2}),
        ("来週の火曜日の午後3時に5名で", {"人数": INTEGER, "time": TEXT}, {"人数": 5, "time": "15:00:00"}),
        ("Order 12 of part number PX-4711", {"part": TEXT, "part_number": TEXT}, {"part_number": "PX-4711"}),
        ("My name is Emily Clark", {"name": TEXT}, {"name": "Emily Clark"}),
        ("田中様の注文を調べてください", {"customer": TEXT}, {"customer": "田中"}),
        ("write to emily@x.example.com", {"address": {"type": "string", "format": "email"}},
         {"address": "emily@x.example.com"}),
        ("月額15万円です", {"price": {"type": "number", "description": "金額"}}, {"price": 150_000}),
        ("to 90210, please", {"zip": {"type": "string", "pattern": r"^\d{5}$"}}, {"zip": "90210"}),
        ("it is not urgent", {"urgent": {"type": "boolean"}}, {"urgent": False}),
        ("this is urgent", {"urgent": {"type": "boolean"}}, {"urgent": True}),
        ("add 3, 5 and 8", {"numbers": {"type": "array", "items": INTEGER}}, {"numbers": [3, 5, 8]}),
        ("red and green", {"colours": {"type": "array", "items": {"enum": ["blue", "red", "green"]}}},
         {"colours": ["red", "green"]}),
        ("well", {"x": {"const": 7}, "y": {"type": "integer", "default": 3}}, {"x": 7, "y": 3}),
        ("well", {"n": {"type": "integer", "minimum": 4}}, {"n": 4}),
        ("100 or 7", {"n": {"type": "integer", "maximum": 10}}, {"n": 7}),
        ("well", {"n": {"anyOf": [INTEGER, {"type": "null"}]}, "m": {"type": ["string", "null"]}},
         {"n": None, "m": None}),
    ],
)  # fmt: skip
def test_what_the_words_say_is_filled_in(
    words: str, properties: dict[str, Any], arguments: dict[str, Any]
) -> None:
    found = filled(words, **properties)
    assert {name: found[name] for name in arguments} == arguments


def test_what_is_optional_and_unsaid_is_left_out() -> None:
    assert filled("hello", required=False, city=TEXT, count=INTEGER, on={"type": "boolean"}) == {}


def test_an_optional_object_that_nobody_speaks_of_is_left_out() -> None:
    place = {"type": "object", "properties": {"place": TEXT, "count": INTEGER}, "required": ["place"]}
    assert filled("hello", at={"anyOf": [place, {"type": "null"}]}) == {"at": None}
    assert filled("in Osaka", at={"anyOf": [place, {"type": "null"}]}) == {"at": {"place": "Osaka"}}


def test_a_figure_that_is_part_of_a_code_counts_nothing() -> None:
    assert filled("部品PX-4711を30個", part_id=TEXT, count=INTEGER) == {"part_id": "PX-4711", "count": 30}


def test_a_figure_is_used_once() -> None:
    assert filled("5 of them", required=False, first=INTEGER, second=INTEGER) == {"first": 5}


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("明日", "2026-11-26"), ("来週の火曜日", "2026-12-01"), ("金曜日に", "2026-11-27"), ("1月5日", "2027-01-05"),
        ("next week on Monday", "2026-11-30"), ("on Wednesday", "2026-12-02"), ("December 3rd", "2026-12-03"),
        ("3 March 2028", "2028-03-03"), ("2026-02-30", None), ("the day after tomorrow", "2026-11-27"), ("soon", None),
    ],
)  # fmt: skip
def test_days(words: str, day: str | None) -> None:
    found = date_in(words, WEDNESDAY)
    assert (found and found.isoformat()) == day


@pytest.mark.parametrize(
    ("words", "hour"),
    [("午後3時", "15:00"), ("9時半", "09:30"), ("at 4:30 pm", "16:30"), ("12 am", "00:00"), ("16:45", "16:45"),
     ("25時", None)],
)  # fmt: skip
def test_times_of_day(words: str, hour: str | None) -> None:
    found = time_in(words)
    assert (found and found.isoformat("minutes")) == hour


@pytest.mark.parametrize(
    ("words", "money", "days"),
    [
        ("月に3万円ほど", 30_000, None), ("1万5千円", 15_000, None), ("月額十五万円", 150_000, None),
        ("３０，０００円", 30_000, None), ("thirty thousand dollars", 30_000, None), ("$1,500.50", 1_500.5, None),
        ("you would pay 90,000 in the first year", 90_000, None), ("a hundred and fifty people", None, None),
        ("三週間です", None, 21), ("3か月で", None, 90), ("about two weeks", None, 14), ("in 2026", None, None),
        ("一番大変なのは", None, None), ("30k", 30_000, None),
    ],
)  # fmt: skip
def test_figures(words: str, money: float | None, days: float | None) -> None:
    assert (amount(words), duration_days(words)) == (money, days)


class Line(BaseModel):
    part: Annotated[str, Field(min_length=2, max_length=20, description="the part number")]
    quantity: Annotated[int, Field(ge=1, le=99)] = 1


class Order(BaseModel):
    """As developers declare their tools: nested, optional, bounded."""

    customer: str
    kind: Literal["standard", "express"]
    lines: Annotated[list[Line], Field(min_length=1, max_length=3)]
    day: datetime.date
    at: datetime.datetime | None
    discount: Annotated[float, Field(ge=0, lt=1, multiple_of=0.25)]
    note: str | None = None
    tags: set[Literal["a", "b"]] = set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "enum", "required", "anyOf", "$ref", "pattern", "minimum",
                 "multipleOf", "minItems", "maxItems", "x", "format", "default", "minLength"]
            ) | st.text(max_size=3),
            inner, max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    st.text(max_size=60)
    | st.sampled_from(["two express orders of PX-12 for Mr Smith on Monday at 3 pm", "明日5個"])
)
def test_any_words_give_arguments_that_pydantic_accepts(words: str) -> None:
    Order.model_validate(arguments_for(Order.model_json_schema(), words, WEDNESDAY))


@settings(max_examples=200)
@given(st.dictionaries(st.text(max_size=4), JSON, max_size=3), st.text(max_size=30))
def test_no_schema_breaks_it(properties: dict[str, Any], words: str) -> None:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    assert isinstance(arguments_for(schema, words, WEDNESDAY), dict)


@given(st.text(max_size=40))
def test_any_text_can_be_searched_for_figures(text: str) -> None:
    for figure in figures(normalised(text)):
        assert figure.start < figure.end
    amount(text), duration_days(text), date_in(text, WEDNESDAY), time_in(text)
