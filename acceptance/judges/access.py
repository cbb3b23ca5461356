"""Test 3, access: from refused handshakes and requests to answers. Pure."""

from __future__ import annotations

from acceptance.evidence import answer, finding
from acceptance.measurements import AccessMeasurements, Attempt, ForeignRead, ForeignWrite, Revoked
from acceptance.record import Moment
from acceptance.request import Limits
from acceptance.results import Answer, Evidence

_OF_SECOND_USER = ("t3.foreign_session", "t3.foreign_read", "t3.foreign_write")
_OF_REVOCATION = ("t3.revoked_refused", "t3.revoked_closed")


def judge_access(
    measured: AccessMeasurements, limits: Limits, *, second_user: bool, left_out: dict[str, str]
) -> list[Answer]:
    """What was not tried is not run. ``left_out``: per checkpoint, the code of why it does not apply."""
    answers = [
        _refused("t3.missing_token", measured.missing_token),
        _refused("t3.wrong_token", measured.wrong_token),
        _explained(measured.missing_token, measured.wrong_token),
        _malformed(measured.malformed_session),
        _refused("t3.unknown_session", measured.unknown_session),
        _refused("t3.foreign_session", measured.foreign_session),
        _foreign_read(measured.foreign_read),
        _foreign_write(measured.foreign_write),
        _refused("t3.finished_session", measured.finished_session),
        _revoked_refused(measured.revoked),
        _revoked_closed(measured.revoked, limits),
    ]
    why = dict(left_out)
    if not second_user:
        why |= dict.fromkeys((*_OF_SECOND_USER, *_OF_REVOCATION), "no_second_user")
    return [
        answer(given.checkpoint, "not_applicable", finding(why[given.checkpoint], "absence", Moment()))
        if given.checkpoint in why
        else given
        for given in answers
    ]


def _attempt(attempt: Attempt) -> Evidence:
    return finding(
        f"attempt_{attempt.outcome}",
        "request",
        Moment(attempt.at),
        http_status=attempt.http_status,
        close_code=attempt.close_code,
        error_code=attempt.error_code,
        detail=attempt.detail,
        **({} if attempt.said is None else {"said": attempt.said}),
    )


def _refused(id_: str, attempt: Attempt | None) -> Answer:
    if attempt is None:
        return answer(id_, "not_run")
    if attempt.outcome == "no_answer":
        return answer(id_, "not_run", _attempt(attempt))
    return answer(id_, "pass" if attempt.refused else "fail", _attempt(attempt))


def _explained(*attempts: Attempt | None) -> Answer:
    """Judged on refusals of a token, which every server must make; a bare 403 tells a client nothing."""
    id_ = "t3.refusal_explained"
    refused = [attempt for attempt in attempts if attempt is not None and attempt.refused]
    if not refused:
        return answer(id_, "not_run")
    evidence = [_attempt(attempt) for attempt in refused]
    return answer(id_, "pass" if all(map(_says_why, refused)) else "fail", *evidence)


def _says_why(attempt: Attempt) -> bool:
    return attempt.error_code is not None and (attempt.close_code or 0) >= 4_000


def _foreign_read(read: ForeignRead | None) -> Answer:
    id_ = "t3.foreign_read"
    if read is None:
        return answer(id_, "not_run")
    if read.readable:
        return answer(id_, "fail", finding("foreign_readable", "request", Moment(read.at)))
    if read.status not in (403, 404):
        unclear = finding("request_failed", "request", Moment(read.at), code=read.error)
        return answer(id_, "not_run", unclear)
    hidden = finding("foreign_hidden", "request", Moment(read.at), status=read.status)
    return answer(id_, "pass", hidden)


def _malformed(attempt: Attempt | None) -> Answer:
    """Refused, and told why: a bare refusal looks like a wrong token."""
    id_ = "t3.malformed_session"
    given = _refused(id_, attempt)
    if given.verdict != "pass" or attempt is None:
        return given
    return answer(id_, "pass" if _says_why(attempt) else "fail", *given.evidence)


def _foreign_write(write: ForeignWrite | None) -> Answer:
    """Refused at the door, or let in and without effect on what the owner has."""
    id_ = "t3.foreign_write"
    if write is None:
        return answer(id_, "not_run")
    if write.attempt.refused:
        return answer(id_, "pass", _attempt(write.attempt))
    if write.after is None or write.heard is None:
        return answer(id_, "not_run", _attempt(write.attempt))
    found = finding(
        "foreign_wrote",
        "request",
        Moment(write.attempt.at),
        heard=write.heard,
        before=write.before,
        after=write.after,
    )
    return answer(id_, "fail" if write.after > write.before else "pass", found)


def _revoked_refused(revoked: Revoked | None) -> Answer:
    """Over the WebSocket and over REST."""
    id_ = "t3.revoked_refused"
    if revoked is None or revoked.attempt is None or revoked.attempt.outcome == "no_answer":
        return answer(id_, "not_run")
    rest = finding("revoked_rest", "request", Moment(revoked.at), status=revoked.rest_status)
    refused = revoked.attempt.refused and revoked.rest_status in (401, 403)
    if revoked.rest_status is None and revoked.attempt.refused:
        return answer(id_, "not_run", rest, _attempt(revoked.attempt))
    return answer(id_, "pass" if refused else "fail", _attempt(revoked.attempt), rest)


def _revoked_closed(revoked: Revoked | None, limits: Limits) -> Answer:
    id_ = "t3.revoked_closed"
    if revoked is None:
        return answer(id_, "not_run")
    if revoked.refused is not None:
        return answer(id_, "not_run", finding("not_connected", "request", Moment(), code=revoked.refused))
    if revoked.closed_after_s is None:
        if revoked.watched_s < limits.revoked_s:
            return answer(id_, "not_run")
        left = finding("left_open", "absence", Moment(revoked.at), watched=round(revoked.watched_s, 1))
        return answer(id_, "fail", left)
    closed = finding(
        "revoked_closed",
        "event",
        Moment(revoked.at),
        close_code=revoked.close_code,
        took_s=round(revoked.closed_after_s, 3),
        limit_s=limits.revoked_s,
    )
    return answer(id_, "pass", closed)
