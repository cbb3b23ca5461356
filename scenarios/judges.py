"""From the stream of a conversation to answers: was what a scenario expects seen? Pure.

A turn's window begins when it does and ends when the next one begins. What belongs to the turn is what was first named
in its window; its transcript may come later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from acceptance.evidence import absent, worded
from acceptance.judges.readings import reading, unanswered
from acceptance.judges.reasons import error_shown, trouble
from acceptance.record import Moment, Record
from acceptance.results import Answer, Evidence, EvidenceKind, Scalar, Verdict
from relay.stream import (
    Connection,
    Latency,
    Meters,
    Playback,
    Problem,
    ProtocolEvent,
    Response,
    SourceState,
    Step,
    StreamEvent,
    TranscriptFailed,
)
from scenarios.model import Expectation, Scenario
from scenarios.texts import character_errors, language_of
from scenarios.window import Window, playbacks
from scenarios.words import BEGINNING, EVIDENCE, question

AUDIBLE_DBFS = -50.0
_SILENT_DBFS = -120.0
QUIET_S = 3.0
"""How long an answer that must not come is waited for."""
_CLOCK_S = 0.2
"""The last event of a window comes up to 100 ms before its end."""
Found = tuple[Verdict, tuple[Evidence, ...]]


def judge(
    scenario: Scenario, place: str, expectations: Iterable[Expectation], window: Window
) -> list[Answer]:
    """An answer for each expectation at ``place``. Nothing passes without evidence."""
    answers = []
    for one in expectations:
        verdict, evidence = _judged(window, one)
        if verdict == "not_run" and not evidence and (why := trouble(window.record)) is not None:
            evidence = (why,)
        answers.append(
            Answer(
                checkpoint=scenario.id_of(place, one.name),
                verdict=verdict,
                evidence=evidence,
                question=question(place, one),
            )
        )
    return answers


def _judged(window: Window, expected: Expectation) -> Found:
    if window.skipped is not None:
        return "not_run", (window.skipped,)
    return _JUDGES[expected.name](window, expected)


def stored_answer(scenario: Scenario, expectation: Expectation, judged: Answer) -> Answer:
    """The procedure's judgement of the stored messages as that of ``expectation``."""
    verdict = judged.verdict
    if expectation.wanted is False and verdict in ("pass", "fail"):
        verdict = "fail" if verdict == "pass" else "pass"
    return Answer(
        checkpoint=scenario.id_of("end", expectation.name),
        verdict=verdict,
        evidence=judged.evidence,
        question=question("end", expectation),
    )


def heard_and_wanted(scenario: Scenario, windows: Mapping[str, Window]) -> tuple[int, int]:
    """Character errors and characters over all transcripts that were expected and came."""
    errors = characters = 0
    for place, expectations in scenario.places:
        window = windows.get(place)
        for one in expectations if window is not None else ():
            texts = window.texts("user") if window is not None else []
            if one.name == "transcript" and texts:
                wrong, of = character_errors(" ".join(text for _, text in texts), str(one.wanted))
                errors, characters = errors + wrong, characters + of
    return errors, characters


# --- the expectations --------------------------------------------------------------------------------


def _transcript(window: Window, expected: Expectation) -> Found:
    texts = window.texts("user")
    failed = window.inside.one(TranscriptFailed)
    if not texts or not (window.all_final("user") or window.decided):
        if not texts and failed is not None:
            words = {"text": f"({failed.code})", "cer": "1", "limit": f"{expected.cer:g}"}
            return "fail", (_found("cer", "event", window, failed, **words),)
        return _missing(window, "conversation.item.input_audio_transcription.completed")
    text = " ".join(words for _, words in texts)
    wrong, of = character_errors(text, str(expected.wanted))
    cer = round(wrong / of, 3) if of else float(wrong > 0)
    evidence = _found("cer", "event", window, texts[-1][0], text=text, cer=cer, limit=expected.cer)
    return _passed(cer <= expected.cer), (evidence,)


def _answered(window: Window, expected: Expectation) -> Found:
    done = window.inside.completed_response
    begun = next((one for one in playbacks(window) if one.state == "started"), None)
    if expected.wanted is False:
        return _unanswered(window, done or begun)
    if done is not None:
        return "pass", (_found("answer_text", "event", window, done, text=_answer_text(window) or "-"),)
    if begun is not None:
        return "pass", (_found("answer_begun", "event", window, begun),)
    return _missing(window, "response.done")


