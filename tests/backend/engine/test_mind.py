"""A customer for whom a model thinks. The chat server here is small; the real ones are tried by hand."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.chat_messages import Sentences, chat_messages, system_text
from backend.engine.mind import Mind, MindError, ToolCall, _Answer
from backend.engine.options import MIND_KEY_VARIABLE, EngineOptions, MindOptions, OptionsError, read_mind
from backend.engine.persona import choose
from backend.engine.persona_file import load_personas
from backend.engine.server import serving

KEY = "sk-planted-b7e1"
TOOL = {"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {}}}


class ChatServer:
    """A chat endpoint that says what it is told: strings of SSE, events to wait for."""

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.status = 200
        self.content_type = "text/event-stream"
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.requests.append(json.loads(body))
        self.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        headers = [(b"content-type", self.content_type.encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for step in self.script:
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                await send({"type": "http.response.body", "body": step.encode(), "more_body": True})
        await send({"type": "http.response.body"})


def says(text: str) -> str:
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}) + "\n\n"


def calls(**function: str) -> str:
    delta = {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]}
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}) + "\n\n"


class Hum:
    """A voice that hums for as long as the text is."""

    def __init__(self) -> None:
        self.languages: list[str] = []

    async def say(self, text: str, language: str) -> bytes:
        self.languages.append(language)
        return b"\1\0" * 2_400 * len(text.strip())

    def speaks(self, language: str) -> bool:
        return True

    def prepare(self, language: str) -> None:
        pass


@pytest.fixture
async def chat() -> AsyncIterator[ChatServer]:
    server = ChatServer()
    config = uvicorn.Config(server, log_level="critical", lifespan="off", ws="none")
    running = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))  # whoever comes early waits
    server.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    task = asyncio.create_task(running.serve([listener]))
    yield server
    running.should_exit = running.force_exit = True
    await task


@pytest.fixture
def voice() -> Hum:
    return Hum()


@pytest.fixture
def thinking(chat: ChatServer, voice: Hum, transcriber: Any, dial: Any) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(url: str = "", timeout_s: float = 5.0, **session: Any) -> AsyncIterator[Any]:
        mind = MindOptions(url or chat.url, "tiny", KEY, timeout_s)
        options = EngineOptions(port=0, pace=200.0, mind=mind)
        async with serving(options, transcriber, voice) as engine, dial(engine) as client:
            await client.configure(**{"instructions": "You are a customer.", **session})
            yield client

    return opened


async def ask(client: Any, words: str = "How are you?") -> Any:
    await client.say(words)
    await client.send("response.create")
    return (await client.until("response.done"))["response"]


async def test_sentences_are_spoken_as_they_come(chat: ChatServer, thinking: Any) -> None:
    rest = asyncio.Event()
    chat.script = [says("I am "), says("fine. And"), rest, says(" you?"), "data: [DONE]\n\n"]
    async with thinking() as client:
        await client.say("How are you?")
        await client.send("response.create")
        await client.until("response.output_audio.delta")  # before the model has ended
        rest.set()
        response = (await client.until("response.done"))["response"]
    assert response["output"][0]["content"][0]["transcript"] == "I am fine. And you?"
    assert response["metadata"] is None
    assert len(response["output"]) == 1


async def test_the_model_is_told_who_it_is_and_what_was_said(chat: ChatServer, thinking: Any) -> None:
    chat.script = [says("Yes.")]
    async with thinking(tools=[TOOL], output_modalities=["text"], max_output_tokens=77) as client:
        await ask(client, "First.")
        await ask(client, "Second.")
    request = chat.requests[-1]
    system, *history = request["messages"]
    assert system["role"] == "system"
    assert "Daniel Carter" in system["content"]
    assert "You are a customer." in system["content"]
    assert history == [
        {"role": "user", "content": "First."},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Second."},
    ]
    assert (request["model"], request["stream"], request["max_tokens"]) == ("tiny", True, 77)
    assert request["tools"] == [
        {"type": "function", "function": {k: TOOL[k] for k in ("name", "parameters")}}
    ]
    assert chat.keys == [f"Bearer {KEY}"] * 2


async def test_functions_are_passed_through(chat: ChatServer, thinking: Any) -> None:
    chat.script = [says("One moment."), calls(name="look_up", arguments='{"a":'), calls(arguments=" 1}")]
    async with thinking(tools=[TOOL], output_modalities=["text"]) as client:
        response = await ask(client)
        message, call = response["output"]
        assert message["content"][0]["text"] == "One moment."
        assert (call["name"], json.loads(call["arguments"])) == ("look_up", {"a": 1})
        item = {"type": "function_call_output", "call_id": call["call_id"], "output": "42"}
        await client.send("conversation.item.create", item=item)
        await client.until("conversation.item.done")
        chat.script = [says("It is 42.")]
        await client.send("response.create")
        await client.until("response.done")
    called, output = chat.requests[-1]["messages"][-2:]
    assert called["tool_calls"][0]["id"] == output["tool_call_id"] == call["call_id"]
    assert output["content"] == "42"


@pytest.mark.parametrize("trouble", ["status", "timeout", "refused", "garbage", "empty", "error"])
async def test_the_script_answers_where_the_model_does_not(
    chat: ChatServer, thinking: Any, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    never = asyncio.Event()
    chat.status = 500 if trouble == "status" else 200
    scripts: dict[str, list[Any]] = {
        "status": [json.dumps({"error": {"message": f"out of memory {KEY[:3]}"}})],
        "timeout": [never],
        "garbage": ["data: {\n\n"],
        "error": ['data: {"error": {"message": "overloaded"}}\n\n'],
    }
    chat.script = scripts.get(trouble, [])
    url = "http://127.0.0.1:1/v1" if trouble == "refused" else ""
    async with thinking(url, timeout_s=0.3) as client:
        response = await ask(client)
        never.set()
    assert response["status"] == "completed"
    assert response["output"][0]["content"][0]["transcript"].startswith("I am well, thanks.")
    assert "the script answers" in response["metadata"]["mind"]
    assert "the model gave no answer" in caplog.text
    assert KEY not in caplog.text


async def test_an_answer_that_breaks_off_is_a_failed_response(chat: ChatServer, thinking: Any) -> None:
    chat.script = [says("I am fine. "), says("And "), RuntimeError("cut")]
    async with thinking() as client:
        response = await ask(client)
    assert response["status"] == "failed"
    assert response["status_details"]["error"]["code"] == "mind_failed"
    assert response["output"][0]["content"][0]["transcript"].startswith("I am fine.")


async def test_a_server_that_does_not_stream_is_understood(chat: ChatServer, thinking: Any) -> None:
    chat.content_type = "application/json"
    chat.script = [json.dumps({"choices": [{"message": {"content": "<think>hm</think>Fine."}}]})]
    async with thinking(output_modalities=["text"]) as client:
        assert (await ask(client))["output"][0]["content"][0]["text"] == "Fine."


async def test_each_sentence_has_the_voice_of_its_language(
    chat: ChatServer, voice: Hum, thinking: Any
) -> None:
    chat.script = [says("Fine, thank you. はい、元気です。")]
    async with thinking() as client:
        await ask(client)
    assert voice.languages == ["en", "ja"]


async def test_breaking_in_ends_the_request(chat: ChatServer, thinking: Any) -> None:
    chat.script = [says("One. Two."), asyncio.Event()]
    async with thinking() as client:
        await client.say("Hello")
        await client.send("response.create")
        await client.until("response.output_audio.delta")
        await client.send("response.cancel")
        assert (await client.until("response.done"))["response"]["status"] == "cancelled"
        chat.script = [says("Fine.")]
        assert (await ask(client))["status"] == "completed"


@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "<th", "ink>", "</", "think", ">", "a", "b "]), max_size=12
    )
)
def test_what_is_thought_aloud_is_not_said_however_it_is_cut(pieces: list[str]) -> None:
    def said(parts: list[str]) -> str:
        answer = _Answer()
        out = [
            text
            for part in parts
            for text in answer.take({"choices": [{"delta": {"content": part}}]}, "delta")
        ]
        try:
            rest = [piece for piece in answer.rest() if isinstance(piece, str)]
        except MindError:
            rest = []
        return "".join(out + rest).strip()

    assert said(pieces) == said(["".join(pieces)])


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("はい。大丈夫です。", ["はい。", "大丈夫です。"]),
        ("It costs 3.5 dollars. Really? Yes", ["It costs 3.5 dollars. ", "Really? ", "Yes"]),
        ("Ask Mr. Smith. He knows.", ["Ask Mr. Smith. ", "He knows."]),
    ],
)
def test_sentences_are_found_in_pieces(text: str, sentences: list[str]) -> None:
    for size in (1, 2, 100):
        buffer = Sentences()
        found = [one for at in range(0, len(text), size) for one in buffer.add(text[at : at + size])]
        assert found + buffer.rest() == sentences


@given(st.text(max_size=80))
def test_no_sentence_is_lost(text: str) -> None:
    buffer = Sentences()
    found = [sentence for char in text for sentence in buffer.add(char)]
    assert "".join(found + buffer.rest()).split() == text.split()


def test_a_call_without_its_output_is_left_out() -> None:
    call = {"id": "1", "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    output = {"id": "2", "type": "function_call_output", "call_id": "c", "output": "x"}
    assert len(chat_messages("s", [call], {})) == 1
    assert [m["role"] for m in chat_messages("s", [call, output], {})] == ["system", "assistant", "tool"]


def test_spoken_words_are_part_of_the_history() -> None:
    item = {
        "id": "1",
        "type": "message",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }
    assert chat_messages("s", [item], {"1": "hello"})[1] == {"role": "user", "content": "hello"}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_model_knows_what_the_customer_knows(language: str) -> None:
    persona = choose(load_personas().values(), language)
    text = system_text(persona, "Be in a hurry.", language)
    assert persona.name in text
    assert persona.topics["stock"].answers[0].text in text
    assert "Be in a hurry." in text


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://h:1", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
        ("http://h/api/chat/completions", "http://h/api/chat/completions"),
    ],
)
def test_the_endpoint_follows_from_the_url(url: str, endpoint: str) -> None:
    assert MindOptions(url, "m").endpoint == endpoint


def test_the_key_comes_from_the_environment_or_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MIND_KEY_VARIABLE, KEY)
    options = read_mind("http://h", "m", None)
    assert options is not None
    assert options.key == KEY
    assert KEY not in repr(options)
    path = tmp_path / "key"
    path.write_text("other\n")
    path.chmod(0o644)
    with pytest.raises(OptionsError, match="chmod 600"):
        read_mind("http://h", "m", path)
    path.chmod(0o600)
    options = read_mind("http://h", "m", path)
    assert options is not None
    assert options.key == "other"


@pytest.mark.parametrize(
    ("url", "model", "says"),
    [
        ("h:1", "m", "begins with http"),
        ("http://[", "m", "begins with http"),
        ("http://u:p@h", "m", "no secrets"),
        ("http://h", None, "--mind-model"),
        (None, "m", "--mind URL"),
    ],
)
def test_what_cannot_be_used_is_refused(url: str | None, model: str | None, says: str) -> None:
    with pytest.raises(OptionsError, match=says):
        read_mind(url, model, None)


async def test_nothing_but_pieces_and_calls_come_out(chat: ChatServer) -> None:
    chat.script = [
        ": comment\n\n",
        says(""),
        says("a"),
        calls(name="f", arguments="not json"),
        "event: x\n\n",
    ]
    mind = Mind(MindOptions(chat.url, "m"))
    assert [piece async for piece in mind.stream([], [], "auto", None)] == ["a", ToolCall("f", "{}")]
    await mind.close()
