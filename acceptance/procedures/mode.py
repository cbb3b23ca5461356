"""Test 3: ``realtime_mode`` over REST around one conversation, and around connections that go wrong."""

from __future__ import annotations

from dataclasses import replace

from acceptance.fault_proxy import FaultProxy
from acceptance.held_conversation import HeldConversation
from acceptance.judges.mode import judge_mode, judge_mode_beyond
from acceptance.measurements import Killed, ModeMeasurements, Restarted, TwoConnections
from acceptance.procedures.access import access_checks
from acceptance.run import AcceptanceRun
from acceptance.socket_attempt import NotOpened, open_socket
from api_client.realtime import RealtimeConnection
from relay.stream import Step

_POLL_S = 0.2
_READINGS_TO_SEE = 4
"""While connected, after the first that is true: it must stay so."""
_READ_ONCE_MORE_S = 1.0
"""So that one reading falls behind the time limit."""


async def mode_test(run: AcceptanceRun) -> None:
    """Before, during, after; then what goes beyond the document."""
    run.doing(
        "realtime_mode をAPIで確認しながら接続と切断を行います",
        "Connecting and closing while reading realtime_mode",
    )
    session_id = await run.new_session()
    run.running("t3.mode_before", "t3.mode_during", "t3.mode_after")
    async with run.converse("t3", session_id, source="silence", sink="none", mode_poll_s=_POLL_S) as held:
        held.on_batch = lambda held: run.tick(judge_mode(held.record, run.limits))
        if await held.until(lambda held: held.state.gate_open, run.limits.connect_s):
            await held.until(
                lambda held: _seen_enough(held, run.limits.mode_change_s),
                run.limits.mode_change_s + _READ_ONCE_MORE_S,
            )
        held.on_batch = None
    run.answer(judge_mode(held.record, run.limits))
    await beyond_the_document(run, session_id)


def _seen_enough(held: HeldConversation, limit_s: float) -> bool:
    """True for a while, fallen again, or not true in time."""
    reports = held.record.modes("during")
    values = [report.value for report in reports]
    if True in values:
        return values.count(True) >= _READINGS_TO_SEE or False in values[values.index(True) :]
    gate = held.record.one(Step, lambda step: step.step == "gate_open")
    return gate is not None and any(report.t - gate.t >= limit_s for report in reports)


async def beyond_the_document(run: AcceptanceRun, session_id: str) -> None:
    """Connections that end in other ways, on that session."""
    restart = run.means.restart_server is not None
    measured = ModeMeasurements()

    def judge(found: ModeMeasurements) -> ModeMeasurements:
        run.answer_decided(judge_mode_beyond(found, run.limits, can_restart=restart))
        return found

    run.doing("2つの接続の一方を閉じます", "Closing one of two connections")
    run.running("t3.two_connections")
    measured = judge(replace(measured, two_connections=await _two_connections(run, session_id)))
    run.doing("接続をクローズフレームなしで切ります", "Killing a connection without a close frame")
    run.running("t3.killed")
    measured = judge(replace(measured, killed=await _killed(run, session_id)))
    await access_checks(run, session_id)
    if restart:
        run.doing("サーバーを停止して再起動します", "Killing and restarting the server")
        run.running("t3.restarted")
        measured = judge(replace(measured, restarted=await _restarted(run, session_id)))
    run.answer(judge_mode_beyond(measured, run.limits, can_restart=restart))


async def _open(run: AcceptanceRun, session_id: str, server_url: str | None = None) -> RealtimeConnection:
    return await open_socket(
        server_url or run.server_url,
        run.request.account.token,
        session_id,
        insecure=run.request.insecure and server_url is None,
        within_s=run.limits.connect_s,
        language=run.request.language,
    )


# --- connections that end in other ways ----------------------------------------------------------


async def _two_connections(run: AcceptanceRun, session_id: str) -> TwoConnections:
    measured = TwoConnections(before=await run.read_mode(session_id))
    try:
        first = await _open(run, session_id)
    except NotOpened as refusal:
        return replace(measured, refused=refusal.code)
    try:
        try:
            second = await _open(run, session_id)
        except NotOpened as refusal:
            return replace(measured, refused=refusal.code)
        try:
            both = await run.read_mode_until(session_id, True, run.limits.mode_change_s)
        finally:
            await second.close()
        one = await run.read_mode_until(session_id, False, run.limits.watch_s)
        return replace(measured, both=both, one_closed=one)
    finally:
        await first.close()
        await run.read_mode_until(session_id, False, run.limits.mode_change_s)


async def _killed(run: AcceptanceRun, session_id: str) -> Killed:
    measured = Killed(before=await run.read_mode(session_id))
    async with FaultProxy(run.server_url, insecure=run.request.insecure) as proxy:
        try:
            connection = await _open(run, session_id, proxy.url)
        except NotOpened as refusal:
            return replace(measured, refused=refusal.code)
        try:
            connected = await run.read_mode_until(session_id, True, run.limits.mode_change_s)
            proxy.reset()
            killed_t = run.now()
            after = await run.read_mode_until(session_id, False, run.limits.killed_s)
        finally:
            await connection.close()
    return replace(measured, connected=connected, killed_t=killed_t, after=after)


async def _restarted(run: AcceptanceRun, session_id: str) -> Restarted:
    assert run.means.restart_server is not None
    try:
        connection = await _open(run, session_id)
    except NotOpened as refusal:
        return Restarted(refused=refusal.code)
    try:
        connected = await run.read_mode_until(session_id, True, run.limits.mode_change_s)
        try:
            await run.moved(await run.means.restart_server())
        except OSError as error:
            return Restarted(connected=connected, refused=f"restart: {error}")
        up_t = run.now()
        after = await run.read_mode_until(session_id, False, run.limits.restart_s)
    finally:
        await connection.close()
    return Restarted(connected=connected, up_t=up_t, after=after)
