from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from api_client import events as ev
from api_client.events import decode_event

PCM = b"\x01\x00\xff\x7f\x00\x80"
FORMAT = {"type": "audio/pcm", "rate": 24_000}
VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200}
SESSION = {
    "type": "realtime",
    "object": "realtime.session",
    "id": "sess_A",
    "model": "gpt-realtime",
    "expires_at": 1_800_000_000,
    "output_modalities": ["audio"],
    "instructions": "",
    "tools": [],
    "tool_choice": "auto",
    "truncation": "auto",
    "prompt": None,
    "tracing": None,
    "audio": {
        "input": {
            "format": FORMAT,
            "noise_reduction": None,
            "transcription": {"model": "whisper-1", "language": None, "prompt": None},
            "turn_detection": {
                **VAD,
                "create_response": True,
                "interrupt_response": True,
                "idle_timeout_ms": None,
            },
        },
        "output": {"format": FORMAT, "voice": "marin", "speed": 1.0},
    },
}
BETA_SESSION = {
    "id": "sess_B",
    "object": "realtime.session",
    "model": "gpt-4o-realtime-preview",
    "modalities": ["audio", "text"],
    "voice": "alloy",
    "input_audio_format": "pcm16",
    "input_audio_transcription": {"model": "whisper-1"},
    "turn_detection": VAD,
}
STUB = {"type": "session.created", "session": {"id": "new", "user": "admin"}}
USER_ITEM = {
    "id": "item_U1",
    "object": "realtime.item",
    "type": "message",
    "role": "user",
    "status": "completed",
    "content": [{"type": "input_audio", "transcript": None}],
}
CUSTOMER_ITEM = {
    "id": "item_A1",
    "type": "message",
    "role": "assistant",
    "status": "in_progress",
    "content": [],
}
SPOKEN = {
    **CUSTOMER_ITEM,
    "status": "completed",
    "content": [{"type": "output_audio", "transcript": "はい。"}],
}
PART = {"response_id": "resp_1", "item_id": "item_A1", "output_index": 0, "content_index": 0}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "realtime.response",
    "status": "in_progress",
    "output": [],
    "usage": None,
}
USAGE = {
    "total_tokens": 30,
    "input_tokens": 20,
    "output_tokens": 10,
    "input_token_details": {"text_tokens": 5, "audio_tokens": 15, "cached_tokens": 0},
    "output_token_details": {"text_tokens": 3, "audio_tokens": 7},
}
TRANSCRIPTION = "conversation.item.input_audio_transcription"

