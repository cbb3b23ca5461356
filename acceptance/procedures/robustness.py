"""Test 4, robustness: too much, too fast, too often, and vanishing clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from acceptance import probes
from acceptance.fault_proxy import FaultProxy
from acceptance.judges.robustness import judge_robustness
from acceptance.measurements import RobustnessMeasurements, SocketReply, Vanished
from acceptance.procedures.access import WRONG_TOKEN
from acceptance.run import AcceptanceRun
from acceptance.socket_attempt import NotOpened, open_socket
from api_client.errors import ApiError
from api_client.realtime import RealtimeConnection


@asynccontextmanager
async def vanishing(run: AcceptanceRun) -> AsyncIterator[None]:
    """Lets a client vanish now, while the tests go on: what follows takes a server up to a minute.

    Where the server will be restarted it would prove nothing; then test 4 begins it itself.
    """
    tests = run.request.tests
    if 4 in tests and run.limits.vanished_s and not (3 in tests and run.means.restart_server):
        _vanish(run)
    try:
        yield
    finally:
        if run.vanished is not None:
            run.vanished.cancel()
            with suppress(asyncio.CancelledError):
                await run.vanished


def _vanish(run: AcceptanceRun) -> asyncio.Task[Vanished]:
    if run.vanished is None:
        run.vanished = asyncio.create_task(_vanished(run), name="vanished-client")
    return run.vanished


async def robustness_checks(run: AcceptanceRun) -> None:
    """In a session of its own."""
    limits, request = run.limits, run.request
    left_out: dict[str, str] = {}
    if run.means.cut_upstream is None:
        left_out["t4.upstream_lost"] = "no_upstream_control"
    if not request.try_wrong_logins:
        left_out["t4.wrong_logins"] = "no_wrong_logins"
    if not limits.vanished_s:
        left_out["t4.vanished"] = "vanished_left_out"
    measured = RobustnessMeasurements()
    session_id = await run.new_session()

    def judge(found: RobustnessMeasurements) -> RobustnessMeasurements:
        run.answer_decided(judge_robustness(found, limits, left_out=left_out))
        return found

    async def open_() -> RealtimeConnection:
        return await open_socket(
            run.server_url,
            request.account.token,
            session_id,
            insecure=request.insecure,
            within_s=limits.connect_s,
            language=request.language,
        )

    run.doing(
        "過大なメッセージ、速すぎる音声、誤った要求を送信します",
        "Sending oversized, too fast and bad requests",
    )
    run.running("t4.oversized", "t4.audio_flood", "t4.json_errors")
    measured = judge(replace(measured, oversized=await probes.oversized(open_, limits.reply_s)))
    flood = await probes.flood(open_, limits.flood_audio_s, limits.flood_s, limits.reply_s)
    measured = judge(replace(measured, flood=flood))
    errors = await probes.wrong_requests(
        run.server_url,
        request.account.token,
        WRONG_TOKEN,
        insecure=request.insecure,
        language=request.language,
    )
    measured = judge(replace(measured, errors=errors))
    if run.means.cut_upstream is not None:
        run.doing("音声サービスとの接続を切ります", "Cutting the connection to the speech service")
        run.running("t4.upstream_lost")
        lost = await _upstream_lost(run, open_)
        measured = judge(replace(measured, upstream_lost=lost))
    if limits.vanished_s:
        run.doing(
            "消えたクライアントの後の realtime_mode を待ちます",
            "Waiting for realtime_mode after a client that vanished",
        )
        run.running("t4.vanished")
        measured = judge(replace(measured, vanished=await _vanish(run)))
    if request.try_wrong_logins:
        run.doing("誤ったログインを繰り返します", "Repeating wrong logins")
        run.running("t4.wrong_logins")
        logins = await probes.wrong_logins(
            run.server_url, limits.wrong_logins, insecure=request.insecure, until_slow_s=limits.slow_login_s
        )
        measured = replace(measured, wrong_logins=logins)
    run.answer(judge_robustness(measured, limits, left_out=left_out))


async def _upstream_lost(run: AcceptanceRun, open_: probes.Open) -> SocketReply:
    cut = run.means.cut_upstream
    assert cut is not None
    try:
        return await probes.after(open_, cut, run.limits.error_s)
    except OSError as error:
        return SocketReply("", refused=f"cut: {error}")


async def _vanished(run: AcceptanceRun) -> Vanished:
    try:
        session_id = await run.new_session()
    except ApiError as error:
        return Vanished(refused=str(error.code))
    measured = Vanished(before=await run.read_mode(session_id))
    async with FaultProxy(run.server_url, insecure=run.request.insecure) as proxy:
        try:
            connection = await open_socket(
                proxy.url,
                run.request.account.token,
                session_id,
                insecure=False,
                within_s=run.limits.connect_s,
            )
        except NotOpened as refusal:
            return replace(measured, refused=refusal.code)
        try:
            connected = await run.read_mode_until(session_id, True, run.limits.mode_change_s)
            proxy.half_open()
            gone_t = run.now()
            after = await run.read_mode_until(session_id, False, run.limits.vanished_s)
        finally:
            proxy.bury_dead()
            await connection.close()
    return replace(measured, connected=connected, gone_t=gone_t, after=after)
