"""Whatever a client sends, in whatever order: the session answers, in events that OpenAI's own types accept."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect

from backend.engine.options import EngineOptions
from backend.engine.server import serving
from backend.engine.transcription import NoTranscriber

pytestmark = pytest.mark.slow

TIMEOUT_S = 10.0
# The clients take everything in (max_queue=None): one with a full queue would wait 10 s for its own close.
IDS = ("a", "b", "0123456789abcdef0123456789abcdef")
ids = st.sampled_from(IDS)
texts = st.sampled_from(["", "在庫はどう管理していますか", "How much is it?", "x" * 300])
noise = st.integers(0, 3).map(lambda n: base64.b64encode(bytes(range(256)) * 40 * n).decode())


def optional(**fields: Any) -> Any:
    return st.fixed_dictionaries({}, optional=fields)


turn_detection = st.none() | st.one_of(
    optional(
        type=st.just("server_vad"), threshold=st.floats(0, 1), silence_duration_ms=st.integers(0, 900),
        create_response=st.booleans(), interrupt_response=st.booleans(),
        idle_timeout_ms=st.none() | st.integers(5_000, 30_000),
    ),
    st.fixed_dictionaries(
        {"type": st.just("semantic_vad")}, optional={"eagerness": st.sampled_from(["low", "auto", "high"])}
    ),
)  # fmt: skip
formats = st.sampled_from(
    [{"type": "audio/pcm", "rate": 24_000}, {"type": "audio/pcmu"}, {"type": "audio/pcma"}]
)
tools = st.sampled_from([[], [{"type": "function", "name": "f", "parameters": {"type": "object"}}]])
sessions = optional(
    instructions=texts,
    output_modalities=st.sampled_from([["audio"], ["text"]]),
    tools=tools,
    tool_choice=st.sampled_from(["auto", "none", "required"]),
    max_output_tokens=st.sampled_from(["inf", 1, 4_096]),
    tracing=st.none() | st.just("auto"),
    audio=optional(
        input=optional(
            format=formats,
            transcription=st.none()
            | optional(model=st.just("whisper-1"), language=st.sampled_from(["ja", "en"])),
            noise_reduction=st.none() | st.just({"type": "near_field"}),
            turn_detection=turn_detection,
        ),
        output=optional(format=formats, speed=st.floats(0.25, 1.5)),
    ),
).map(lambda session: {**session, "type": "realtime"})
contents = st.one_of(
    st.tuples(st.just("user"), st.builds(lambda text: [{"type": "input_text", "text": text}], texts)),
    st.tuples(st.just("user"), st.builds(lambda audio: [{"type": "input_audio", "audio": audio}], noise)),
    st.tuples(st.just("system"), st.builds(lambda text: [{"type": "input_text", "text": text}], texts)),
    st.tuples(st.just("assistant"), st.builds(lambda text: [{"type": "output_text", "text": text}], texts)),
)
items = st.one_of(
    st.builds(
        lambda content, named: {"type": "message", "role": content[0], "content": content[1], **named},
        contents,
        optional(id=ids),
    ),
    st.just({"type": "function_call", "name": "f", "call_id": "call_1", "arguments": "{}"}),
    st.just({"type": "function_call_output", "call_id": "call_1", "output": "1"}),
)
responses = optional(
    instructions=texts,
    output_modalities=st.sampled_from([["audio"], ["text"]]),
    conversation=st.sampled_from(["auto", "none"]),
    metadata=st.none() | st.just({"k": "v"}),
    tools=tools,
    tool_choice=st.sampled_from(["auto", "none", "required"]),
    max_output_tokens=st.sampled_from(["inf", 30]),
    input=st.lists(items, max_size=2),
)


def event(kind: str, **fields: Any) -> Any:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


events = st.one_of(
    event("session.update", session=sessions),
    event("input_audio_buffer.append", audio=noise),
    event("input_audio_buffer.commit"),
    event("input_audio_buffer.clear"),
    event("conversation.item.create", item=items),
    event("conversation.item.create", item=items, previous_item_id=ids | st.just("root")),
    event("conversation.item.retrieve", item_id=ids),
    event(
        "conversation.item.truncate", item_id=ids, content_index=st.just(0), audio_end_ms=st.integers(0, 900)
    ),
    event("conversation.item.delete", item_id=ids),
    event("response.create", response=responses),
    event("response.create"),
    event("response.cancel"),
    event("output_audio_buffer.clear"),
)


async def answers(socket: ClientConnection) -> list[Any]:
    """Everything up to the answer to a last question."""
    await socket.send(json.dumps({"type": "conversation.item.retrieve", "item_id": "?", "event_id": "last"}))
    found: list[Any] = []
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            found.append(json.loads(await socket.recv()))
            if found[-1]["type"] == "error" and found[-1]["error"]["event_id"] == "last":
                return found


@given(st.lists(events, min_size=1, max_size=12))
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_valid_events_leave_the_session_answering(given_events: list[dict[str, Any]]) -> None:
    async def converse() -> None:
        async with (
            serving(EngineOptions(port=0, pace=10_000.0), NoTranscriber("off")) as url,
            connect(f"{url}?model=gpt-realtime", max_size=None, max_queue=None) as socket,
        ):
            for number, sent in enumerate(given_events):
                await socket.send(json.dumps({**sent, "event_id": f"e{number}"}))
            for found in await answers(socket):
                assert found["type"] != "error" or found["error"]["type"] == "invalid_request_error", found

    asyncio.run(converse())


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=8), st.booleans())
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_as_a_message_are_an_error_each(messages: list[bytes], as_text: bool) -> None:
    async def converse() -> None:
        async with (
            serving(EngineOptions(port=0), NoTranscriber("off")) as url,
            connect(f"{url}?model=gpt-realtime", max_size=None, max_queue=None) as socket,
        ):
            for message in messages:
                await socket.send(message, text=as_text)
            kinds = [found["type"] for found in await answers(socket)]
            assert kinds == ["session.created"] + ["error"] * (len(messages) + 1)

    asyncio.run(converse())
