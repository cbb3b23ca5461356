"""Test 3, access: connections and requests that must be refused."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import replace

from acceptance.judges.access import judge_access
from acceptance.measurements import AccessMeasurements, Attempt, ForeignRead, ForeignWrite, Revoked
from acceptance.probes import speak
from acceptance.run import AcceptanceRun, wall_now
from acceptance.sample_source import sample_source
from acceptance.socket_attempt import NotOpened, attempt, open_socket
from api_client.errors import ApiError
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient
from audio.errors import AudioError

WRONG_TOKEN = "0" * 40
_MALFORMED = "not-a-session-id"
_AT_THE_DOOR = (
    "t3.missing_token",
    "t3.wrong_token",
    "t3.refusal_explained",
    "t3.malformed_session",
    "t3.unknown_session",
)
_FOREIGN = ("t3.foreign_session", "t3.foreign_read", "t3.foreign_write")
_REVOKED = ("t3.revoked_refused", "t3.revoked_closed")


async def access_checks(run: AcceptanceRun, session_id: str) -> None:
    """On ``session_id``, and on sessions of the run's own; the second account's end comes last."""
    second = run.request.second_account is not None
    left_out = _left_out(run)
    measured = AccessMeasurements()

    def judge() -> None:
        run.answer_decided(judge_access(measured, run.limits, second_user=second, left_out=left_out))

    run.doing("誤った接続が拒否されることを確認します", "Trying connections that must be refused")
    run.running(*_AT_THE_DOOR, *(_FOREIGN if second else ()))
    measured = await _refusals(run, session_id, measured)
    judge()
    if measured.foreign_session is not None:
        write = await _foreign_write(run, session_id, measured.foreign_session)
        measured = replace(measured, foreign_write=write)
        judge()
    if "t3.finished_session" not in left_out:
        run.running("t3.finished_session")
        measured = replace(measured, finished_session=await _finished(run))
        judge()
    if second and not left_out.keys() & set(_REVOKED):
        run.doing("2人目のユーザーを無効にします", "Deactivating the second user")
        run.running(*_REVOKED)
        revoked = await _revoked(run)
        if revoked is None:
            left_out |= dict.fromkeys(_REVOKED, "no_revocation")
        measured = replace(measured, revoked=revoked)
    run.answer(judge_access(measured, run.limits, second_user=second, left_out=left_out))


def _left_out(run: AcceptanceRun) -> dict[str, str]:
    """By checkpoint, the code of why it does not apply to this run."""
    left_out: dict[str, str] = {}
    if not run.request.finish_sessions:
        left_out["t3.finished_session"] = "no_finishing"
    elif run.spoken_session is None:
        left_out["t3.finished_session"] = "no_spoken_session"
    if run.means.revoke_second is None and run.operator is None:
        left_out |= dict.fromkeys(_REVOKED, "no_revocation")
    return left_out


# --- at the door ---------------------------------------------------------------------------------


async def _refusals(run: AcceptanceRun, session_id: str, measured: AccessMeasurements) -> AccessMeasurements:
    token = run.request.account.token
    second = run.request.second_account
    missing, wrong, malformed, unknown, foreign, read = await asyncio.gather(
        _attempt(run, None, session_id),
        _attempt(run, WRONG_TOKEN, session_id),
        _attempt(run, token, _MALFORMED),
        _attempt(run, token, str(uuid.uuid4())),
        _attempt(run, second.token, session_id) if second else _nothing(),
        _foreign_read(run, session_id),
    )
    return replace(
        measured,
        missing_token=missing,
        wrong_token=wrong,
        malformed_session=malformed,
        unknown_session=unknown,
        foreign_session=foreign,
        foreign_read=read,
    )


async def _nothing() -> None:
    return None


async def _attempt(run: AcceptanceRun, token: str | None, session_id: str) -> Attempt:
    return await attempt(
        run.server_url,
        token,
        session_id,
        insecure=run.request.insecure,
        within_s=run.limits.refusal_s,
        language=run.request.language,
    )


def _second_client(run: AcceptanceRun) -> SalesMindClient:
    second = run.request.second_account
    assert second is not None
    return SalesMindClient(
        run.server_url, token=second.token, insecure=run.request.insecure, language=run.request.language
    )


async def _foreign_read(run: AcceptanceRun, session_id: str) -> ForeignRead | None:
    if run.request.second_account is None:
        return None
    at = wall_now()
    async with _second_client(run) as client:
        try:
            await client.get_session(session_id)
        except ApiError as error:
            return ForeignRead(at, error.status, readable=False, error=str(error.code))
    return ForeignRead(at, 200, readable=True)


async def _foreign_write(run: AcceptanceRun, session_id: str, knocked: Attempt) -> ForeignWrite:
    """Where the door is open, something is said through it."""
    second = run.request.second_account
    if knocked.outcome != "served" or second is None:
        return ForeignWrite(knocked)
    before = await run.read_messages(session_id)
    source = run.request.source or ""
    # Whoever tests must not be asked to speak for somebody else.
    source = source if source.startswith("wav:") else sample_source(run.request.language)
    try:
        connection = await _open_as(run, second.token, session_id)
    except NotOpened:
        return ForeignWrite(knocked)
    try:
        heard = await speak(connection, source, run.request.language, run.limits.answer_s)
    except AudioError:
        heard = None
    finally:
        await connection.close()
    after = await run.read_messages(session_id)
    if heard is None or before.salesperson is None or after.salesperson is None:
        return ForeignWrite(knocked)
    return ForeignWrite(
        knocked,
        heard=heard,
        before=len(before.salesperson) + len(before.customer or ()),
        after=len(after.salesperson) + len(after.customer or ()),
    )


async def _open_as(run: AcceptanceRun, token: str, session_id: str) -> RealtimeConnection:
    return await open_socket(
        run.server_url,
        token,
        session_id,
        insecure=run.request.insecure,
        within_s=run.limits.connect_s,
        language=run.request.language,
    )


# --- sessions and accounts that are over ---------------------------------------------------------


async def _finished(run: AcceptanceRun) -> Attempt | None:
    session_id = run.spoken_session
    if session_id is None or not await run.finish_session(session_id):
        return None
    return await _attempt(run, run.request.account.token, session_id)


async def _revoked(run: AcceptanceRun) -> Revoked | None:
    """None when nobody would revoke the account."""
    second = run.request.second_account
    assert second is not None
    async with _second_client(run) as client:
        try:
            session = await client.start_session(run.own_session)
            run.second_sessions.append(session.id)
            connection = await _open_as(run, second.token, session.id)
        except (ApiError, NotOpened) as error:
            return Revoked(wall_now(), refused=str(error.code))
        try:
            try:
                if not await _revoke(run, second.username):
                    return None
            except OSError as error:
                return Revoked(wall_now(), refused=f"revoke: {error}")
            at, began = wall_now(), time.monotonic()
            await _closed(connection, run.limits.revoked_s)
            watched_s = time.monotonic() - began
            close_code = connection.close_code
        finally:
            await connection.close()
        status: int | None = 200
        try:
            await client.get_session(session.id)
        except ApiError as error:
            status = error.status
    return Revoked(
        at,
        attempt=await _attempt(run, second.token, session.id),
        rest_status=status,
        closed_after_s=None if close_code is None else watched_s,
        close_code=close_code,
        watched_s=watched_s,
    )


async def _revoke(run: AcceptanceRun, username: str) -> bool:
    if run.means.revoke_second is not None:
        await run.means.revoke_second()
        return True
    return await run.have_done(
        "t3.revoked_closed",
        f"サーバーの管理画面で、ユーザー {username} を無効にしてください(または発行済みトークンを削除してください)",
        f"Deactivate the user {username} on the server, or delete that user's token",
    )


async def _closed(connection: RealtimeConnection, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            async for _received in connection:
                pass
    except TimeoutError:
        return