# A spoken turn in the recorded order (realtime-protocol, section 16), with what each must decode to.
SPOKEN_TURN: list[tuple[dict[str, Any], type]] = [
    ({"type": "session.created", "session": SESSION}, ev.SessionCreated),
    ({"type": "session.updated", "session": SESSION}, ev.SessionUpdated),
    (
        {"type": "input_audio_buffer.speech_started", "audio_start_ms": 640, "item_id": "item_U1"},
        ev.SpeechStarted,
    ),
    (
        {"type": f"{TRANSCRIPTION}.delta", "item_id": "item_U1", "content_index": 0, "delta": "電気"},
        ev.InputTranscriptionDelta,
    ),
    (
        {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 2480, "item_id": "item_U1"},
        ev.SpeechStopped,
    ),
    (
        {"type": "input_audio_buffer.committed", "item_id": "item_U1", "previous_item_id": None},
        ev.InputAudioCommitted,
    ),
    ({"type": "conversation.item.added", "previous_item_id": None, "item": USER_ITEM}, ev.ItemAdded),
    ({"type": "conversation.item.done", "previous_item_id": None, "item": USER_ITEM}, ev.ItemDone),
    ({"type": "response.created", "response": RESPONSE}, ev.ResponseCreated),
    (
        {
            "type": "response.output_item.added",
            "response_id": "resp_1",
            "output_index": 0,
            "item": CUSTOMER_ITEM,
        },
        ev.OutputItemAdded,
    ),
    (
        {"type": "conversation.item.added", "previous_item_id": "item_U1", "item": CUSTOMER_ITEM},
        ev.ItemAdded,
    ),
    (
        {"type": "response.content_part.added", **PART, "part": {"type": "audio", "transcript": ""}},
        ev.ContentPartAdded,
    ),
    (
        {"type": "response.output_audio_transcript.delta", **PART, "delta": "はい。", "obfuscation": "x9"},
        ev.OutputTranscriptDelta,
    ),
    (
        {"type": "response.output_audio.delta", **PART, "delta": base64.b64encode(PCM).decode()},
        ev.OutputAudioDelta,
    ),
    (
        {
            "type": f"{TRANSCRIPTION}.completed",
            "item_id": "item_U1",
            "content_index": 0,
            "transcript": "電気をつけて。",
            "usage": {"type": "duration", "seconds": 2},
        },
        ev.InputTranscriptionCompleted,
    ),
    ({"type": "response.output_audio.done", **PART}, ev.OutputAudioDone),
    (
        {"type": "response.output_audio_transcript.done", **PART, "transcript": "はい。"},
        ev.OutputTranscriptDone,
    ),
    (
        {"type": "response.content_part.done", **PART, "part": {"type": "audio", "transcript": "はい。"}},
        ev.ContentPartDone,
    ),
    ({"type": "conversation.item.done", "previous_item_id": None, "item": SPOKEN}, ev.ItemDone),
    (
        {"type": "response.output_item.done", "response_id": "resp_1", "output_index": 0, "item": SPOKEN},
        ev.OutputItemDone,
    ),
    (
        {
            "type": "response.done",
            "response": {**RESPONSE, "status": "completed", "output": [SPOKEN], "usage": USAGE},
        },
        ev.ResponseDone,
    ),
    (
        {
            "type": "rate_limits.updated",
            "rate_limits": [{"name": "tokens", "limit": 40_000, "remaining": 39_000, "reset_seconds": 1.5}],
        },
        ev.RateLimitsUpdated,
    ),
]


def _wire(event: dict[str, Any]) -> str:
    return json.dumps({"event_id": "event_1", **event}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("sent", "kind"), SPOKEN_TURN, ids=lambda value: value["type"] if isinstance(value, dict) else ""
)
def test_a_spoken_turn_decodes_event_by_event(sent: dict[str, Any], kind: type) -> None:
    # The example is one: OpenAI's own schema accepts it.
    TypeAdapter(RealtimeServerEvent).validate_python({"event_id": "event_1", **sent})
    event = decode_event(_wire(sent))
    assert type(event) is kind
    assert (event.type, event.wire_type) == (sent["type"], sent["type"])


def test_what_the_console_needs_is_in_the_events() -> None:
    decoded = [decode_event(_wire(sent)) for sent, _ in SPOKEN_TURN]
    by_type = {event.type: event for event in decoded}
    audio, done = by_type["response.output_audio.delta"], by_type["response.done"]
    assert isinstance(audio, ev.OutputAudioDelta)
    assert (audio.delta, audio.item_id, audio.response_id) == (PCM, "item_A1", "resp_1")
    assert isinstance(done, ev.ResponseDone)
    assert (done.response.id, done.response.status) == ("resp_1", "completed")
    user = by_type[f"{TRANSCRIPTION}.completed"]
    assert isinstance(user, ev.InputTranscriptionCompleted)
    assert user.transcript == "電気をつけて。"


