"""The session object: defaults, deep merge, errors that name the field."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.protocol import ProtocolError
from backend.engine.session import DEFAULT_INSTRUCTIONS, language_of, new_session, updated


def update(session: dict[str, Any], **patch: Any) -> dict[str, Any]:
    return updated(session, {"type": "realtime", **patch}, begun=False, locked_voice=None)


@pytest.mark.parametrize(
    ("model", "voice", "silence_ms"), [("gpt-realtime", "alloy", 200), ("gpt-realtime-2.1", "marin", 500)]
)
def test_each_model_has_its_own_defaults(model: str, voice: str, silence_ms: int) -> None:
    session = new_session(model)
    assert session["audio"]["output"]["voice"] == voice
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == silence_ms


def test_absent_stays_null_is_off_and_empty_clears() -> None:
    session = update(new_session("m"), instructions="x", tools=[{"type": "function", "name": "f"}])
    session = update(session, audio={"input": {"turn_detection": None}}, instructions="")
    assert session["audio"]["input"]["turn_detection"] is None
    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}
    assert session["instructions"] == ""
    assert session["tools"][0]["name"] == "f"
    assert update(session, tools=[])["tools"] == []


def test_turn_detection_is_filled_in() -> None:
    session = update(
        new_session("m"), audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}}
    )
    detection = session["audio"]["input"]["turn_detection"]
    assert (detection["threshold"], detection["prefix_padding_ms"], detection["create_response"]) == (
        0.7,
        300,
        True,
    )
    session = update(session, audio={"input": {"turn_detection": {"type": "semantic_vad"}}})
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }


def test_the_old_session_is_left_alone() -> None:
    session = new_session("m")
    before = copy.deepcopy(session)
    update(session, audio={"output": {"voice": "ash"}, "input": {"transcription": {"model": "whisper-1"}}})
    assert session == before


@pytest.mark.parametrize(
    ("patch", "code", "param"),
    [
        ({"temperature": 0.8}, "unknown_parameter", "session.temperature"),
        ({"audio": {"input": {"vad": 1}}}, "unknown_parameter", "session.audio.input.vad"),
        ({"audio": []}, "invalid_type", "session.audio"),
        ({"model": "other"}, "invalid_value", "session.model"),
        ({"max_output_tokens": 0}, "invalid_value", "session.max_output_tokens"),
        ({"max_output_tokens": True}, "invalid_type", "session.max_output_tokens"),
        ({"audio": {"output": {"speed": 2}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"voice": "nobody"}}}, "invalid_value", "session.audio.output.voice"),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "eagerness": "low"}}}},
            "unknown_parameter",
            "session.audio.input.turn_detection.eagerness",
        ),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"type": "live"}, "invalid_value", "session.type"),
    ],
)
def test_an_unacceptable_field_is_named(patch: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        update(new_session("m"), **patch)
    assert (refused.value.code, refused.value.param) == (code, param)


@given(
    st.dictionaries(
        st.sampled_from(
            ["instructions", "tools", "audio", "output_modalities", "truncation", "tracing", "prompt"]
        ),
        st.none()
        | st.booleans()
        | st.text(max_size=5)
        | st.lists(st.text(max_size=3), max_size=2)
        | st.dictionaries(
            st.sampled_from(["input", "output", "type"]), st.none() | st.integers() | st.just({})
        ),
    )
)
def test_any_patch_gives_a_whole_session_or_a_protocol_error(patch: dict[str, Any]) -> None:
    session = new_session("m")
    try:
        merged = update(session, **patch)
    except ProtocolError as error:
        assert error.param is not None
        assert error.param.startswith("session")
    else:
        assert merged.keys() >= session.keys()
        assert merged["audio"]["input"].keys() >= session["audio"]["input"].keys()


def test_the_language_is_the_transcriptions_else_the_instructions() -> None:
    session = new_session("m")
    assert session["instructions"] == DEFAULT_INSTRUCTIONS
    assert language_of(session) is None
    assert language_of(update(session, instructions="あなたは購買部長です。")) == "ja"
    assert language_of(update(session, instructions="You are a buyer.")) == "en"
    transcription = {"model": "whisper-1", "language": "en"}
    session = update(
        session, instructions="あなたは購買部長です。", audio={"input": {"transcription": transcription}}
    )
    assert language_of(session) == "en"


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-realtime-2.1"])
@pytest.mark.parametrize("kind", ["realtime", "transcription"])
@pytest.mark.parametrize("by_update", [True, False])
def test_turn_detection_comes_back_as_it_was(model: str, kind: str, by_update: bool) -> None:
    session = new_session(model, kind="realtime" if by_update else kind)
    session = updated(session, {"type": kind}, begun=False, locked_voice=None)
    created = session["audio"]["input"]["turn_detection"]
    for detection in (None, {"type": "server_vad"}):
        patch = {"type": kind, "audio": {"input": {"turn_detection": detection}}}
        session = updated(session, patch, begun=False, locked_voice=None)
    assert session["audio"]["input"]["turn_detection"] == created
