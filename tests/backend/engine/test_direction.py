"""What a client tells the customer to do: in a response's instructions, in system messages, beside the conversation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.direction import choice, wants_greeting, words_to_say


@pytest.mark.parametrize(
    ("direction", "words"),
    [
        ('Say exactly: "Hold the line."', "Hold the line."),
        ("Say exactly the following sentence: Hold the line, please.", "Hold the line, please."),
        ("Respond with only this: 42", "42"),
        ("Say 'Good morning' to the caller.", "Good morning"),
        ("「お待ちください」とだけ言ってください。", "お待ちください"),
        ("次の文をそのまま読み上げてください：お待ちください。", "お待ちください。"),
        ("Be brief and polite.", None),
        ("Answer the user's question: they are waiting.", None),
        ("短く答えてください。", None),
    ],
)
def test_words_that_are_to_be_said(direction: str, words: str | None) -> None:
    assert words_to_say(direction) == words


@pytest.mark.parametrize(
    ("direction", "words", "chosen"),
    [
        (
            "Classify the conversation as sales, support or billing. Answer with one word.",
            "I need support",
            "support",
        ),
        ("Answer with one word: positive, negative, neutral", "That is a terrible price", "negative"),
        ("Answer with one word: positive, negative, neutral", "The moon", "neutral"),
        ('Choose one of "order" and "cancellation".', "I want to cancel it", "cancellation"),
        ("Pick exactly one of:\n- price\n- delivery\n- other", "when is the delivery?", "delivery"),
        ("次のいずれかに分類してください：料金、納期、その他", "納期はいつですか", "納期"),
        ("次のいずれかに分類してください：料金、納期、その他", "こんにちは", "その他"),
        ("Summarize the conversation.", "x", None),
    ],
)
def test_a_choice_from_a_list(direction: str, words: str, chosen: str | None) -> None:
    assert choice(direction, words) == chosen


@given(st.text(max_size=120), st.text(max_size=40))
def test_any_direction_can_be_read(direction: str, words: str) -> None:
    assert words_to_say(f"Say exactly: {direction}") != ""
    choice(f"Pick one of: {direction}, {words}", words)
    wants_greeting(direction)


async def text(client: Any, **response: Any) -> str:
    await client.send("response.create", response=response)
    done = await client.until("response.done")
    return str(done["response"]["output"][0]["content"][0]["text"])


async def test_a_responses_own_instructions_are_followed(client: Any) -> None:
    await client.configure(output_modalities=["text"], instructions="You are a customer.")
    assert await text(client, instructions="Greet the user.") == (
        "Hi, Daniel Carter here. I have about twenty minutes. What would you like to know?"
    )
    await client.say("What is your budget?")
    assert await text(client, instructions='Say exactly: "One moment, please."') == "One moment, please."
    await client.say("What is your budget?")
    assert (await text(client)).startswith("We set aside thirty thousand")


async def test_a_system_message_is_followed_once(client: Any) -> None:
    await client.configure(output_modalities=["text"], instructions="You are a customer.")
    told = {"role": "system", "content": [{"type": "input_text", "text": "Say 'I have to leave.'"}]}
    await client.say("", **told)
    assert await text(client) == "I have to leave."
    await client.say("Who decides?")
    assert "our owner" in await text(client)


async def test_a_response_beside_the_conversation_classifies_it_and_changes_nothing(client: Any) -> None:
    await client.configure(output_modalities=["text"], instructions="You are a customer.")
    await client.say("How much is the discount, what is the price?")
    first = await text(client)
    label = "Classify the topic in one word: delivery, price, weather."
    assert await text(client, conversation="none", instructions=label) == "price"
    aside = await text(client, conversation="none", input=[{
        "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Who decides?"}],
    }])  # fmt: skip
    await client.say("Who decides?")
    assert await text(client) == aside
    await client.say("Could you repeat that?")
    assert await text(client) == aside != first
