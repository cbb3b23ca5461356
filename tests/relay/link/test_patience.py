"""How long a conversation is kept up, and with which exit code it ends."""

from __future__ import annotations

import asyncio

import pytest

from relay.commands import Reconnect, Stop
from relay.link.reconnect import Backoff
from relay.stream import Connection, Meters, Notice, Problem, RealtimeMode, Step
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Hold


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.link.connections.Backoff", lambda random: Backoff(random, 0.02, 0.05))


async def test_a_revoked_login_ends_it_for_whoever_does_not_stay(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    await (await salesmind.socket()).ws.close(4401)
    assert (await run.ended()).exit_code == 3


async def test_for_an_operator_who_stays_another_try_is_always_possible(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold(patience_s=None)
    await run.until(Step, step="gate_open")
    await (await salesmind.socket()).ws.close(4401)
    await run.until(Connection, state="given_up")
    run.command(Reconnect())
    await run.until(Step, step="gate_open", count=2)
    summary = await run.stop()
    assert (summary.exit_code, summary.reconnects) == (0, 1)


async def test_given_up_and_then_stopped_is_no_success(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(patience_s=None)
    await run.until(Step, step="gate_open")
    await (await salesmind.socket()).ws.close(4401)
    await run.until(Connection, state="given_up")
    assert (await run.stop()).exit_code == 3


async def test_a_server_that_was_never_there_can_be_tried_again(
    salesmind: FakeSalesMind, hold: Hold, quick: None
) -> None:
    salesmind.refuse_status = 503
    run = hold(patience_s=None)
    await run.until(Connection, state="given_up")
    salesmind.refuse_status = None
    run.command(Reconnect())
    await run.until(Step, step="gate_open")
    assert (await run.stop()).exit_code == 0


async def test_patience_has_an_end(salesmind: FakeSalesMind, hold: Hold, quick: None) -> None:
    run = hold(patience_s=0.2)
    await run.until(Step, step="gate_open")
    salesmind.refuse_status = 503
    (await salesmind.socket()).ws.transport.abort()
    summary = await run.ended()
    assert run.of(Connection, state="given_up")
    assert summary.exit_code == 3


async def test_an_old_connection_is_renewed_between_two_turns(
    salesmind: FakeSalesMind, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.link.upstream_watch._WATCH_EVERY_S", 0.02)
    run = hold(renew_after_s=0.3)
    await run.until(Step, step="gate_open")
    first = await salesmind.socket()
    await salesmind.begin_answer(first, "resp_1", "item_a", ms=100)
    # Not while an answer is being made, however old the connection is.
    seen = len(run.of(Meters))
    await run.until(Meters, count=seen + 6)
    assert len(salesmind.sockets) == 1
    await salesmind.end_answer(first, "resp_1", "item_a", "はい")
    await run.until(Notice, code="session_renewed")
    await run.until(Step, step="gate_open", connection=2)
    run.command(Stop())
    summary = await run.ended()
    assert first.ws.close_code == 1000
    assert not run.of(Problem)
    assert summary.exit_code == 0


async def test_a_time_limit_that_finds_no_connection_is_no_success(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold(seconds=0.6)
    await run.until(Step, step="gate_open")
    salesmind.refuse_status = 503
    (await salesmind.socket()).ws.transport.abort()
    assert (await run.ended()).exit_code == 3


async def test_whoever_stops_it_says_why(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    run.command(Stop(exit_code=4))
    assert (await run.ended()).exit_code == 4


async def test_a_mode_that_was_true_during_the_conversation_was_true(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold(mode_poll_s=0.05)
    await run.until(RealtimeMode, phase="during", value=True, count=5)
    salesmind.mode_withheld = True
    await run.until(RealtimeMode, phase="during", value=False)
    summary = await run.stop()
    times = [event.t for event in run.of(RealtimeMode, phase="during", value=True)]
    assert summary.realtime_mode.during is True
    assert summary.realtime_mode.during_true_s == pytest.approx(times[-1] - times[0], abs=0.06)


async def test_a_mode_that_was_never_true_was_not(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.mode_withheld = True
    run = hold(mode_poll_s=0.05)
    await run.until(RealtimeMode, phase="during", value=False, count=3)
    await asyncio.sleep(0)
    summary = await run.stop()
    assert summary.realtime_mode.during is False
    assert summary.realtime_mode.during_true_s is None
