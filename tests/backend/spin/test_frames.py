"""What the relay reads in messages and writes into them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.spin.frames import (
    EventHead,
    FinishedTranscript,
    NotAnEvent,
    append_event,
    audio_bytes,
    error_event,
    finished_transcript,
    is_delta,
    read_event,
    read_head,
    type_for_log,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.binary(max_size=9000))
def test_an_append_event_is_json_that_holds_the_audio(pcm: bytes) -> None:
    event = append_event(pcm)
    assert base64.b64decode(json.loads(event)["audio"]) == pcm
    assert audio_bytes(read_head(event)) == len(pcm)


@settings(max_examples=500)
@given(st.text())
def test_any_text_is_an_event_or_refused(text: str) -> None:
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if is_object:
        read_head(text)
    else:
        with pytest.raises(NotAnEvent):
            read_head(text)


@given(st.lists(st.sampled_from(["\ud83d", "\ude00", "\U0001f600", "\\", "\\ud83d", "u", "在", '"'])))
def test_half_a_surrogate_pair_is_replaced_and_the_rest_stays(signs: list[str]) -> None:
    text = "".join(signs)
    head, event = read_event(json.dumps({"type": "x", "transcript": text}))
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two halves that meet are one
    assert head.transcript == whole
    assert json.loads(event)["transcript"] == whole


def test_an_event_goes_on_as_it_came() -> None:
    event = '{ "type":"x",  "emoji": "\\ud83d\\ude00", "path": "\\\\ud83d" }'
    assert read_event(event) == (EventHead(type="x"), event)


def test_what_is_no_event_is_refused_with_half_a_pair_in_it_too() -> None:
    with pytest.raises(NotAnEvent):
        read_event('["\\ud83d"]')


@settings(max_examples=500)
@given(st.dictionaries(st.sampled_from(["type", "transcript", "audio", "item_id", "other"]), JSON))
def test_any_object_is_an_event(event: dict[str, Any]) -> None:
    head = read_head(json.dumps(event))
    kind = event.get("type")
    assert head.type == (kind if isinstance(kind, str) else None)
    audio_bytes(head)
    finished_transcript(head)


def test_the_head_of_an_event() -> None:
    event = {
        "type": "response.output_audio_transcript.done",
        "transcript": " はい ",
        "event_id": "e",
        "item_id": "i",
    }
    assert read_head(json.dumps(event)) == EventHead(type=event["type"], transcript=" はい ")


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("conversation.item.input_audio_transcription.completed", "salesperson"),
        ("response.output_audio_transcript.done", "customer"),
        ("response.audio_transcript.done", "customer"),
    ],
)
def test_finished_transcripts(kind: str, role: Any) -> None:
    assert finished_transcript(EventHead(type=kind, transcript=" はい\n")) == FinishedTranscript(role, "はい")
    assert finished_transcript(EventHead(type=kind, transcript="は\0い\0")) == FinishedTranscript(
        role, "はい"
    )
    assert finished_transcript(EventHead(type=kind, transcript=" \n")) is None
    assert finished_transcript(EventHead(type=kind, transcript=" \0 ")) is None
    assert finished_transcript(EventHead(type=kind)) is None


def test_other_events_finish_nothing() -> None:
    assert finished_transcript(EventHead(type="response.output_text.done", transcript="x")) is None


def test_deltas() -> None:
    assert is_delta("response.output_audio.delta")
    assert not is_delta("response.done")
    assert not is_delta(None)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("session.update", "session.update"),
        (None, "None"),
        ("x\n2026-01-01 INFO forged\x1b[31m\u2028", "x?2026-01-01 INFO forged?[31m?"),
        ("長" * 1000, "長" * 80),
    ],
    ids=["plain", "none", "forged line", "long"],
)
def test_a_type_writes_no_lines_of_its_own_into_the_log(kind: str | None, shown: str) -> None:
    assert type_for_log(kind) == shown


def test_error_events() -> None:
    event = json.loads(
        error_event("connection_error", "つながりません", "upstream_closed", upstream_code=1000)
    )
    assert event == {
        "type": "error",
        "error": {
            "type": "connection_error", "message": "つながりません", "code": "upstream_closed", "upstream_code": 1000,
        },
    }  # fmt: skip
