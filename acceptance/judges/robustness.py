"""Test 4, robustness: from the server's responses to answers. Pure."""

from __future__ import annotations

from collections.abc import Callable

from acceptance.evidence import absent, answer, finding
from acceptance.judges.readings import falls, not_set_up, rose
from acceptance.measurements import (
    HttpReply,
    RobustnessMeasurements,
    SocketReply,
    Vanished,
    WrongLogins,
)
from acceptance.record import Moment, Record
from acceptance.request import Limits
from acceptance.results import Answer, Evidence

_FELL = (1006, 1011, 1012)
"""Close codes of a server that failed, rather than refused."""


def judge_robustness(
    measured: RobustnessMeasurements, limits: Limits, *, left_out: dict[str, str]
) -> list[Answer]:
    """What was not tried is not run. ``left_out``: per checkpoint, the code of why it does not apply."""
    answers = [
        _tried("t4.oversized", measured.oversized, _oversized),
        _tried("t4.audio_flood", measured.flood, lambda id_, reply: _flood(id_, reply, limits)),
        _json_errors(measured.errors),
        _wrong_logins(measured.wrong_logins, limits),
        _tried(
            "t4.upstream_lost",
            measured.upstream_lost,
            lambda id_, reply: _upstream_lost(id_, reply, limits),
        ),
        _vanished(measured.vanished, limits),
    ]
    return [
        answer(given.checkpoint, "not_applicable", finding(left_out[given.checkpoint], "absence", Moment()))
        if given.checkpoint in left_out
        else given
        for given in answers
    ]


def _reply(reply: SocketReply) -> Evidence:
    code = "reply_open" if reply.close_code is None else "reply_closed"
    said = reply.said or reply.close_reason
    return finding(
        code,
        "event",
        Moment(reply.at),
        error_code=reply.error_code,
        close_code=reply.close_code,
        **({} if said is None else {"said": said}),
    )


def _tried(id_: str, reply: SocketReply | None, judge: Callable[[str, SocketReply], Answer]) -> Answer:
    """What ``judge`` says of a reply, if there was a WebSocket to get one from."""
    if reply is None:
        return answer(id_, "not_run")
    if reply.refused is not None:
        return answer(id_, "not_run", finding("not_connected", "request", Moment(), code=reply.refused))
    return judge(id_, reply)


def _oversized(id_: str, reply: SocketReply) -> Answer:
    """Refused with a reason. A server that takes longer messages is not at fault, and shows nothing."""
    if reply.close_code is None and reply.error_code is None:
        return answer(id_, "not_applicable", finding("oversized_taken", "absence", Moment(reply.at)))
    return answer(id_, "pass" if reply.explained else "fail", _reply(reply))


def _flood(id_: str, reply: SocketReply, limits: Limits) -> Answer:
    """Refused with a reason, or slowed down: no server needs audio from the future."""
    sent, took = reply.sent_s or 0.0, reply.took_s or 0.0
    flood = finding("flood", "measurement", Moment(reply.at), sent_s=round(sent, 1), took=round(took, 2))
    if reply.close_code in _FELL and not reply.explained:
        return answer(id_, "not_run", flood, _reply(reply))
    refused = reply.error_code is not None or reply.close_code is not None
    if not refused and sent >= limits.flood_audio_s:
        return answer(id_, "fail", flood, _reply(reply))
    return answer(id_, "pass", *((_reply(reply), flood) if refused else (flood, _reply(reply))))


def _upstream_lost(id_: str, reply: SocketReply, limits: Limits) -> Answer:
    if reply.error_code is not None or (reply.close_code or 0) >= 4_000:
        return answer(id_, "pass", _reply(reply))
    silent = absent(Record("", []), "error / close 4xxx", limits.error_s)
    return answer(id_, "fail", silent, _reply(reply))


def _json_errors(replies: tuple[HttpReply, ...]) -> Answer:
    """Every one of them is answered as an error of the caller's, in JSON."""
    id_ = "t4.json_errors"
    evidence = [
        finding(
            "http_reply",
            "request",
            Moment(reply.at),
            what=reply.what,
            status=reply.status,
            body="JSON" if reply.json else reply.error or "HTML",
        )
        for reply in replies
    ]
    wrong = [
        found
        for reply, found in zip(replies, evidence, strict=True)
        if reply.status is not None and (reply.status >= 500 or not reply.json)
    ]
    if wrong:
        return answer(id_, "fail", *wrong)
    if not replies or any(reply.status is None for reply in replies):
        return answer(id_, "not_run", *evidence)
    return answer(id_, "pass", *evidence)


def _wrong_logins(logins: WrongLogins | None, limits: Limits) -> Answer:
    """Eventually refused as too many, or each answered slowly."""
    id_ = "t4.wrong_logins"
    if logins is None:
        return answer(id_, "not_run")
    known = [(status, seconds) for status, seconds in logins.replies if status is not None]
    limited = next((n for n, (status, _) in enumerate(known, 1) if status == 429), None)
    slowest = max((seconds for _, seconds in known[-3:]), default=0.0)
    found = finding(
        "wrong_logins",
        "measurement",
        Moment(logins.at),
        n=len(known),
        limited_after=limited,
        slowest=round(slowest, 2),
    )
    if limited is not None or (len(known) >= 3 and min(s for _, s in known[-3:]) >= limits.slow_login_s):
        return answer(id_, "pass", found)
    return answer(id_, "fail" if len(known) >= limits.wrong_logins else "not_run", found)


def _vanished(measured: Vanished | None, limits: Limits) -> Answer:
    id_ = "t4.vanished"
    if measured is None:
        return answer(id_, "not_run")
    before = measured.before
    set_up = before is not None and before.value is False and rose(measured.connected) and measured.after
    if measured.refused is not None or measured.gone_t is None or not set_up:
        return not_set_up(id_, measured.refused, before, measured.connected)
    return falls(id_, measured.after, measured.gone_t, limits.vanished_s)
