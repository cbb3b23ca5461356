"""Who speaks another language than was expected is heard, and gets an answer that says as much."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from backend.engine import responder
from backend.engine.customer import Customer
from backend.engine.persona import OTHER_LANGUAGE, SILENCE
from backend.engine.persona_file import load_personas

MODEL = "gpt-4o-mini-transcribe"
TRANSCRIPTION = "conversation.item.input_audio_transcription"
PERSONAS = load_personas()


def answers_of(persona_id: str, topic: str) -> list[str]:
    return [answer.text for answer in PERSONAS[persona_id].topics[topic].answers]


async def turn(client: Any, transcriber: Any, pcm: bytes, words: str, language: str) -> tuple[str, str]:
    """What the client reads as said, and what is answered."""
    transcriber.words, transcriber.language = words, language
    await client.speak(pcm)
    heard = await client.until(f"{TRANSCRIPTION}.completed")
    done = await client.until("response.done")
    return heard["transcript"], done["response"]["output"][0]["content"][0]["transcript"]


async def test_the_customer_says_that_he_knows_only_the_language_of_the_session(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    await client.configure(audio={"input": {"transcription": {"model": MODEL, "language": "ja"}}})
    question = "How do you keep track of your inventory?"
    heard, answer = await turn(client, transcriber, spoken, question, "en")
    assert heard == question
    first, second = answers_of("purchasing-manager-ja", OTHER_LANGUAGE)
    assert answer == first
    assert [e for e in client.events if e["type"] == "response.output_audio.delta"]  # it is recorded
    assert (await turn(client, transcriber, spoken, question, "en"))[1] == second
    _, answer = await turn(client, transcriber, spoken, "在庫はどのように管理していますか。", "ja")
    assert answer == answers_of("purchasing-manager-ja", "stock")[0]
    expectation = transcriber.speeches[0].expectation
    assert (expectation.languages, expectation.others, expectation.limited) == (("ja",), ("en",), False)
    assert expectation.vocabulary.keys() == {"ja", "en"}


@pytest.mark.parametrize(
    ("transcription", "limited"),
    [({"model": MODEL, "languages": ["ja", "en"]}, True), ({"model": MODEL}, False)],
)
async def test_whoever_speaks_the_language_answers(
    client: Any, transcriber: Any, spoken: bytes, transcription: dict[str, Any], limited: bool
) -> None:
    await client.configure(audio={"input": {"transcription": transcription}})
    _, answer = await turn(client, transcriber, spoken, "How do you keep track of your inventory?", "en")
    assert answer == answers_of("operations-manager-en", "stock")[0]
    _, answer = await turn(client, transcriber, spoken, "発注の担当者は何名いらっしゃいますか。", "ja")
    assert answer == answers_of("purchasing-manager-ja", "staff")[0]
    expectation = transcriber.speeches[0].expectation
    assert (expectation.languages, expectation.limited) == (("ja", "en"), limited)


async def test_a_language_of_nobody_is_answered_in_that_of_the_session(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    await client.configure(
        instructions="You are a buyer.", audio={"input": {"transcription": {"model": MODEL}}}
    )
    _, answer = await turn(client, transcriber, spoken, "Combien ça coûte ?", "fr")
    assert answer == answers_of("operations-manager-en", OTHER_LANGUAGE)[0]


async def test_silence_is_in_no_language(client: Any, transcriber: Any, spoken: bytes) -> None:
    await client.configure(audio={"input": {"transcription": {"model": MODEL, "language": "ja"}}})
    _, answer = await turn(client, transcriber, spoken, "", "en")
    assert answer == answers_of("purchasing-manager-ja", SILENCE)[0]


async def test_japanese_words_to_expect_are_not_expected_in_english(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    transcription = {"model": MODEL, "languages": ["ja", "en"], "prompt": "在庫と発注の商談"}
    await client.configure(audio={"input": {"transcription": transcription}})
    await turn(client, transcriber, spoken, "在庫は", "ja")
    assert transcriber.speeches[0].expectation.vocabulary == {"ja": "在庫と発注の商談", "en": ""}


@pytest.mark.parametrize("persona_id", PERSONAS)
def test_a_persona_without_words_for_it_asks_to_say_it_again(persona_id: str) -> None:
    persona = PERSONAS[persona_id]
    others = {name: topic for name, topic in persona.topics.items() if name != OTHER_LANGUAGE}
    answer = Customer(replace(persona, topics=others)).not_understood()
    assert answer in persona.topics[SILENCE].answers


async def test_there_is_a_limit_to_waiting_for_the_words(
    client: Any,
    transcriber: Any,
    spoken: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(responder, "WORDS_TIMEOUT_S", 0.01)
    transcriber.released.clear()
    with caplog.at_level(logging.WARNING):
        await client.speak(spoken)
        done = await client.until("response.done")
    assert done["response"]["status"] == "completed"
    assert "no words after" in caplog.text