@pytest.mark.parametrize(
    ("beta", "ga", "rest"),
    [
        ("response.audio.delta", "response.output_audio.delta", {"delta": base64.b64encode(PCM).decode()}),
        ("response.audio.done", "response.output_audio.done", {}),
        ("response.audio_transcript.delta", "response.output_audio_transcript.delta", {"delta": "は"}),
        ("response.audio_transcript.done", "response.output_audio_transcript.done", {"transcript": "はい"}),
        ("response.text.delta", "response.output_text.delta", {"delta": "は"}),
        ("response.text.done", "response.output_text.done", {"text": "はい"}),
        (
            "conversation.item.created",
            "conversation.item.added",
            {"previous_item_id": None, "item": USER_ITEM},
        ),
    ],
)
def test_beta_names_give_the_ga_event(beta: str, ga: str, rest: dict[str, Any]) -> None:
    old, new = (
        decode_event(_wire({"type": beta, **PART, **rest})),
        decode_event(_wire({"type": ga, **PART, **rest})),
    )
    assert isinstance(old, type(new))
    assert (old.type, old.wire_type) == (ga, beta)
    fields = getattr(new, "__struct_fields__", ())
    assert fields
    assert all(getattr(old, name) == getattr(new, name) for name in fields)


def test_the_first_session_created_is_the_relays_and_tells_no_dialect() -> None:
    stub, ga = (
        decode_event(json.dumps(STUB)),
        decode_event(_wire({"type": "session.created", "session": SESSION})),
    )
    beta = decode_event(_wire({"type": "session.created", "session": BETA_SESSION}))
    assert isinstance(stub, ev.SessionCreated)
    assert isinstance(ga, ev.SessionCreated)
    assert isinstance(beta, ev.SessionCreated)
    assert [event.dialect for event in (stub, ga, beta)] == [None, "ga", "beta"]
    assert [event.is_relay_stub for event in (stub, ga, beta)] == [True, False, False]
    assert ga.session.model == "gpt-realtime"
    assert [_silence_ms(event) for event in (stub, ga, beta)] == [None, 200, 200]


def _silence_ms(event: ev.SessionCreated | ev.SessionUpdated) -> float | None:
    detection = event.session.turn_detection
    return None if detection is None else detection.silence_duration_ms


def test_turn_detection_may_be_semantic_or_off() -> None:
    for vad in (None, {"type": "semantic_vad", "eagerness": "auto"}):
        session = {"type": "realtime", "audio": {"input": {"turn_detection": vad}}}
        event = decode_event(_wire({"type": "session.updated", "session": session}))
        assert isinstance(event, ev.SessionUpdated)
        assert _silence_ms(event) is None


@pytest.mark.parametrize(
    "sent",
    [
        {"type": "response.done", "response": {"id": "r", "usage": {"total_tokens": 1.5}, "output": [{}]}},
        {
            "type": "session.updated",
            "session": {"type": "realtime", "voice": {"id": "v"}, "expires_at": "soon"},
        },
        {"type": "rate_limits.updated", "rate_limits": {}},
        {"type": "input_audio_buffer.speech_started", "item_id": "u", "audio_start_ms": 640.5},
        {"type": "session.updated", "session": {"turn_detection": {"silence_duration_ms": 500.0}}},
        {"type": "conversation.item.added", "item": {"id": "f", "arguments": {}, "output": []}},
        {"type": "response.content_part.added", "part": None, "content_index": "0"},
    ],
    ids=lambda sent: sent["type"],
)
def test_odd_fields_cost_nothing(sent: dict[str, Any]) -> None:
    assert decode_event(_wire(sent)).type == sent["type"]
    assert not isinstance(decode_event(_wire(sent)), ev.MalformedEvent)


def _delta(delta: str) -> dict[str, Any]:
    return {"type": "response.output_audio.delta", "delta": delta}


def _done(**response: Any) -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": "r1", "status": "failed", **response}}


def _item(content: Any) -> dict[str, Any]:
    return {"type": "conversation.item.added", "item": {"id": "x", "role": "user", "content": content}}


def _session(session: Any) -> dict[str, Any]:
    return {"type": "session.updated", "session": session}


TRANSCRIPTION = "conversation.item.input_audio_transcription"


