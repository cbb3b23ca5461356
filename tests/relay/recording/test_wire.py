"""Messages as they are recorded: any text, no secret, audio by reference."""

from __future__ import annotations

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.recording.wire import CUT, WireMessage, cut_secrets, decode, encode, without_audio

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=500)
@given(st.text() | JSON.map(json.dumps))
def test_any_text_becomes_a_line_that_is_read_back(text: str) -> None:
    event, pcm = without_audio(text, 0)
    kept = {"text": event} if isinstance(event, str) else {"event": event}
    message = WireMessage(t=1.0, direction="in", connection=1, size_bytes=len(text), **kept)
    assert decode(encode(message)) == message
    assert pcm == b""


@settings(max_examples=500)
@given(st.binary(max_size=300))
def test_audio_is_taken_out_in_whole_samples(data: bytes) -> None:
    text = json.dumps({"type": "response.audio.delta", "delta": base64.b64encode(data).decode()})
    event, pcm = without_audio(text, 77)
    assert pcm == data[: len(data) // 2 * 2]
    assert isinstance(event, dict)
    if pcm:
        assert event["delta"] == {"$audio": {"track": "received", "offset": 77, "samples": len(pcm) // 2}}


def test_the_text_of_other_deltas_stays() -> None:
    text = json.dumps({"type": "response.output_text.delta", "delta": "aGVsbG8="})
    assert without_audio(text, 0) == ({"type": "response.output_text.delta", "delta": "aGVsbG8="}, b"")


def test_secrets_are_cut_and_counts_of_tokens_are_not() -> None:
    event = {
        "session": {"client_secret": {"value": "ek"}, "Token": "t"},
        "usage": {"total_tokens": 7, "token": None},
    }
    assert cut_secrets(event) == {
        "session": {"client_secret": CUT, "Token": CUT},
        "usage": {"total_tokens": 7, "token": None},
    }
