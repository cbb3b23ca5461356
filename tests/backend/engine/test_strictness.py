"""What OpenAI refuses is refused here, with the code and the field; ``--lenient`` lets it pass."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from backend.engine.options import EngineOptions
from backend.engine.protocol import ProtocolError
from backend.engine.server import serving
from backend.engine.session import new_session, updated
from backend.engine.session_schema import SESSION
from backend.engine.transcription import NoTranscriber

PNG = "data:image/png;base64,iVBORw0KGgo="


def transcription(**fields: Any) -> dict[str, Any]:
    return {"audio": {"input": {"transcription": fields}}}


def function(**fields: Any) -> dict[str, Any]:
    return {"type": "function", "name": "f", **fields}


def mcp(**fields: Any) -> dict[str, Any]:
    return {"type": "mcp", "server_label": "stock", "server_url": "https://mcp.example", **fields}


SESSIONS = [
    (transcription(model="whisper-9"), "invalid_value", "audio.input.transcription.model"),
    (transcription(language="Japanese"), "invalid_value", "audio.input.transcription.language"),
    (transcription(language="ja-JP"), "invalid_value", "audio.input.transcription.language"),
    (transcription(language="JA"), "invalid_value", "audio.input.transcription.language"),
    (transcription(language=""), "invalid_value", "audio.input.transcription.language"),
    (transcription(languages=["ja", "x"]), "invalid_value", "audio.input.transcription.languages[1]"),
    (transcription(delay="soon"), "invalid_value", "audio.input.transcription.delay"),
    ({"audio": {"input": {"turn_detection": {"threshold": 0.4}}}}, "missing_required_parameter",
     "audio.input.turn_detection.type"),
    ({"reasoning": {"effort": "huge"}}, "invalid_value", "reasoning.effort"),
    ({"reasoning": {"budget": 1}}, "unknown_parameter", "reasoning.budget"),
    ({"tools": [function(name="look up")]}, "invalid_value", "tools[0].name"),
    ({"tools": [function(name="")]}, "invalid_value", "tools[0].name"),
    ({"tools": [function(name="x" * 65)]}, "string_above_max_length", "tools[0].name"),
    ({"tools": [function(), function()]}, "invalid_value", "tools[1].name"),
    ({"tools": [function(strict=True)]}, "unknown_parameter", "tools[0].strict"),
    ({"tools": [function(parameters={"type": "string"})]}, "invalid_function_parameters", "tools[0].parameters"),
    ({"tools": [function(parameters={"type": None})]}, "invalid_function_parameters", "tools[0].parameters"),
    ({"tools": [function(parameters={"type": "object", "properties": []})]}, "invalid_function_parameters",
     "tools[0].parameters"),
    ({"tools": [function(parameters={"properties": {"a": "string"}})]}, "invalid_function_parameters",
     "tools[0].parameters"),
    ({"tools": [function(parameters={"required": "a"})]}, "invalid_function_parameters", "tools[0].parameters"),
    ({"tools": [mcp(server_url="")]}, "missing_required_parameter", "tools[0].server_url"),
    ({"tools": [{"type": "mcp", "server_label": "stock"}]}, "missing_required_parameter", "tools[0].server_url"),
    ({"tools": [mcp(), mcp()]}, "invalid_value", "tools[1].server_label"),
    ({"tools": [mcp(url="x")]}, "unknown_parameter", "tools[0].url"),
    ({"tools": [function()], "tool_choice": {"type": "function", "name": "f", "function": {}}},
     "unknown_parameter", "tool_choice.function"),
    ({"prompt": {"version": "2"}}, "missing_required_parameter", "prompt.id"),
    ({"prompt": {"id": "pmpt_1", "text": "x"}}, "unknown_parameter", "prompt.text"),
    ({"tracing": {"name": "x"}}, "unknown_parameter", "tracing.name"),
    ({"truncation": {"type": "retention_ratio", "retention_ratio": 0.5, "max": 1}}, "unknown_parameter",
     "truncation.max"),
]  # fmt: skip


def user(*content: Any, **fields: Any) -> dict[str, Any]:
    parts = list(content) or [{"type": "input_text", "text": "x"}]
    return {"type": "message", "role": "user", "content": parts, **fields}


ITEMS: list[tuple[dict[str, Any], str, str | None]] = [
    (user(name="x"), "unknown_parameter", "item.name"),
    (user({"type": "input_text", "text": "x", "lang": "ja"}), "unknown_parameter", "item.content[0].lang"),
    (user(id="i" * 33), "string_above_max_length", "item.id"),
    (user({"type": "input_text", "text": "x" * 256_001}), "string_above_max_length", "item.content[0].text"),
    (user({"type": "input_image", "image_url": "https://x.example/a.png"}), "invalid_value",
     "item.content[0].image_url"),
    (user({"type": "input_image", "image_url": "data:text/html;base64,eA=="}), "invalid_value",
     "item.content[0].image_url"),
    ({"type": "function_call", "name": "f", "arguments": "{}", "call_id": "call/1"}, "invalid_value", "item.call_id"),
    ({"type": "function_call_output", "call_id": "call_nobody", "output": "1"}, "invalid_tool_call_id", None),
    ({"type": "mcp_approval_response", "approval_request_id": "a", "approve": True, "by": "me"}, "unknown_parameter",
     "item.by"),
]  # fmt: skip


@pytest.fixture
async def lenient_url() -> AsyncIterator[str]:
    async with serving(EngineOptions(port=0, pace=200.0, lenient=True), NoTranscriber("off")) as url:
        yield url


def found(event: Any) -> tuple[str, str | None]:
    assert event["type"] == "error", event
    assert event["error"]["type"] == "invalid_request_error"
    return event["error"]["code"], event["error"]["param"]


@pytest.mark.parametrize(("patch", "code", "param"), SESSIONS)
async def test_a_session(client: Any, patch: dict[str, Any], code: str, param: str) -> None:
    await client.send("session.update", session={"type": "realtime", **patch})
    assert found(await client.receive()) == (code, f"session.{param}")
    if "audio" not in patch:  # a response has no input
        if any(key in patch for key in ("tracing", "truncation")):
            return
        await client.send("response.create", response=patch)
        assert found(await client.receive()) == (code, f"response.{param}")


@pytest.mark.parametrize("patch", [patch for patch, _, _ in SESSIONS])
def test_a_session_where_ease_is_wanted(patch: dict[str, Any]) -> None:
    merged = updated(new_session("m"), {"type": "realtime", **patch}, begun=False, strict=False)
    assert merged["type"] == "realtime"


@pytest.mark.parametrize(("item", "code", "param"), ITEMS)
async def test_an_item(client: Any, item: dict[str, Any], code: str, param: str | None) -> None:
    await client.send("conversation.item.create", item=item)
    assert found(await client.receive()) == (code, param)
    if code != "invalid_tool_call_id":
        await client.send("response.create", response={"input": [item], "conversation": "none"})
        given = None if param is None else param.replace("item", "response.input[0]", 1)
        assert found(await client.receive()) == (code, given)


@pytest.mark.parametrize("item", [item for item, _, _ in ITEMS])
async def test_an_item_where_ease_is_wanted(lenient_url: str, dial: Any, item: dict[str, Any]) -> None:
    async with dial(lenient_url) as client:
        await client.send("conversation.item.create", item=item)
        await client.until("conversation.item.done")


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ({"type": "input_audio_buffer.commit", "item_id": "x"}, "unknown_parameter", "item_id"),
        ({"type": "response.create", "model": "m"}, "unknown_parameter", "model"),
        ({"type": "response.create", "response": []}, "invalid_type", "response"),
        ({"type": "response.cancel", "response_id": 7}, "invalid_type", "response_id"),
        ({"type": "conversation.item.create", "item": user(), "previous_item_id": 7}, "invalid_type",
         "previous_item_id"),
        ({"type": "conversation.item.create", "item": [], }, "invalid_type", "item"),
        ({"type": "conversation.item.truncate", "item_id": "x", "content_index": True, "audio_end_ms": 0},
         "invalid_type", "content_index"),
        ({"type": "input_audio_buffer.clear", "event_id": 7}, "invalid_type", "event_id"),
        ({"type": "input_audio_buffer.clear", "event_id": "e" * 513}, "string_above_max_length", "event_id"),
    ],
)  # fmt: skip
async def test_an_event(client: Any, message: dict[str, Any], code: str, param: str) -> None:
    await client.socket.send(json.dumps(message))
    assert found(await client.receive()) == (code, param)


async def test_an_unknown_event_and_no_json_have_the_codes_that_were_seen(client: Any) -> None:
    await client.socket.send('{"type": "nope"}')
    assert found(await client.receive()) == ("invalid_value", "type")
    await client.socket.send("{")
    assert found(await client.receive()) == ("invalid_json", None)


async def test_the_voice_of_a_response_is_locked_as_the_sessions_is(client: Any) -> None:
    async def respond(voice: str) -> Any:
        await client.send("response.create", response={"audio": {"output": {"voice": voice}}})
        while (event := await client.receive())["type"] not in ("rate_limits.updated", "error"):
            pass
        return event

    assert (await respond("cedar"))["type"] == "rate_limits.updated"
    assert (await respond("cedar"))["type"] == "rate_limits.updated"
    assert found(await respond("ash")) == ("cannot_update_voice", "response.audio.output.voice")


async def refusal(url: str, **options: Any) -> tuple[str, int, str]:
    async with connect(url, **options) as socket:
        error = json.loads(await socket.recv())["error"]
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    return error["code"], closed.value.rcvd.code, closed.value.rcvd.reason


async def test_a_model_has_to_be_named_but_not_to_listen(engine_url: str, lenient_url: str) -> None:
    missing = ("missing_model", 4000, "invalid_request_error.missing_model")
    assert await refusal(engine_url) == missing
    assert await refusal(f"{engine_url}?model=") == missing
    superfluous = f"{engine_url}?intent=transcription&model=whisper-1"
    assert await refusal(superfluous) == ("invalid_model", 4000, "invalid_request_error.invalid_model")
    for url in (
        f"{engine_url}?intent=transcription",
        lenient_url,
        f"{lenient_url}?intent=transcription&model=m",
    ):
        async with connect(url) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"


async def test_subprotocols_that_nobody_knows_are_refused(engine_url: str, lenient_url: str) -> None:
    def offer(*names: str) -> list[Subprotocol]:
        return [Subprotocol(name) for name in ("realtime", *names)]

    url = f"{engine_url}?model=m"
    assert (await refusal(url, subprotocols=offer("mqtt")))[:2] == ("invalid_value", 4000)
    beta = offer("openai-insecure-api-key.x", "openai-beta.realtime-v1")
    assert (await refusal(url, subprotocols=beta))[:2] == ("beta_api_shape_disabled", 4000)
    known = offer(
        "openai-insecure-api-key.x", "openai-organization.o", "openai-project.p", "openai-agents-sdk.1"
    )
    for address, names in ((url, known), (f"{lenient_url}?model=m", offer("mqtt"))):
        async with connect(address, subprotocols=names) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"
            assert socket.subprotocol == "realtime"


async def test_mcp_servers_are_asked_once_and_do_not_answer(client: Any) -> None:
    for _ in range(2):
        await client.configure(tools=[function(), mcp(require_approval="never")])
    await client.say("x")
    await client.until("conversation.item.done")  # of the listing
    listing = [event for event in client.events if event.get("item", {}).get("type") == "mcp_list_tools"]
    assert [event["type"] for event in listing] == ["conversation.item.added", "conversation.item.done"]
    kinds = client.types()
    assert kinds.index("mcp_list_tools.in_progress") < kinds.index("mcp_list_tools.failed")
    assert listing[0]["item"]["server_label"] == "stock"
    await client.send("response.create", response={"tools": [mcp(server_label="other")]})
    await client.until("mcp_list_tools.failed")
    await client.until("response.done")


MCP_ITEMS = [
    {"type": "mcp_approval_request", "id": "a", "server_label": "s", "name": "f", "arguments": "{}"},
    {"type": "mcp_approval_response", "id": "b", "approval_request_id": "a", "approve": True},
    {"type": "mcp_list_tools", "id": "c", "server_label": "s", "tools": [{"name": "f", "input_schema": {}}]},
    {"type": "mcp_call", "id": "d", "server_label": "s", "name": "f", "arguments": "{}", "output": "1"},
]


async def test_what_belongs_to_mcp_may_be_restored(client: Any) -> None:
    for item in MCP_ITEMS:
        await client.send("conversation.item.create", item=item)
        assert (await client.until("conversation.item.done"))["item"] == item
    await client.send("response.create")
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_a_session_that_is_shown_may_be_sent_back(client: Any) -> None:
    """Clients read ``session.created``, change a field, and send the rest along."""
    session = client.events[0]["session"]
    for name in ("object", "id", "expires_at"):
        del session[name]
    await client.send("session.update", session=session)
    assert (await client.until("session.updated"))["session"]["instructions"] == session["instructions"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 5_000) | st.sampled_from(["auto", "function", "mcp", "ja", "f", ""]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["type", "name", "server_label", "parameters", "id", "input", "output", "transcription",
                         "language", "turn_detection", "effort", "other"]),
        inner, max_size=3,
    ),
    max_leaves=10,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*SESSION.fields, "other"]), json_values, max_size=3))
@settings(max_examples=300)
def test_whatever_the_strict_take_the_lenient_take_alike(patch: dict[str, Any]) -> None:
    session, patch = new_session("gpt-realtime"), {**patch, "type": "realtime"}
    try:
        merged = updated(session, patch, begun=False)
    except ProtocolError as error:
        assert error.param is not None
        assert error.param.startswith("session")
        return
    assert updated(session, patch, begun=False, strict=False) == merged