def _unanswered(window: Window, came: Response | Playback | None) -> Found:
    """Nothing came, and that for ``QUIET_S``: an answer that has only just begun is one."""
    earlier = {
        event.response_id for event in window.record.events[: window.first] if isinstance(event, Response)
    }
    came = came or window.inside.one(Response, lambda event: event.response_id not in earlier)
    if came is not None:
        return "fail", (_found("came_anyway", "event", window, came),)
    events = window.inside.events[window.first :]
    if not window.decided or not events:
        return "not_run", ()
    said = window.inside.one(SourceState, lambda event: event.state == "ended") or events[0]
    waited = round(events[-1].t - said.t, 1)
    found = _found("no_answer", "measurement", window, events[-1], waited=waited)
    return "pass" if waited >= QUIET_S - _CLOCK_S else "not_run", (found,)


def _answer_text(window: Window) -> str:
    return " ".join(text for _, text in window.texts("assistant"))


def _on_answer(window: Window, judged: Callable[[str], tuple[bool, str, dict[str, Scalar]]]) -> Found:
    """``judged``: of the answer's words: whether they are right, the code of the evidence, and its data."""
    texts = window.texts("assistant")
    text = _answer_text(window)
    if not text:
        return _missing(window, "response.output_audio_transcript.done")
    right, code, data = judged(text)
    if not right and not (window.all_final("assistant") or window.decided):
        return "not_run", ()  # more of it may come
    return _passed(right), (_found(code, "event", window, texts[-1][0], text=text, **data),)


def _answer_contains(window: Window, expected: Expectation) -> Found:
    wanted = expected.wanted if isinstance(expected.wanted, tuple) else (str(expected.wanted),)

    def judged(text: str) -> tuple[bool, str, dict[str, Scalar]]:
        missing = [one for one in wanted if one.casefold() not in text.casefold()]
        if missing:
            return False, "answer_lacks", {"wanted": ", ".join(missing)}
        return True, "answer_text", {}

    return _on_answer(window, judged)


def _answer_matches(window: Window, expected: Expectation) -> Found:
    pattern = str(expected.wanted)

    def judged(text: str) -> tuple[bool, str, dict[str, Scalar]]:
        if re.search(pattern, text):
            return True, "answer_text", {}
        return False, "answer_lacks", {"wanted": f"/{pattern}/"}

    return _on_answer(window, judged)


def _answer_language(window: Window, expected: Expectation) -> Found:
    def judged(text: str) -> tuple[bool, str, dict[str, Scalar]]:
        language = language_of(text)
        return language == expected.wanted, "answer_language", {"language": language or "?"}

    return _on_answer(window, judged)


def _answered_within(window: Window, expected: Expectation) -> Found:
    """The worst of the turn; negative: the customer began before the salesperson had finished."""
    limit = _number(expected)
    latencies = window.inside.of(Latency)
    if not latencies:
        return _missing(window, "response.output_audio.delta")
    worst = max(latencies, key=lambda one: abs(one.response_latency_ms))
    ms = round(worst.response_latency_ms)
    evidence = _found("latency", "measurement", window, worst, ms=ms, limit_ms=round(limit))
    return _passed(0 <= worst.response_latency_ms <= limit), (evidence,)


def _audible(window: Window, expected: Expectation) -> Found:
    """By the meters while it goes on; they may miss an answer of some 100 ms, so in the end the recording decides."""
    played = playbacks(window)
    begun = next((one for one in played if one.state == "started"), None)
    dbfs = window.heard_dbfs
    if begun is not None:
        levels = [meters.speaker_rms_dbfs for meters in window.inside.of(Meters) if meters.t > begun.t]
        dbfs = max((level for level in (*levels, dbfs) if level is not None), default=None)
    elif window.decided and expected.wanted is False:
        dbfs = _SILENT_DBFS
    if dbfs is None:
        return _missing(window, "response.output_audio.delta")
    heard = dbfs > AUDIBLE_DBFS
    if heard is not expected.wanted and not window.record.complete:
        return "not_run", ()
    data = {"dbfs": round(dbfs, 1), "threshold_dbfs": AUDIBLE_DBFS}
    return _passed(heard is expected.wanted), (_found("loudness", "measurement", window, begun, **data),)


def _stopped_within(window: Window, expected: Expectation) -> Found:
    limit = _number(expected)
    opened = window.inside.one(SourceState, lambda event: event.state == "opened")
    onset = window.began_t if opened is None else opened.t + window.lead_s
    if onset is None:
        return "not_run", ()
    if not _was_playing(window):
        return "not_run", (_found("nothing_played", "event", window, None),)
    stopped = window.inside.one(Playback, lambda event: event.state == "interrupted")
    if stopped is None:
        if not window.decided:
            return "not_run", ()
        return "fail", (_found("not_stopped", "absence", window, opened),)
    ms = max(0, round((stopped.t - onset) * 1_000))
    evidence = _found("stopped", "measurement", window, stopped, ms=ms, limit_ms=round(limit))
    return _passed(ms <= limit), (evidence,)


