"""Reasons for missing or inconclusive results, shared by all judges. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from acceptance.evidence import absent, answer, finding
from acceptance.record import Record
from acceptance.results import Answer, Evidence
from relay.codes import RelayCode
from relay.stream import Problem


def unmet(record: Record, checkpoint: str, what: str, within_s: float | None = None) -> Answer:
    """``what`` did not arrive: failed if the run waited to the end, not run if the stream just stops."""
    why = trouble(record)
    evidence = (absent(record, what, within_s), *([] if why is None else [why]))
    return answer(checkpoint, "fail", *evidence) if record.complete else answer(checkpoint, "not_run")


def explained(record: Record, answers: Iterable[Answer]) -> list[Answer]:
    """``answers``, where those that are not run for no reason of their own give the stream's."""
    why = trouble(record)
    return [
        answer(given.checkpoint, given.verdict, why)
        if why is not None and given.verdict == "not_run" and not given.evidence
        else given
        for given in answers
    ]


def trouble(record: Record) -> Evidence | None:
    """Why something may be missing: our own failure, what ended the conversation, or the first error or loss."""
    # A full disk of this machine explains nothing else.
    problems = record.of(Problem, lambda problem: problem.code != RelayCode.RECORDING_FAILED)
    fatal = [problem for problem in problems if problem.fatal]
    for problem in (record.own_failure, *fatal, *problems):
        if problem is not None:
            return error_shown(record, problem)
    lost = record.lost
    if lost is None:
        return None
    return finding("lost", "event", record.moment(lost), close_code=lost.close_code, reason=lost.reason)


def error_shown(record: Record, problem: Problem) -> Evidence:
    """The error as it was shown, with the other side's own words."""
    said = said_by(problem)
    return finding(
        "error_shown",
        "event",
        record.moment(problem),
        where=problem.where,
        code=problem.code,
        message=problem.message,
        **({} if said is None else {"said": said}),
    )


def said_by(problem: Problem) -> str | None:
    """The server's, device's or system's own words about the problem."""
    for name in ("message", "reason"):
        words = problem.params.get(name, "").strip()
        if words:
            return words
    return None


def recording_failed(record: Record) -> Evidence | None:
    """Why the recording is not whole, if it is not: then it proves nothing about the server."""
    problem = record.one(Problem, lambda problem: problem.code == RelayCode.RECORDING_FAILED)
    return None if problem is None else error_shown(record, problem)
