"""What a client types is stored once, and what it replays is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client.client_events import REPLAYED_PREFIX, encode, item_create_text
from backend.spin import typed_turns
from backend.spin.frames import FinishedTranscript, read_head
from backend.spin.typed_turns import UNCONFIRMED, TypedTurns
from relay.conversation_state import Turn
from relay.link.replay import Replay
from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Account


def item(text: Any, role: str = "user", kind: str = "input_text", **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}], **more}


def stored(*events: tuple[str, dict[str, Any]]) -> list[str]:
    """What is stored after these events: ``create`` goes up, any other comes down."""
    turns, texts = TypedTurns(), []
    for name, about in events:
        head = read_head(json.dumps({"type": f"conversation.item.{name}", "item": about}))
        if name == "create":
            turns.sent(head)
        elif found := turns.confirmed(head):
            assert found.role == "salesperson"
            texts.append(found.text)
    return texts


@pytest.mark.parametrize("confirmation", ["added", "created"])
def test_a_typed_turn_is_stored_when_it_is_confirmed(confirmation: str) -> None:
    assert stored(("create", item("値段は?"))) == []
    assert stored(
        ("create", item(" 値段は? ")),
        (confirmation, item(" 値段は? ", id="item_1")),
        ("done", item(" 値段は? ")),
    ) == ["値段は?"]


def test_each_is_stored_once() -> None:
    said = item("はい")
    assert (
        stored(("create", said), ("added", said), ("added", said), ("create", said), ("added", said))
        == ["はい"] * 2
    )


def test_the_upstream_may_choose_the_id_or_the_wording() -> None:
    assert stored(("create", item("a", id="mine")), ("added", item("a", id="its own"))) == ["a"]
    assert stored(("create", item("a  b", id="mine")), ("added", item("a b", id="mine"))) == ["a  b"]


@pytest.mark.parametrize(
    "other",
    [
        item("a", id=REPLAYED_PREFIX + "1"),
        item("a", role="system"),
        item("a", role="assistant", kind="output_text"),
        item("a", kind="input_audio"),
        item(" \0 "),
        item(5),
        {"role": "user", "content": "a"},
        {"role": "user"},
        {"role": 5},
    ],
)
def test_what_is_not_typed_just_now_is_not_stored(other: dict[str, Any]) -> None:
    assert stored(("create", other), ("added", other)) == []


def test_speech_confirms_nothing() -> None:
    assert stored(("create", item("a")), ("added", item("", kind="input_audio", id="speech"))) == []


def test_refused_turns_are_forgotten_in_the_end() -> None:
    refused = [("create", item(f"refused {number}")) for number in range(UNCONFIRMED)]
    assert stored(
        *refused, ("create", item("last")), ("added", item("refused 0")), ("added", item("last"))
    ) == ["last"]


ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(ANYTHING)
def test_any_item_is_survived(about: Any) -> None:
    for name in ("create", "added"):
        head = read_head(json.dumps({"type": f"conversation.item.{name}", "item": about}))
        turns = TypedTurns()
        turns.sent(head)
        turns.confirmed(head)


def test_our_client_marks_what_it_replays() -> None:
    assert typed_turns.REPLAYED_PREFIX == REPLAYED_PREFIX
    said = Turn(item_id="u1", role="user", text="はじめまして", final=True, at=0.0)
    turns = TypedTurns()
    for event in [*Replay([said]).events("ga"), item_create_text("値段は?")]:
        turns.sent(read_head(encode(event).decode()))
    for text in ("はじめまして", "値段は?"):
        found = turns.confirmed(
            read_head(json.dumps({"type": "conversation.item.added", "item": item(text)}))
        )
        assert found == (FinishedTranscript("salesperson", text) if text == "値段は?" else None)


async def test_typed_turns_stand_in_the_session_in_order(admin: Account, upstream: Upstream) -> None:
    async def answer(connection: Any) -> None:
        await connection.send('{"type": "session.created"}')
        async for message in connection:
            if (event := json.loads(message))["type"] == "conversation.item.create":
                await connection.send(json.dumps({"type": "conversation.item.added", "item": event["item"]}))
                done = {"type": "response.output_audio_transcript.done", "transcript": "答え"}
                await connection.send(json.dumps(done))

    upstream.handler = answer
    session_id = admin.start_session()
    async with admin.ready_relay(session_id) as client:
        for about in (item("前の話", id="replayed_1"), item("在庫でお困りですか")):
            await client.send({"type": "conversation.item.create", "item": about})
            await client.until("response.output_audio_transcript.done")
        session = await admin.session_when(session_id, lambda session: len(session["messages"]) == 3)
    assert [(message["role"], message["message"]) for message in session["messages"]] == [
        ("customer", "答え"),
        ("salesperson", "在庫でお困りですか"),
        ("customer", "答え"),
    ]
    assert admin.post("/api/session/finish/", json={"session_id": session_id}).status_code == 200