@pytest.mark.parametrize(
    ("sent", "read", "expected"),
    [
        ({"error": {"code": 429, "message": "slow"}}, lambda e: (e.code, e.message), ("429", "slow")),
        ({"error": {"message": {"text": "no"}}}, lambda e: e.message, "no"),
        ({"error": {"message": {"why": 1}}}, lambda e: e.message, '{"why":1}'),
        ({"error": ["no", 1]}, lambda e: e.message, '["no",1]'),
        (
            {"code": "insufficient_quota", "message": "m"},
            lambda e: (e.code, e.message),
            ("insufficient_quota", "m"),
        ),
        ({"code": 429, "message": None}, lambda e: (e.code, e.message), ("429", "")),
        (_done(status_details="boom"), lambda e: e.response.status_details.error.message, "boom"),
        (
            _done(status_details={"error": "boom"}),
            lambda e: e.response.status_details.error.message,
            "boom",
        ),
        (
            _done(status_details={"error": {"code": 500, "message": "boom"}}),
            lambda e: (e.response.status, e.response.status_details.error.code),
            ("failed", "500"),
        ),
        ({"type": "response.created"}, lambda e: e.response.id, ""),
        ({"type": "response.created", "response_id": "r1"}, lambda e: e.response.id, "r1"),
        ({"type": "response.created", "response": None}, lambda e: e.response.id, ""),
        (_item("hello"), lambda e: e.item.text, "hello"),
        (_item(["he", {"text": "llo"}]), lambda e: e.item.text, "hello"),
        (_item([{"type": "input_text", "text": {"value": "hello"}}]), lambda e: e.item.text, "hello"),
        (
            {"type": "conversation.item.added", "item": {"id": 5}},
            lambda e: e.item.id,
            "5",
        ),
        ({"type": f"{TRANSCRIPTION}.failed", "item_id": "u", "error": "no"}, lambda e: e.error.message, "no"),
        ({"type": f"{TRANSCRIPTION}.failed", "item_id": "u", "error": None}, lambda e: e.error.message, None),
        (
            {"type": f"{TRANSCRIPTION}.completed", "item_id": "u", "transcript": None},
            lambda e: (e.item_id, e.transcript),
            ("u", ""),
        ),
        (
            {"type": "input_audio_buffer.speech_started", "item_id": "u"},
            lambda e: (e.item_id, e.audio_start_ms),
            ("u", None),
        ),
        (
            {"type": "input_audio_buffer.speech_started", "audio_start_ms": "10"},
            lambda e: (e.item_id, e.audio_start_ms),
            ("", 10),
        ),
        (_delta("AAECAw-_"), lambda e: e.delta, b"\0\1\2\3\x0f\xbf"),
        (_delta("AAE"), lambda e: e.delta, b"\0\1"),
        (_delta("AAEC\nAAEC"), lambda e: e.delta, b"\0\1\2" * 2),
        (_session(None), lambda e: e.dialect, None),
        (_session({"type": "realtime", "audio": {"input": None}}), lambda e: e.dialect, "ga"),
        (
            _session({"type": "realtime", "audio": {"input": {"turn_detection": "server_vad"}}}),
            lambda e: e.session.turn_detection.silence_duration_ms,
            None,
        ),
        (
            _session({"audio": {"input": {"turn_detection": {"silence_duration_ms": "500"}}}}),
            lambda e: e.session.turn_detection.silence_duration_ms,
            500,
        ),
        (_session({"model": 5}), lambda e: e.session.model, "5"),
        ({"type": "session.created"}, lambda e: e.dialect, None),
    ],
)
def test_one_odd_field_costs_itself_only(
    sent: dict[str, Any], read: Callable[[Any], Any], expected: Any
) -> None:
    event = decode_event(json.dumps({"type": "error", **sent}))
    assert event.type == sent.get("type", "error")
    assert read(event) == expected


