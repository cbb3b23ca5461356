"""What a new connection makes of the one that was lost: order, ids, answers that were owed, speech that was cut."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from relay.commands import Interrupt, Reconnect
from relay.conversation import ConversationState, fold
from relay.stream import (
    Connection,
    Item,
    Notice,
    Playback,
    Problem,
    ProtocolEvent,
    Response,
    SourceState,
    Step,
    Transcript,
)
from tests.relay.fake_salesmind import FakeSalesMind, Socket
from tests.relay.held_conversation import Hold

LOUD = b"\x00\x20" * 960


def order(run: Any) -> list[str]:
    return [turn.item_id for turn in fold(ConversationState(), run.events).turns]


async def question(
    salesmind: FakeSalesMind, socket: Socket, item_id: str, text: str | None, after: str | None
) -> None:
    await socket.send("input_audio_buffer.committed", item_id=item_id, previous_item_id=after)
    item = {"id": item_id, "type": "message", "role": "user", "content": [{"type": "input_audio"}]}
    await socket.send(salesmind.item_event, item=item, previous_item_id=after)
    if text is not None:
        kind = "conversation.item.input_audio_transcription.completed"
        await socket.send(kind, item_id=item_id, transcript=text)


async def lose(run: Any, salesmind: FakeSalesMind, number: int = 1) -> Socket:
    """Cut the connection; gives the next one when its gate is open."""
    (await salesmind.socket(number)).ws.transport.abort()
    await run.until(Step, step="gate_open", count=number + 1)
    return await salesmind.socket(number + 1)


@pytest.mark.parametrize("last", ["cut answer", "interrupted answer", "unheard question", "failed question"])
async def test_the_transcript_stays_in_the_order_in_which_things_were_said(
    salesmind: FakeSalesMind, hold: Hold, last: str
) -> None:
    salesmind.ignore = {"response.create"}
    salesmind.chains = True
    run = hold()
    await run.until(Step, step="gate_open")
    first = await salesmind.socket()
    await question(salesmind, first, "u1", "質問1", None)
    await salesmind.respond(first, "r1", "a1", "回答1", after="u1")
    expected = ["u1", "a1", "u2"]
    if "answer" in last:
        await question(salesmind, first, "u2", "質問2", "a1")
        await salesmind.begin_answer(first, "r2", "a2", after="u2", ms=2_000)
        expected.append("a2")
        await run.until(Playback, item_id="a2", state="started")
        if "interrupted" in last:
            await first.send("response.output_audio_transcript.delta", item_id="a2", delta="回答2です")
            await run.until(Transcript, item_id="a2")
            run.command(Interrupt())
            await run.until(Playback, item_id="a2", state="interrupted")
    else:
        await question(salesmind, first, "u2", None, "a1")
        if "failed" in last:
            kind = "conversation.item.input_audio_transcription.failed"
            await first.send(kind, item_id="u2", error={"code": "x", "message": "no"})
    await run.until(Item, item_id="u2")
    second = await lose(run, salesmind)
    await question(salesmind, second, "u3", "質問3", salesmind.newest(second))
    await salesmind.respond(second, "r3", "a3", "回答3", after="u3")
    await run.until(Transcript, item_id="a3", final=True)
    await run.stop()
    assert order(run) == [*expected, "u3", "a3"]


async def test_ids_that_a_server_uses_again_are_other_turns(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    first = await salesmind.socket()
    await question(salesmind, first, "item_1", "はじめまして", None)
    await run.until(Transcript, item_id="item_1", final=True)
    second = await lose(run, salesmind)
    await question(salesmind, second, "item_1", "聞こえますか", None)
    await run.until(Transcript, text="聞こえますか")
    summary = await run.stop()
    assert summary.user_transcripts == ["はじめまして", "聞こえますか"]


async def test_an_answer_of_the_lost_connection_is_not_truncated_on_the_new_one(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    await salesmind.respond(await salesmind.socket(), "r1", "a1", "長い回答です", ms=8_000)
    await run.until(Playback, item_id="a1", state="started")
    await run.until(Transcript, item_id="a1", final=True)
    second = await lose(run, salesmind)
    await run.until(ProtocolEvent, type=salesmind.item_event, direction="in", connection=2)
    run.command(Interrupt())
    cut = await run.until(Playback, item_id="a1", state="interrupted")
    await salesmind.respond(second, "r2", "a2", "はい")
    await run.until(Transcript, item_id="a2", final=True)
    await run.stop()
    assert cut.heard_ms > 0
    assert not second.of("conversation.item.truncate")


async def test_a_spoken_question_whose_answer_was_cut_is_answered(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    first = await salesmind.socket()
    await question(salesmind, first, "u1", "価格はいくらですか", None)
    await salesmind.begin_answer(first, "r1", "a1", after="u1", ms=200)
    await run.until(Response, response_id="r1")
    second = await lose(run, salesmind)
    await second.until_text("response.create")
    await run.until(Transcript, text="はい、承知しました。", final=True)
    await run.stop()
    told = [text["item"]["content"][0]["text"] for text in second.of("conversation.item.create")]
    assert told == ["価格はいくらですか"]
    assert len(second.of("response.create")) == 1


@pytest.mark.parametrize("how", ["answered", "interrupted"])
async def test_what_was_answered_or_stopped_is_not_asked_for_again(
    salesmind: FakeSalesMind, hold: Hold, how: str
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    first = await salesmind.socket()
    await question(salesmind, first, "u1", "価格はいくらですか", None)
    await salesmind.begin_answer(first, "r1", "a1", after="u1", ms=400)
    await run.until(Playback, item_id="a1", state="started")
    if how == "answered":
        await salesmind.end_answer(first, "r1", "a1", "月額で3万円です")
        await run.until(Response, response_id="r1", state="done")
    else:
        run.command(Interrupt())
        await run.until(Playback, item_id="a1", state="interrupted")
    second = await lose(run, salesmind)
    await second.until(lambda: len(second.audio) > 0)
    await salesmind.respond(second, "r2", "a2", "はい")
    await run.until(Transcript, item_id="a2", final=True)
    await run.stop()
    assert not second.of("response.create")


class Caller:
    """A live source whose speech the test decides on."""

    def __init__(self) -> None:
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Server | None = None

    async def start(self) -> str:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return f"tcp:127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    async def _connected(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def say(self, pcm: bytes) -> None:
        assert self._writer is not None
        self._writer.write(pcm)
        await self._writer.drain()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._listener is not None:
            self._listener.close()


@pytest.mark.parametrize("comes_back", [True, False])
async def test_speech_without_a_connection_is_kept(
    salesmind: FakeSalesMind, hold: Hold, monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    caller = Caller()
    run = hold(source=await caller.start())
    await run.until(Step, step="gate_open")
    await run.until(SourceState, state="opened")
    salesmind.refuse_status = 503
    (await salesmind.socket()).ws.transport.abort()
    await run.until(Connection, state="retrying")
    await caller.say(LOUD * 25)  # a second of speech
    uplink = LOUD[:2]
    await run.until(Step, step="connecting", count=3)
    if comes_back:
        salesmind.refuse_status = None
        second = await salesmind.socket(2)
        await caller.say(bytes(len(LOUD)) * 5)
        await second.until(lambda: second.audio.count(uplink) >= 24_000)
        notice = await run.until(Notice, code="speech_sent_late")
    await run.stop()
    caller.close()
    if comes_back:
        assert float(notice.params["missed"]) == pytest.approx(1.0, abs=0.1)
    else:
        notice = run.of(Notice, code="speech_not_sent")[0]
        assert float(notice.params["seconds"]) == pytest.approx(1.0, abs=0.1)


async def test_reconnecting_in_silence_sends_nothing_again(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    run.command(Reconnect())
    await run.until(Step, step="gate_open", connection=2)
    await run.stop()
    assert not run.of(Notice)
    assert not run.of(Problem)
