"""Tokens, rate limits, and the list of items: values in, values out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.items import Conversation, client_item
from backend.engine.protocol import ProtocolError
from backend.engine.request import within_limit
from backend.engine.usage import RateLimit, input_tokens, text_tokens


def message(item_id: str, role: str = "user") -> dict[str, object]:
    kind = "output_audio" if role == "assistant" else "input_audio"
    content = [{"type": kind, "transcript": "言葉"}]
    return {"id": item_id, "type": "message", "role": role, "status": "completed", "content": content}


def test_audio_counts_100_ms_in_and_50_ms_out() -> None:
    conversation = Conversation()
    conversation.add(message("u"))
    conversation.append_audio("u", bytes(2_000 * 48))
    assert input_tokens(conversation, "") == (0, 20)
    conversation.add(message("a", "assistant"))
    conversation.append_audio("a", bytes(2_000 * 48))
    assert input_tokens(conversation, "") == (0, 60)


def test_text_is_counted_by_script() -> None:
    assert text_tokens("在庫管理") == 4
    assert text_tokens("inventory") == 3
    assert text_tokens("") == 0


def test_the_rate_limit_counts_down_and_stays_at_nothing() -> None:
    limit = RateLimit()
    assert limit.spend(1_000)["remaining"] == 39_000
    assert limit.spend(100_000)["remaining"] == 0


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([None, "root", *"abcdefgh"]))))
def test_items_are_where_they_were_put(wanted: list[tuple[str, str | None]]) -> None:
    conversation = Conversation()
    expected: list[str] = []
    for item_id, after in wanted:
        impossible = item_id in expected or (after not in (None, "root") and after not in expected)
        if impossible:
            with pytest.raises(ProtocolError):
                conversation.add(message(item_id), after)
            continue
        position = len(expected) if after is None else 0 if after == "root" else expected.index(after) + 1
        expected.insert(position, item_id)
        assert conversation.add(message(item_id), after) == (expected[position - 1] if position else None)
    assert [item["id"] for item in conversation.in_order()] == expected


def test_a_deleted_item_takes_its_audio_along() -> None:
    conversation = Conversation()
    conversation.add(message("u"))
    conversation.append_audio("u", bytes(480))
    conversation.delete("u")
    assert conversation.audio_ms("u") == 0
    assert conversation.last_id is None


def test_what_a_client_may_not_create_is_refused() -> None:
    for item, param in (
        ({"type": "message", "role": "tool", "content": [{}]}, "item.role"),
        ({"type": "message", "role": "user", "content": []}, "item.content"),
        (
            {"type": "message", "role": "user", "content": [{"type": "output_text", "text": "x"}]},
            "item.content[0].type",
        ),
        ({"type": "function_call_output", "output": "x"}, "item.call_id"),
        ({"type": "dance"}, "item.type"),
    ):
        with pytest.raises(ProtocolError) as refused:
            client_item(item)
        assert refused.value.param == param


@given(st.text(min_size=1, max_size=40), st.integers(1, 400), st.integers(1, 4_096))
def test_an_answer_is_cut_only_where_it_must_be(text: str, length: int, tokens: int) -> None:
    pcm = bytes(length * 50 * 48)
    kept_text, kept, cut = within_limit(text, pcm, tokens)
    assert len(kept) == min(length, tokens) * 50 * 48
    assert cut == (tokens < length)
    assert text.startswith(kept_text)
    assert cut or kept_text == text


@given(st.text(alphabet="在庫ab ", max_size=30), st.integers(1, 12))
def test_words_are_cut_to_the_tokens_allowed(text: str, tokens: int) -> None:
    kept, _, cut = within_limit(text, b"", tokens)
    assert text.startswith(kept)
    assert text_tokens(kept) <= tokens
    assert cut == (kept != text)
    assert not cut or text_tokens(text[: len(kept) + 1]) > tokens