def _was_playing(window: Window) -> bool:
    """An answer was being heard when the window began."""
    playing = None
    for event in window.record.events[: window.first]:
        if isinstance(event, Playback):
            playing = event.item_id if event.state == "started" else None
    return playing is not None


def _reconnected_within(window: Window, expected: Expectation) -> Found:
    limit = _number(expected)
    lost = window.inside.one(Connection, lambda event: event.state == "lost")
    if lost is None:
        return "not_run", (_found("not_lost", "absence", window, None),)
    again = window.inside.one(Step, lambda event: event.step == "gate_open" and event.t >= lost.t)
    if again is None:
        return _missing(window, "gate_open")
    ms = round((again.t - lost.t) * 1_000)
    evidence = _found("reconnected", "measurement", window, again, ms=ms, limit_ms=round(limit))
    return _passed(ms <= limit), (evidence,)


def _tool_called(window: Window, expected: Expectation) -> Found:
    called = window.inside.one(ProtocolEvent, lambda event: _tool(event) == expected.wanted)
    if called is None:
        return _missing(window, f"response.function_call_arguments.done ({expected.wanted})")
    return "pass", (_found("tool", "event", window, called, name=str(expected.wanted)),)


def _tool(event: ProtocolEvent) -> str | None:
    """The tool that a message calls. The stream keeps a message whole where the relay does not know its type."""
    payload = event.payload or {}
    if event.type == "response.function_call_arguments.done":
        return payload.get("name")
    item = payload.get("item")
    return item.get("name") if isinstance(item, dict) and item.get("type") == "function_call" else None


def _error(window: Window, expected: Expectation) -> Found:
    shown = window.inside.one(Problem, lambda problem: problem.code == expected.wanted)
    if shown is None:
        return _missing(window, f"error ({expected.wanted})")
    return "pass", (error_shown(window.record, shown),)


def _turns(window: Window, expected: Expectation) -> Found:
    if not window.decided:
        return "not_run", ()
    so_far = Window(window.record, 0, window.last)
    texts = [*so_far.texts("user"), *so_far.texts("assistant")]
    last = texts[-1][0] if texts else None
    evidence = _found("turns", "measurement", window, last, n=len(texts), wanted=round(_number(expected)))
    return _passed(len(texts) == expected.wanted), (evidence,)


def _realtime_mode(window: Window, expected: Expectation) -> Found:
    if not window.modes:
        return "not_run", ()
    right = next((one for one in window.modes if one.value is expected.wanted), None)
    if right is not None:
        return "pass", (reading(right),)
    last = window.modes[-1]
    return "not_run" if unanswered(last) else "fail", (reading(last, n=len(window.modes)),)


def _order(window: Window, expected: Expectation) -> Found:
    wanted = list(expected.wanted) if isinstance(expected.wanted, tuple) else []
    messages = iter(window.inside.of(ProtocolEvent))
    event: ProtocolEvent | None = None
    for position, name in enumerate(wanted):
        event = next((message for message in messages if message.type == name), None)
        if event is None:
            if not window.decided:
                return "not_run", ()
            after = wanted[position - 1] if position else BEGINNING["en"]
            return "fail", (_found("not_in_order", "absence", window, None, what=name, after=after),)
    return "pass", (_found("in_order", "event", window, event, order=", ".join(wanted)),)


_JUDGES: Mapping[str, Callable[[Window, Expectation], Found]] = {
    "transcript": _transcript,
    "answered": _answered,
    "answer_contains": _answer_contains,
    "answer_matches": _answer_matches,
    "answer_language": _answer_language,
    "answered_within_ms": _answered_within,
    "audible": _audible,
    "stopped_within_ms": _stopped_within,
    "reconnected_within_ms": _reconnected_within,
    "tool_called": _tool_called,
    "error": _error,
    "turns": _turns,
    "realtime_mode": _realtime_mode,
    "order": _order,
    "stored": lambda _window, _expected: ("not_run", ()),
}


# --- what they share ---------------------------------------------------------------------------------


def _missing(window: Window, what: str) -> Found:
    """``what`` did not come: a failure once nothing more can be expected."""
    if not window.decided:
        return "not_run", ()
    why = trouble(window.record)
    moment = window.record.events[-1] if window.record.events else None
    evidence = absent(Record(window.record.name, window.inside.events), what) if moment else None
    return "fail", tuple(one for one in (evidence, why) if one is not None)


def _found(
    code: str, kind: EvidenceKind, window: Window, event: StreamEvent | None, **data: Scalar
) -> Evidence:
    moment = Moment(conversation=window.record.name) if event is None else window.record.moment(event)
    return worded(EVIDENCE[code], code, kind, moment, **data)


def _passed(right: bool) -> Verdict:
    return "pass" if right else "fail"


def _number(expected: Expectation) -> float:
    assert isinstance(expected.wanted, int | float)
    return float(expected.wanted)
