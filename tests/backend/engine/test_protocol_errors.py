"""Whatever a client sends: an error event at worst, and the session goes on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backend.engine.options import EngineOptions
from backend.engine.server import serving
from backend.engine.transcription import NoTranscriber

AUDIO_ASSISTANT = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_audio", "transcript": "x"}],
}
TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ({}, "invalid_event", "type"),
        ({"type": "no.such.event"}, "invalid_value", "type"),
        ({"type": "transcription_session.update"}, "invalid_value", "type"),
        ({"type": "output_audio_buffer.clear"}, "invalid_value", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": {}}, "missing_required_parameter", "session.type"),
        (
            {"type": "session.update", "session": {"type": "realtime", "modalities": ["audio"]}},
            "unknown_parameter",
            "session.modalities",
        ),
        (
            {
                "type": "session.update",
                "session": {"type": "realtime", "audio": {"input": {"format": {"type": "x"}}}},
            },
            "invalid_value",
            "session.audio.input.format",
        ),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "???"}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "日本"}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty", None),
        ({"type": "conversation.item.create"}, "missing_required_parameter", "item"),
        ({"type": "conversation.item.create", "item": {}}, "missing_required_parameter", "item.type"),
        (
            {"type": "conversation.item.create", "item": AUDIO_ASSISTANT},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            {"type": "conversation.item.create", "item": TEXT, "previous_item_id": "nobody"},
            "item_create_invalid_previous_item_id",
            "previous_item_id",
        ),
        ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_retrieve_invalid_item_id", "item_id"),
        ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id", "item_id"),
        (
            {"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 1},
            "item_truncate_invalid_item_id",
            "item_id",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": -1},
            "invalid_value",
            "audio_end_ms",
        ),
        ({"type": "response.cancel"}, "response_cancel_not_active", None),
        (
            {"type": "response.create", "response": {"output_modalities": ["audio", "text"]}},
            "invalid_value",
            "response.output_modalities",
        ),
        (
            {"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "x"}]}},
            "invalid_value",
            "response.input[0].id",
        ),
    ],
)
async def test_each_mistake_has_its_error(
    client: Any, message: dict[str, Any], code: str, param: str | None
) -> None:
    await client.socket.send(json.dumps({**message, "event_id": "mine"}))
    event = await client.receive()
    assert event["type"] == "error"
    assert (event["error"]["code"], event["error"]["param"]) == (code, param)
    assert event["error"]["event_id"] == "mine"
    assert event["error"]["message"]
    await client.configure(instructions="still here")


async def test_a_second_response_names_the_running_one(slow_engine_url: str, dial: Any) -> None:
    async with dial(slow_engine_url) as client:
        await client.send("response.create")
        created = await client.until("response.created")
        await client.send("response.create")
        while (event := await client.receive())["type"] != "error":
            pass
        assert event["error"]["code"] == "conversation_already_has_active_response"
        assert created["response"]["id"] in event["error"]["message"]


async def test_an_item_id_is_the_clients_to_choose_but_only_once(client: Any) -> None:
    await client.say("x", id="0123456789abcdef0123456789abcdef")
    added = await client.until("conversation.item.done")
    assert added["item"]["id"] == "0123456789abcdef0123456789abcdef"
    await client.say("x", id="0123456789abcdef0123456789abcdef")
    assert (await client.receive())["error"]["code"] == "item_create_duplicate_item_id"


async def test_items_go_where_they_are_put(client: Any) -> None:
    await client.say("a", id="a")
    await client.say("b", id="b")
    item = {**TEXT, "id": "front"}
    await client.send("conversation.item.create", item=item, previous_item_id="root")
    await client.send("conversation.item.create", item={**TEXT, "id": "between"}, previous_item_id="a")
    found: dict[str, str | None] = {}
    while len(found) < 4:
        event = await client.until("conversation.item.added")
        found[event["item"]["id"]] = event["previous_item_id"]
    assert found == {"a": None, "b": "a", "front": None, "between": "a"}


async def test_a_text_item_cannot_be_truncated(client: Any) -> None:
    await client.say("x", id="a")
    await client.until("conversation.item.done")
    await client.send("conversation.item.truncate", item_id="a", content_index=0, audio_end_ms=0)
    assert (await client.receive())["error"]["code"] == "unsupported_content_type"


async def test_truncating_beyond_the_audio_names_both_lengths(client: Any) -> None:
    await client.send("response.create")
    item_id = (await client.until("response.done"))["response"]["output"][0]["id"]
    await client.until("rate_limits.updated")
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=900_000)
    error = (await client.receive())["error"]
    assert error["param"] == "audio_end_ms"
    assert "900000ms" in error["message"]


async def test_the_voice_is_locked_by_the_first_audio(client: Any) -> None:
    await client.configure(audio={"output": {"voice": "cedar"}})
    await client.send("response.create")
    await client.until("rate_limits.updated")
    await client.send("session.update", session={"type": "realtime", "audio": {"output": {"voice": "ash"}}})
    assert (await client.receive())["error"]["code"] == "cannot_update_voice"


async def test_the_beta_header_is_refused_as_openai_refuses_it(engine_url: str) -> None:
    async with connect(engine_url, additional_headers={"OpenAI-Beta": "realtime=v1"}) as socket:
        event = json.loads(await socket.recv())
        assert event["error"]["code"] == "beta_api_shape_disabled"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4000
    assert closed.value.rcvd.reason == "invalid_request_error.beta_api_shape_disabled"


async def test_any_other_path_is_not_found(engine_url: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(engine_url.replace("/v1/realtime", "/v1/other"))
    assert refused.value.response.status_code == 404


async def test_a_session_that_is_too_old_is_ended_with_a_word(
    transcriber: Any,
) -> None:
    options = EngineOptions(port=0, max_age_s=0.01)
    async with serving(options, transcriber) as url, connect(f"{url}?model=m") as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"
        assert json.loads(await socket.recv())["error"]["code"] == "session_expired"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_a_fault_of_ours_is_told_and_survived(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("backend.engine.connection.updated", broken)
        await client.send("session.update", session={"type": "realtime"}, event_id="mine")
        error = (await client.receive())["error"]
        assert (error["type"], error["event_id"]) == ("server_error", "mine")
        patch.setattr("backend.engine.responder.pcm_of", broken)
        await client.send("response.create")
        done = await client.until("response.done")
        assert done["response"]["status"] == "failed"
        assert done["response"]["status_details"]["error"]["code"] == "server_error"
    await client.send("response.create")
    assert (await client.until("response.done"))["response"]["status"] == "completed"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
client_types = st.sampled_from(
    [
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "input_audio_buffer.clear",
        "conversation.item.create",
        "conversation.item.retrieve",
        "conversation.item.truncate",
        "conversation.item.delete",
        "response.create",
        "response.cancel",
    ]
)
fields = st.sampled_from(["session", "item", "item_id", "audio", "response", "audio_end_ms", "content_index"])
events = st.builds(
    lambda kind, given: json.dumps({**given, "type": kind}).encode(),
    client_types,
    st.dictionaries(fields, json_values, max_size=4),
)


@given(st.lists(st.binary(max_size=60) | events, min_size=1, max_size=8), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_message_kills_the_session(messages: list[bytes], as_text: bool) -> None:
    async def converse() -> None:
        options = EngineOptions(port=0, pace=10_000.0)
        async with (
            serving(options, NoTranscriber("off")) as url,
            connect(f"{url}?model=gpt-realtime", max_size=None) as socket,
        ):
            for message in messages:
                await socket.send(message, text=as_text)
            await socket.send(
                json.dumps({"type": "conversation.item.retrieve", "item_id": "?", "event_id": "last"})
            )
            async with asyncio.timeout(10):
                while True:
                    event = json.loads(await socket.recv())
                    if event["type"] == "error":
                        assert event["error"]["type"] == "invalid_request_error", event
                        if event["error"]["event_id"] == "last":
                            break

    asyncio.run(converse())