def test_parts_of_an_answer_are_told_apart() -> None:
    for sent in (
        {"type": "response.content_part.done", "part": {"type": "audio", "transcript": "後半"}},
        {"type": "response.output_audio_transcript.done", "transcript": "後半"},
        {"type": "response.audio_transcript.done", "transcript": "後半"},
    ):
        event = decode_event(json.dumps({**sent, "item_id": "a1", "output_index": 1, "content_index": 2}))
        assert isinstance(event, (ev.ContentPartDone, ev.OutputTranscriptDone))
        assert (event.item_id, event.output_index, event.content_index) == ("a1", 1, 2)
    unnamed = decode_event(json.dumps(_delta("AAEC")))
    assert isinstance(unnamed, ev.OutputAudioDelta)
    assert (unnamed.item_id, unnamed.response_id, unnamed.content_index) == ("", "", 0)


@pytest.mark.parametrize(
    ("error", "code", "error_type", "message"),
    [
        ({"type": "connection_error", "message": "no upstream"}, None, "connection_error", "no upstream"),
        (
            {
                "type": "invalid_request_error",
                "code": "invalid_value",
                "message": "m",
                "param": "p",
                "event_id": "e",
            },
            "invalid_value",
            "invalid_request_error",
            "m",
        ),
        ({"type": "server_error", "code": None, "message": "m", "param": None}, None, "server_error", "m"),
        ("just words", None, None, "just words"),
        (None, None, None, ""),
    ],
)
def test_errors_of_openai_and_of_the_relay(
    error: Any, code: str | None, error_type: str | None, message: str
) -> None:
    event = decode_event(json.dumps({"type": "error", "error": error}))
    assert isinstance(event, ev.ErrorEvent)
    assert (event.code, event.error_type, event.message) == (code, error_type, message)


def test_a_failed_response_says_why() -> None:
    details = {
        "type": "failed",
        "error": {"type": "server_error", "code": "rate_limit_exceeded", "message": "m"},
    }
    failed = {**RESPONSE, "status": "failed", "status_details": details}
    event = decode_event(_wire({"type": "response.done", "response": failed}))
    assert isinstance(event, ev.ResponseDone)
    assert event.response.status_details is not None
    assert event.response.status_details.error is not None
    assert event.response.status_details.error.code == "rate_limit_exceeded"


def test_an_unknown_event_is_kept_whole() -> None:
    raw = '{"type": "response.mood.delta", "mood": "上機嫌"}'
    assert decode_event(raw) == ev.UnknownEvent(type="response.mood.delta", raw=raw.encode())


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("{", ""),
        ("[]", ""),
        ("{}", ""),
        ('{"type": 3}', ""),
        ("null", ""),
        ("\ud800", ""),
        ('{"type":"error","x":' + "[" * 100_000, ""),
        ('{"type":"response.output_audio.delta","delta":"not base64!"}', "response.output_audio.delta"),
        ('{"type":"conversation.item.deleted"}', "conversation.item.deleted"),
    ],
)
def test_broken_messages_are_values_with_a_reason(message: str, name: str) -> None:
    event = decode_event(message)
    assert isinstance(event, ev.MalformedEvent)
    assert event.type == name
    assert event.reason
    assert event.raw


@settings(max_examples=500)
@given(st.one_of(st.binary(max_size=300), st.text(st.characters(), max_size=300)))
def test_no_message_raises(message: bytes | str) -> None:
    assert decode_event(message) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500)
@given(st.sampled_from([sent for sent, _ in SPOKEN_TURN]), st.data())
def test_no_odd_field_raises_or_hides_the_type(sent: dict[str, Any], data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(sent)))
    changed = {**sent, field: data.draw(JSON)}
    event = decode_event(json.dumps(changed))
    if field != "type":
        assert event.type == sent["type"]
        # What an event is about must be readable; anything else may be odd.
        assert not isinstance(event, ev.MalformedEvent) or field in {"item_id", "item", "delta"}
