"""An existing SalesMind server reports what happened to its upstream, and never closes the socket itself."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any

import pytest

from api_client.events import ErrorEvent, decode_event
from relay.commands import Say
from relay.link.server_errors import ServerErrors
from relay.output import Output
from relay.stream import Connection, Notice, Problem, Step, StreamEvent, Transcript
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Hold


def error(code: str, words: str = "the upstream said so", **more: Any) -> dict[str, Any]:
    return {"type": "invalid_request_error", "code": code, "message": words, **more}


@pytest.mark.parametrize("code", ["insufficient_quota", "beta_api_shape_disabled", "invalid_api_key"])
async def test_a_fatal_error_ends_it_at_once(salesmind: FakeSalesMind, hold: Hold, code: str) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    began = time.monotonic()
    await (await salesmind.socket()).send("error", error=error(code))
    summary = await run.ended()
    assert time.monotonic() - began < 3
    assert [(problem.code, problem.fatal) for problem in summary.errors] == [(code, True)]
    assert summary.errors[0].params["said"] == "the upstream said so"
    assert run.of(Connection)[-1].reason == code
    assert (summary.exit_code, len(salesmind.sockets)) == (3, 1)


async def test_a_fatal_error_before_the_gate_opens_is_the_last_word(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    """What such a server meets today: OpenAI refuses its beta shape, and session.update is never answered."""
    salesmind.upstream_created = False
    salesmind.ignore = {"session.update"}
    run = hold()
    await (await salesmind.socket()).send("error", error=error("beta_api_shape_disabled"))
    summary = await run.ended()
    assert [problem.code for problem in summary.errors] == ["beta_api_shape_disabled"]
    assert (summary.exit_code, len(salesmind.sockets)) == (3, 1)


async def test_the_gravest_of_several_errors_decides(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await socket.ws.send('{"type":"error","error":{"type":"connection_error","message":"gone"}}')
    await socket.send("error", error=error("insufficient_quota"))
    summary = await run.ended()
    assert [problem.code for problem in summary.errors] == ["connection_error", "insufficient_quota"]
    assert run.of(Connection, state="given_up")[0].reason == "insufficient_quota"
    assert summary.exit_code == 3


@pytest.mark.parametrize("closes", [True, False])
async def test_an_expired_session_is_made_anew_and_said_once(
    salesmind: FakeSalesMind, hold: Hold, closes: bool
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await socket.send("error", error=error("session_expired"))
    await socket.send("error", error=error("session_expired"))
    if closes:
        await socket.ws.close(4008)
    await run.until(Connection, state="restored")
    summary = await run.stop()
    assert [(problem.code, problem.fatal) for problem in summary.errors] == [("session_expired", False)]
    assert (summary.reconnects, summary.exit_code) == (1, 0)


def test_an_error_in_answer_to_a_probe_can_be_the_end() -> None:
    told: list[StreamEvent] = []
    errors = ServerErrors(Output(told.append))
    for number, code in enumerate(("item_retrieve_invalid_item_id", "session_expired")):
        errors.expect(f"probe_{number}")
        answer = decode_event(json.dumps({"type": "error", "error": error(code, event_id=f"probe_{number}")}))
        assert isinstance(answer, ErrorEvent)
        errors.handle(answer, 1.0)
    assert [event.code for event in told if isinstance(event, Problem)] == ["session_expired"]
    assert errors.verdict is not None


@pytest.mark.parametrize("status", [500, 502, 503, 507, 408, 421, 425, 429])
async def test_a_passing_refusal_is_waited_out_where_a_conversation_was_held(
    salesmind: FakeSalesMind, hold: Hold, status: int
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    salesmind.refuse_status = HTTPStatus(status)
    (await salesmind.socket()).ws.transport.abort()
    await run.until(Connection, state="retrying", count=2)
    salesmind.refuse_status = None
    await run.until(Connection, state="restored")
    summary = await run.stop()
    assert not any(problem.fatal for problem in summary.errors)


@pytest.mark.parametrize("status", [403, 404, 501])
async def test_a_final_refusal_stays_final(salesmind: FakeSalesMind, hold: Hold, status: int) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    salesmind.refuse_status = HTTPStatus(status)
    (await salesmind.socket()).ws.transport.abort()
    summary = await run.ended()
    assert summary.errors[-1].fatal
    assert summary.exit_code == 3


async def test_the_pause_that_a_server_asks_for_is_kept(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    salesmind.refuse_status, salesmind.retry_after = 429, "3"
    (await salesmind.socket()).ws.transport.abort()
    refused = await run.until(Connection, state="retrying", reason="rate_limited")
    await run.stop()
    assert refused.delay_s == 3.0


async def test_a_typed_turn_that_crosses_an_answer_is_answered(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.ignore = {"response.create"}
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    run.command(Say(text="価格はいくらですか"))
    asked = await socket.until_text("response.create")
    # The server's VAD had begun an answer before it read ours.
    await salesmind.begin_answer(socket, "resp_vad", "item_vad")
    running = "conversation_already_has_active_response"
    await socket.send("error", error=error(running, event_id=asked["event_id"]))
    await run.until(Notice, code=running)
    salesmind.ignore = set()
    await salesmind.end_answer(socket, "resp_vad", "item_vad", "はい")
    await run.until(Transcript, item_id="item_typed", final=True)
    await run.stop()
    assert len(socket.of("response.create")) == 2


async def test_a_refused_request_does_not_block_later_turns(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.ignore = {"response.create"}
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    run.command(Say(text="一つ目"))
    asked = await socket.until_text("response.create")
    await socket.send("error", error=error("rate_limit_exceeded", event_id=asked["event_id"]))
    await run.until(Problem, code="rate_limit_exceeded")
    salesmind.ignore = set()
    run.command(Say(text="二つ目"))
    await run.until(Transcript, item_id="item_typed", final=True)
    await run.stop()


async def test_an_answer_whose_end_cannot_be_read_does_not_block_later_turns(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await salesmind.begin_answer(socket, "resp_1", "item_a")
    await socket.ws.send('{"type":"response.done","response":[1]}')
    run.command(Say(text="もう一つ"))
    await run.until(Transcript, item_id="item_typed", final=True)
    await run.stop()


async def test_an_answer_in_two_parts_is_whole(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await salesmind.begin_answer(socket, "resp_1", "item_a")
    for number, text in enumerate(("前半です。", "後半です。")):
        ids = {"response_id": "resp_1", "item_id": "item_a", "content_index": number}
        await socket.send("response.output_audio_transcript.done", transcript=text, **ids)
    await run.until(Transcript, item_id="item_a", final=True, count=2)
    summary = await run.stop()
    assert summary.assistant_transcripts == ["前半です。後半です。"]
