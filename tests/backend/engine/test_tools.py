"""Functions of the client: when they are called, with what, and what becomes of what they give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from backend.engine.keywords import keyword
from backend.engine.options import EngineOptions
from backend.engine.persona import ToolUse
from backend.engine.server import serving
from backend.engine.tools import spoken_output, wanted_tool

LOOK_UP = {"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {}}}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
        "required": ["city"],
    },
}
STOCK = {"type": "function", "name": "count_parts", "description": "How many parts are in stock."}
STOCK_JA = {"type": "function", "name": "zaiko", "description": "倉庫の在庫数を調べる"}
TOOLS: list[Mapping[str, Any]] = [LOOK_UP, WEATHER, STOCK, STOCK_JA]


@pytest.mark.parametrize(
    ("words", "language", "name"),
    [
        ("What's the weather in Tokyo?", "en", "get_weather"),
        ("How many parts are there in stock?", "en", "count_parts"),
        ("How do you manage your stock?", "en", None),
        ("Who decides?", "en", None),
        ("倉庫に在庫はいくつありますか", "ja", "zaiko"),
        ("ご予算はおいくらですか", "ja", None),
        ("", "ja", None),
    ],
)
def test_the_words_call_a_function_by_its_name_and_description(
    words: str, language: str, name: str | None
) -> None:
    found = wanted_tool(TOOLS, words, (), language)
    assert (found and found["name"]) == name


def test_a_persona_may_know_other_words_for_it() -> None:
    use = ToolUse("look_up", (keyword("何時", "ja"),))
    found = wanted_tool(TOOLS, "いま何時ですか", (use,), "ja")
    assert found is LOOK_UP
    assert wanted_tool(TOOLS, "いま何時ですか", (use,), "ja", called={"look_up"}) is None


@pytest.mark.parametrize(
    ("output", "language", "said"),
    [
        ("4000", "ja", "確認しました。4000です。"),
        ("The truck leaves at five.", "en", "I have checked: The truck leaves at five."),
        ('{"stock_level": 12, "late": false}', "en", "I have checked: stock level is 12, late is no."),
        ('{"在庫": 12, "単位": "個"}', "ja", "確認しました。在庫は12、単位は個です。"),
        ('["a", "b"]', "en", "I have checked: a, b."),
        ('{"error": "no such part"}', "en", "That did not work: no such part"),
        ("", "ja", "はい、済みました。"),
        ("null", "en", "All right, that is done."),
    ],
)
def test_what_a_function_gave_is_spoken_of(output: str, language: str, said: str) -> None:
    assert spoken_output("f", output, (), language) == said


def test_a_persona_may_have_words_of_its_own_for_it() -> None:
    use = ToolUse("f", (), "残りは{stock}個で、{place}にあります。", frozenset({"stock", "place"}))
    assert (
        spoken_output("f", '{"stock": 3, "place": "倉庫"}', (use,), "ja") == "残りは3個で、倉庫にあります。"
    )
    assert spoken_output("f", "3", (use,), "ja") == "確認しました。3です。"  # the keys are not there
    whole = ToolUse("f", (), "{output}だそうです。", frozenset({"output"}))
    assert spoken_output("f", "雨", (whole,), "ja") == "雨だそうです。"


def test_a_long_output_is_cut_at_a_sentence() -> None:
    said = spoken_output("f", "This is a sentence. " * 50, (), "en")
    assert len(said) < 350
    assert said.endswith("sentence.")


async def answer(client: Any, **response: Any) -> dict[str, Any]:
    """The item of the next response."""
    await client.send("response.create", **({"response": response} if response else {}))
    done = await client.until("response.done")
    [item] = done["response"]["output"]
    return dict(item)


async def give(client: Any, call: dict[str, Any], output: str) -> None:
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
    await client.send("conversation.item.create", item=item)
    await client.until("conversation.item.done")


@pytest.mark.parametrize("choice", [{"type": "function", "name": "look_up"}, "required"])
async def test_a_function_that_must_be_called_is_called_once_a_turn(client: Any, choice: Any) -> None:
    await client.configure(tools=[LOOK_UP], tool_choice=choice, output_modalities=["text"])
    for question in ("在庫はいくつですか", "納期はいかがですか"):
        await client.say(question)
        call = await answer(client)
        assert client.types("response.created") == [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
        ]
        assert (call["type"], call["name"], call["arguments"]) == ("function_call", "look_up", "{}")
        await give(client, call, "4000")
        message = await answer(client)
        assert message["content"][0]["text"] == "確認しました。4000です。"


async def test_a_function_is_called_when_the_words_call_for_it(client: Any) -> None:
    await client.configure(tools=TOOLS, output_modalities=["text"], instructions="You are a customer.")
    await client.say("Before we start: what is the weather in New York in celsius?")
    call = await answer(client)
    assert call["name"] == "get_weather"
    assert json.loads(call["arguments"]) == {"city": "New York", "unit": "celsius"}
    await give(client, call, '{"sky": "clear", "degrees": 21}')
    assert (await answer(client))["content"][0]["text"] == "I have checked: sky is clear, degrees is 21."
    await client.say("And who decides?")
    assert (await answer(client))["type"] == "message"


async def test_what_called_a_function_does_not_call_it_again_with_the_next_words(client: Any) -> None:
    await client.configure(tools=TOOLS, output_modalities=["text"], instructions="You are a customer.")
    await client.say("What is the weather in Tokyo?")
    await give(client, await answer(client), "rain")
    await client.say("Never mind. Who decides?")
    assert "our owner" in (await answer(client))["content"][0]["text"]


async def test_a_response_may_demand_what_the_session_does_not(client: Any) -> None:
    await client.configure(tools=TOOLS, tool_choice="none", output_modalities=["text"])
    await client.say("What is the weather in Tokyo?")
    assert (await answer(client))["type"] == "message"
    await client.say("What is the weather in Tokyo?")
    call = await answer(client, tool_choice={"type": "function", "name": "get_weather"})
    assert json.loads(call["arguments"]) == {"city": "Tokyo"}
    await give(client, call, "rain")
    again = await answer(client, tool_choice="required", tools=[STOCK])
    assert again["name"] == "count_parts"


async def test_a_spoken_turn_calls_a_function(client: Any, transcriber: Any, spoken: bytes) -> None:
    transcription = {"model": "gpt-4o-mini-transcribe", "language": "ja"}
    await client.configure(tools=[STOCK_JA], audio={"input": {"transcription": transcription}})
    transcriber.words = "倉庫に在庫はいくつありますか"
    await client.speak(spoken)
    done = await client.until("response.done")
    assert done["response"]["output"][0]["name"] == "zaiko"


async def test_a_function_that_is_not_there_cannot_be_chosen(client: Any) -> None:
    choice = {"type": "function", "name": "look_up"}
    await client.send("session.update", session={"type": "realtime", "tool_choice": choice})
    assert (await client.receive())["error"]["param"] == "session.tool_choice"
    await client.send("response.create", response={"tool_choice": choice})
    assert (await client.receive())["error"]["param"] == "response.tool_choice"


PERSONA = """
id = "x"
language = "ja"
name = "n"
description = "d"
arc = ["a"]

[[tools]]
name = "look_up"
keywords = ["何時"]
answer = "時計によると{output}です。"

[[topics]]
id = "a"
stage = "s"
keywords = []
answers = [{ id = "a-1", text = "はい。" }]

[[topics]]
id = "silence"
stage = "s"
keywords = []
answers = [{ id = "s-1", text = "え。" }]

[[topics]]
id = "asked-before"
stage = "s"
keywords = []
answers = [{ id = "b-1", text = "もう。" }]
"""


async def test_a_personas_file_says_when_and_how(tmp_path: Path, transcriber: Any, dial: Any) -> None:
    (tmp_path / "x.toml").write_text(PERSONA, encoding="utf-8")
    options = EngineOptions(port=0, pace=200.0, personas=tmp_path, persona="x")
    async with serving(options, transcriber) as url, dial(url) as client:
        await client.configure(tools=[LOOK_UP], output_modalities=["text"])
        await client.say("いま何時ですか")
        call = await answer(client)
        await give(client, call, "3時")
        assert (await answer(client))["content"][0]["text"] == "時計によると3時です。"
