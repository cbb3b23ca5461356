"""What goes wrong between relay and server, and what the relay makes of it."""

from __future__ import annotations

import functools
import time

import pytest

from relay.commands import ProvokeError, Reconnect, Say
from relay.link.reconnect import Backoff
from relay.link.watchdog import SilenceWatch
from relay.stream import (
    Connection,
    Meters,
    Notice,
    Playback,
    Problem,
    Response,
    Step,
    Transcript,
)
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Hold


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limits of a connection, short enough for a test."""
    watch = functools.partial(SilenceWatch, silent_after_s=0.4, idle_after_s=0.4, late_after_s=0.2)
    monkeypatch.setattr("relay.link.upstream_watch.SilenceWatch", watch)
    monkeypatch.setattr("relay.link.configuring.CREATED_WITHIN_S", 0.3)
    monkeypatch.setattr("relay.link.configuring.UPDATED_WITHIN_S", 0.3)
    monkeypatch.setattr("relay.link.configuring.NAMED_WITHIN_S", 0.1)
    monkeypatch.setattr("relay.link.upstream_watch._WATCH_EVERY_S", 0.05)
    monkeypatch.setattr("relay.link.connections.Backoff", lambda random: Backoff(random, 0.02, 0.05))


async def test_a_lost_connection_is_made_again_and_told_the_conversation(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    first = await salesmind.socket()
    await salesmind.hear(first, "item_u", "はじめまして")
    await salesmind.respond(first, "resp_1", "item_a", "こんにちは", after="item_u")
    await salesmind.begin_answer(first, "resp_2", "item_half", after="item_a")
    await run.until(Transcript, item_id="item_a", final=True)
    await run.until(Response, response_id="resp_2")
    first.ws.transport.abort()
    lost = await run.until(Connection, state="lost")
    await run.until(Connection, state="restored")
    await run.until(Step, step="gate_open", count=2)
    second = await salesmind.socket(2)
    await second.until(lambda: len(second.audio) > 0)
    await salesmind.hear(second, "item_u2", "聞こえますか")
    await run.until(Transcript, item_id="item_u2", final=True)
    summary = await run.stop()
    assert lost.close_code == 1006
    delay_s = run.of(Connection, state="retrying")[0].delay_s
    assert delay_s is not None and delay_s <= 0.25
    assert second.order[:3] == [
        "session.update",
        "conversation.item.create",
        "conversation.item.create",
    ]
    replayed = [text["item"] for text in second.of("conversation.item.create")]
    assert [(item["role"], item["content"]) for item in replayed] == [
        ("user", [{"type": "input_text", "text": "はじめまして"}]),
        ("assistant", [{"type": "output_text", "text": "こんにちは"}]),
    ]
    assert summary.reconnects == 1
    assert summary.connections == 2
    assert summary.session_updates_sent == 1
    assert summary.user_transcripts == ["はじめまして", "聞こえますか"]  # the replay's echo is no new turn
    assert summary.assistant_transcripts == ["こんにちは"]
    assert [problem.code for problem in summary.errors] == ["no_close_frame"]


async def test_reconnecting_by_hand(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    run.command(Reconnect())
    await run.until(Step, step="gate_open", connection=2)
    summary = await run.stop()
    assert (await salesmind.socket()).ws.close_code == 1000
    assert summary.reconnects == 1
    assert not summary.errors


async def test_a_bad_token_is_not_tried_again(salesmind: FakeSalesMind, hold: Hold) -> None:
    summary = await hold(token="ba" * 20).ended()
    assert [problem.code for problem in summary.errors] == ["not_authenticated"]
    assert summary.errors[0].fatal
    assert summary.exit_code == 3
    assert not salesmind.sockets


async def test_a_bad_token_at_the_socket_is_not_tried_again(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(token="ba" * 20, session_id=None)
    summary = await run.ended()
    assert [problem.code for problem in summary.errors] == ["realtime_bad_token"]
    assert summary.exit_code == 3
    assert run.of(Connection, state="given_up")
    assert not run.of(Connection, state="retrying")


async def test_an_unknown_session_is_not_tried_again(salesmind: FakeSalesMind, hold: Hold) -> None:
    summary = await hold(session_id="00000000-0000-4000-8000-000000000000").ended()
    assert [problem.code for problem in summary.errors] == ["not_found"]


async def test_a_server_that_is_not_there_is_said_soon(hold: Hold, impatient: None) -> None:
    run = hold(server_url="http://127.0.0.1:9", session_id=None)
    summary = await run.ended()
    assert summary.exit_code == 3
    assert {problem.code for problem in summary.errors} == {"server_unreachable"}
    assert len(run.of(Connection, state="retrying")) == 3
    assert summary.connections == 0


@pytest.mark.parametrize("code", ["insufficient_quota", "beta_api_shape_disabled", "invalid_api_key"])
async def test_hopeless_errors_end_it(salesmind: FakeSalesMind, hold: Hold, code: str) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await socket.send("error", error={"type": "invalid_request_error", "code": code, "message": "no"})
    await socket.ws.close(4000, f"invalid_request_error.{code}")
    summary = await run.ended()
    assert [(problem.code, problem.fatal) for problem in summary.errors] == [(code, True)]
    assert run.of(Connection, state="given_up")
    assert len(salesmind.sockets) == 1
    assert (summary.exit_code, summary.close_code) == (3, 4000)


async def test_an_upstream_that_cannot_be_reached_is_tried_again(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    salesmind.stub = salesmind.upstream_created = False
    run = hold()
    socket = await salesmind.socket()
    salesmind.stub = salesmind.upstream_created = True
    await socket.ws.send('{"type":"error","error":{"type":"connection_error","message":"upstream down"}}')
    await socket.ws.close(4002)
    await run.until(Step, step="gate_open")
    summary = await run.stop()
    assert [problem.code for problem in summary.errors] == ["connection_error"]
    assert summary.exit_code == 0


async def test_an_upstream_lost_in_silence_is_noticed(
    salesmind: FakeSalesMind, hold: Hold, impatient: None
) -> None:
    salesmind.ignore = {"conversation.item.retrieve"}
    run = hold(answer_within_s=0.5)
    await run.until(Notice, code="server_does_not_answer")
    notice = await run.until(Notice, code="server_silent")  # no ping was due in so short a time
    salesmind.ignore = set()
    await run.until(Connection, state="restored")
    first, second = await salesmind.socket(1), await salesmind.socket(2)
    await second.until_text("conversation.item.retrieve", 2)  # answered: the second connection stays
    summary = await run.stop()
    assert notice.params["seconds"]
    assert first.order.count("session.update") == 1
    assert summary.reconnects == 1


async def test_a_server_that_thinks_is_waited_for(
    salesmind: FakeSalesMind, hold: Hold, impatient: None
) -> None:
    salesmind.ignore = {"conversation.item.retrieve"}
    run = hold(answer_within_s=30)
    late = await run.until(Notice, code="server_does_not_answer")
    socket = await salesmind.socket()
    await salesmind.respond(socket, "resp_1", "item_a", "はい")
    await run.until(Transcript, item_id="item_a", final=True)
    summary = await run.stop()
    assert late.params["limit"] == "30"
    assert len(salesmind.sockets) == 1
    assert not summary.errors


async def test_a_quiet_upstream_that_answers_is_left_alone(
    salesmind: FakeSalesMind, hold: Hold, impatient: None
) -> None:
    run = hold()
    socket = await salesmind.socket()
    await socket.until_text("conversation.item.retrieve", 2)
    summary = await run.stop()
    assert not run.of(Notice)
    assert not summary.errors
    assert len(salesmind.sockets) == 1


async def test_a_server_that_knows_no_probe_is_not_left_again_and_again(
    salesmind: FakeSalesMind, hold: Hold, impatient: None
) -> None:
    salesmind.ignore = {"conversation.item.retrieve"}
    run = hold(answer_within_s=0.5)
    await run.until(Notice, code="server_silent", count=2)
    await run.until(Meters, count=len(run.of(Meters)) + 3)
    summary = await run.stop()
    assert len(salesmind.sockets) == 2
    assert summary.reconnects == 1


async def test_connection_error_on_text_means_a_lost_upstream(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.ignore = {"conversation.item.create", "response.create"}
    run = hold()
    await run.until(Step, step="gate_open")
    run.command(Say(text="もしもし"))
    socket = await salesmind.socket()
    await socket.until_text("conversation.item.create")
    await socket.ws.send('{"type":"error","error":{"type":"connection_error","message":"gone"}}')
    await run.until(Connection, state="restored")
    await run.stop()
    assert len(salesmind.sockets) == 2


async def test_what_was_typed_into_a_dead_connection_is_said_on_the_next(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    run.command(Say(text="はじめまして"))
    await run.until(Transcript, item_id="item_typed", final=True)
    salesmind.ignore = {"conversation.item.create", "response.create"}
    run.command(Say(text="聞こえますか"))
    first = await salesmind.socket()
    await first.until_text("conversation.item.create", 2)
    salesmind.ignore = set()
    first.ws.transport.abort()
    second = await salesmind.socket(2)
    await second.until_text("response.create")
    # The server counts its items anew on each connection; in the stream they stay apart.
    await run.until(Transcript, item_id="item_typed#2", final=True)
    summary = await run.stop()
    order = [name for name in second.order if name != "audio"]
    assert order == ["session.update", *["conversation.item.create"] * 3, "response.create"]
    said = [text["item"]["content"][0]["text"] for text in second.of("conversation.item.create")]
    assert said == ["はじめまして", "はい、承知しました。", "聞こえますか"]
    assert summary.user_transcripts == ["はじめまして", "聞こえますか"]


async def test_no_session_created(salesmind: FakeSalesMind, hold: Hold, impatient: None) -> None:
    salesmind.stub = salesmind.upstream_created = False
    summary = await hold().ended()
    assert {problem.code for problem in summary.errors} == {"session_created_timeout"}
    assert summary.exit_code == 4
    assert summary.session_updates_sent == 0


async def test_no_session_updated_no_audio(salesmind: FakeSalesMind, hold: Hold, impatient: None) -> None:
    salesmind.ignore = {"session.update"}
    summary = await hold(source="tone").ended()
    assert {problem.code for problem in summary.errors} == {"session_updated_timeout"}
    assert summary.exit_code == 4
    assert summary.chunks_sent == 0
    assert all(socket.order == ["session.update"] for socket in salesmind.sockets)


async def test_a_guessed_dialect_that_is_refused_is_changed(
    salesmind: FakeSalesMind, hold: Hold, impatient: None
) -> None:
    salesmind.upstream_created = False
    salesmind.update_errors = 1
    run = hold()
    await run.until(Step, step="gate_open")
    await run.stop()
    first, second = salesmind.sockets
    assert first.of("session.update")[0]["session"]["type"] == "realtime"
    assert "type" not in second.of("session.update")[0]["session"]
    assert first.order.count("session.update") == second.order.count("session.update") == 1


async def test_a_refused_update_in_the_named_dialect_ends_it(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.update_errors = 1
    summary = await hold().ended()
    assert [problem.code for problem in summary.errors] == ["invalid_value", "session_update_refused"]
    assert summary.chunks_sent == 0


async def test_a_response_refused_while_another_runs_is_asked_for_later(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    salesmind.ignore = {"response.create"}
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    run.command(Say(text="どうですか"))
    await socket.until_text("response.create")
    code = "conversation_already_has_active_response"
    await socket.send("error", error={"type": "invalid_request_error", "code": code, "message": "busy"})
    await run.until(Notice, code=code)
    await salesmind.respond(socket, "resp_vad", "item_vad", "はい")
    await socket.until_text("response.create", 2)
    await run.stop()


async def test_a_failed_response_is_a_problem(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    error = {"type": "server_error", "code": "rate_limit_exceeded", "message": "slow down"}
    response = {"id": "resp_1", "status": "failed", "status_details": {"type": "failed", "error": error}}
    await socket.send("response.done", response=response)
    problem = await run.until(Problem)
    await run.stop()
    assert (problem.code, problem.fatal) == ("rate_limit_exceeded", False)


async def test_answers_without_ids_are_played_and_shown(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await socket.send("response.created", response={"id": "resp_1"})
    await socket.ws.send(b"\x00\x10" * 2_400)  # some relays pass answer audio as binary
    await socket.send("response.audio_transcript.done", transcript="はい")
    await socket.send("response.done", response={"id": "resp_1", "status": "completed"})
    finished = await run.until(Playback, state="finished")
    summary = await run.stop()
    assert finished.heard_ms == 100
    assert summary.assistant_transcripts == ["はい"]


async def test_a_server_that_ends_the_conversation_has_ended_it(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    await (await salesmind.socket()).ws.close(1000)
    summary = await run.ended()
    assert run.of(Notice, code="closed_by_server")
    assert not summary.errors
    assert (summary.exit_code, summary.close_code) == (0, 1000)
    assert summary.realtime_mode.after is False


@pytest.mark.parametrize("when", ["at once", "while dialling", "while waiting to try again"])
async def test_it_can_be_stopped_at_any_time(
    salesmind: FakeSalesMind, hold: Hold, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    if when == "while waiting to try again":
        monkeypatch.setattr("relay.link.connections.Backoff", lambda random: Backoff(random, 60.0, 60.0))
        salesmind.refuse_status = 503
        run = hold()
        await run.until(Connection, state="retrying")
    elif when == "while dialling":
        run = hold()
        await run.until(Step, step="connecting")
    else:
        run = hold()
    began = time.monotonic()
    summary = await run.stop()
    assert time.monotonic() - began < 5
    assert summary.exit_code == 0
    assert run.events[-1] is summary


async def test_a_provoked_error_changes_nothing(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    run.command(ProvokeError())
    socket = await salesmind.socket()
    truncate = await socket.until_text("conversation.item.truncate")
    error = {"type": "invalid_request_error", "code": "x", "message": "no", "event_id": truncate["event_id"]}
    await socket.send("error", error=error)
    problem = await run.until(Problem)
    at = len(socket.audio)
    await socket.until(lambda: len(socket.audio) > at)
    summary = await run.stop()
    assert not problem.fatal
    assert (summary.exit_code, summary.connections) == (0, 1)
