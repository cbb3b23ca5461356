"""Every expectation passes, fails and waits as it should, on streams made by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from acceptance.measurements import ModeReading
from acceptance.results import Answer
from relay.stream import (
    Connection,
    Meters,
    Playback,
    Problem,
    ProtocolEvent,
    Response,
    SourceState,
    StreamEvent,
)
from scenarios.format import END_EXPECTATIONS, EXPECTATIONS
from scenarios.judges import judge
from scenarios.model import Expectation
from scenarios.window import Window, heard_spans
from tests.acceptance.made_streams import CONNECTED, lost, message, record, step
from tests.scenarios.made_scenarios import ANSWERED, loud, scenario, spoken, window


def judged(name: str, wanted: Any, seen: Window, cer: float = 0.0) -> Answer:
    (answer,) = judge(scenario("expect.answered = true"), "1", [Expectation(name, wanted, cer)], seen)
    return answer


def tool_call(name: str) -> ProtocolEvent:
    called = message(2.0, "in", "response.function_call_arguments.done")
    return msgspec.structs.replace(called, payload={"name": name, "arguments": "{}"}, known=False)


OPENED = SourceState(t=2.0, state="opened", spec="wav:x", name="x", rate_hz=24_000)
PLAYING = Playback(t=0.6, item_id="a0", state="started", heard_ms=0, received_ms=200)
STOPPED = Playback(t=2.4, item_id="a0", state="interrupted", heard_ms=1_800, received_ms=4_000)


def interrupted(*events: StreamEvent, lead_s: float = 0.1) -> Window:
    """A turn that begins while ``a0`` is being heard."""
    before = [*CONNECTED, PLAYING]
    whole = [*before, *events]
    return Window(record(whole), first=len(before), last=len(whole), lead_s=lead_s)


@pytest.mark.parametrize(
    ("name", "wanted", "cer"),
    [
        ("transcript", "how do you track stock", 0.0),
        ("answered", True, 0.0),
        ("answer_contains", ("SPREADSHEETS",), 0.0),
        ("answer_matches", "spread.*s", 0.0),
        ("answer_language", "en", 0.0),
        ("answered_within_ms", 420, 0.0),
        ("audible", True, 0.0),
        ("turns", 2, 0.0),
    ],
)
def test_a_turn_as_it_should_be_passes_with_evidence(name: str, wanted: Any, cer: float) -> None:
    answer = judged(name, wanted, window(*ANSWERED), cer)
    assert answer.verdict == "pass", answer
    assert answer.evidence and answer.evidence[0].conversation == "t"
    assert answer.question is not None and answer.question.en.startswith("Turn 1: ")


@pytest.mark.parametrize(
    ("name", "wanted", "cer"),
    [
        ("transcript", "where do you keep the boxes", 0.3),
        ("answered", False, 0.0),
        ("answer_contains", ("spreadsheets", "warehouse"), 0.0),
        ("answer_matches", "^spread", 0.0),
        ("answer_language", "ja", 0.0),
        ("answered_within_ms", 419, 0.0),
        ("audible", False, 0.0),
        ("turns", 3, 0.0),
        ("tool_called", "book_demo", 0.0),
        ("error", "rate_limit_exceeded", 0.0),
    ],
)
def test_a_turn_that_is_otherwise_fails_with_evidence(name: str, wanted: Any, cer: float) -> None:
    answer = judged(name, wanted, window(*ANSWERED), cer)
    assert answer.verdict == "fail", answer
    assert answer.evidence


@pytest.mark.parametrize("field", EXPECTATIONS + END_EXPECTATIONS, ids=lambda field: field.name)
def test_nothing_passes_on_a_conversation_of_which_nothing_was_seen(field: Any) -> None:
    if field.name == "transcript_cer":
        return
    wanted: Any = {"answer_contains": ("x",), "order": ("session.created",)}.get(field.name, "x")
    if field.name.endswith("_ms") or field.name == "turns":
        wanted = 1
    for flag in (True, False):
        if field.name in ("answered", "audible", "realtime_mode", "stored"):
            wanted = flag
        assert judged(field.name, wanted, Window(record([]))).verdict == "not_run", field.name


def test_an_answer_that_did_not_come_fails_and_one_that_may_still_come_does_not() -> None:
    for name, wanted in (("answered", True), ("answer_contains", ("x",)), ("answered_within_ms", 100)):
        assert judged(name, wanted, window()).verdict == "fail"
        assert judged(name, wanted, window(closed=False)).verdict == "not_run"


def test_silence_is_an_answer_that_did_not_come() -> None:
    quiet = window(loud(1.0, -120.0), loud(4.0, -120.0))
    assert judged("answered", False, quiet).verdict == "pass"
    assert judged("audible", False, quiet).verdict == "pass"
    assert judged("answered", False, window(loud(1.0, -120.0), closed=False)).verdict == "not_run"


def test_an_answer_that_has_only_begun_is_an_answer() -> None:
    """The conversation ended before anything of it was heard."""
    begun = Response(t=2.0, response_id="r9", state="created")
    assert judged("answered", False, window(loud(1.0, -120.0), begun, loud(5.0, -120.0))).verdict == "fail"


def test_silence_takes_time_to_prove() -> None:
    answer = judged("answered", False, window(loud(1.0, -120.0), loud(2.0, -120.0)))
    assert (answer.verdict, answer.evidence[0].data["waited"]) == ("not_run", 1.0)


def test_an_answer_too_quiet_to_hear_is_not_audible() -> None:
    events = [
        msgspec.structs.replace(e, speaker_rms_dbfs=-60.0) if isinstance(e, Meters) else e for e in ANSWERED
    ]
    assert judged("audible", True, window(*events)).verdict == "fail"


def test_a_short_answer_that_no_meter_saw_is_heard_in_the_recording() -> None:
    events = [event for event in ANSWERED if not isinstance(event, Meters)]
    assert judged("audible", True, window(*events)).verdict == "fail"
    seen = window(*events, heard_dbfs=-20.0)
    assert judged("audible", True, seen).verdict == "pass"
    assert heard_spans(seen) == [(1.8, 2.6)]
    assert judged("audible", True, window(*events, heard_dbfs=-70.0)).verdict == "fail"


def test_an_answer_before_the_end_of_the_turn_is_not_in_time() -> None:
    """Talked over the salesperson: the latency is negative."""
    events = [
        msgspec.structs.replace(event, response_latency_ms=-300.0)
        if hasattr(event, "response_latency_ms")
        else event
        for event in ANSWERED
    ]
    assert judged("answered_within_ms", 1_000, window(*events)).verdict == "fail"


def test_what_was_said_before_the_turn_does_not_count() -> None:
    before = [*CONNECTED, *ANSWERED]
    seen = Window(record([*before, loud(3.0, -120.0)]), first=len(before), last=len(before) + 1)
    assert judged("answered", True, seen).verdict == "fail"
    assert judged("answer_contains", ("spreadsheets",), seen).verdict == "fail"
    assert judged("answered_within_ms", 1_000, seen).verdict == "fail"


def test_words_that_come_after_the_next_turn_has_begun_still_count() -> None:
    late = [event for event in ANSWERED if getattr(event, "text", "") != "We use spreadsheets."]
    whole = [*CONNECTED, *late, *spoken("assistant", "a1", "We use spreadsheets.", 9.0)]
    last = len(CONNECTED) + len(late)
    seen = Window(record(whole), first=len(CONNECTED), last=last)
    assert judged("answer_contains", ("spreadsheets",), seen).verdict == "pass"


def test_the_interruption_is_measured_from_its_first_sound() -> None:
    """300 ms of silence at the head of the recording are not the customer's fault."""
    answer = judged("stopped_within_ms", 100, interrupted(OPENED, STOPPED, lead_s=0.3))
    assert answer.verdict == "pass"
    assert answer.evidence[0].data["ms"] == 100
    assert judged("stopped_within_ms", 99, interrupted(OPENED, STOPPED, lead_s=0.3)).verdict == "fail"


def test_an_answer_that_goes_on_was_not_stopped() -> None:
    assert judged("stopped_within_ms", 500, interrupted(OPENED)).verdict == "fail"


def test_nothing_can_be_stopped_when_nothing_is_played() -> None:
    answer = judged("stopped_within_ms", 500, window(OPENED))
    assert (answer.verdict, answer.evidence[0].code) == ("not_run", "nothing_played")


def test_a_reconnect_is_measured_to_the_open_gate() -> None:
    back = (lost(2.0), Connection(t=2.3, state="restored"), step(2.5, "gate_open", 2))
    assert judged("reconnected_within_ms", 500, window(*back)).verdict == "pass"
    assert judged("reconnected_within_ms", 499, window(*back)).verdict == "fail"
    assert judged("reconnected_within_ms", 500, window(lost(2.0))).verdict == "fail"
    assert judged("reconnected_within_ms", 500, window()).verdict == "not_run"


def test_a_tool_call_and_an_error_are_found_by_name() -> None:
    assert judged("tool_called", "book_demo", window(tool_call("book_demo"))).verdict == "pass"
    assert judged("tool_called", "book_demo", window(tool_call("other"))).verdict == "fail"
    error = Problem(t=2.0, where="server", code="rate_limit_exceeded", message="slow down")
    assert judged("error", "rate_limit_exceeded", window(error)).verdict == "pass"


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [(("a", "b"), "pass"), (("a", "c"), "pass"), (("b", "a"), "fail"), (("c", "c"), "fail")],
)
def test_order_lets_others_come_between(wanted: tuple[str, ...], verdict: str) -> None:
    seen = window(*(message(1.0 + n / 10, "in", kind) for n, kind in enumerate("abc")))
    assert judged("order", wanted, seen).verdict == verdict


@pytest.mark.parametrize(
    ("values", "verdict"), [((True, False), "pass"), ((True, True), "fail"), ((None,), "not_run")]
)
def test_realtime_mode_is_what_the_server_came_to_say(values: tuple[bool | None, ...], verdict: str) -> None:
    modes = tuple(
        ModeReading("2026-01-01T00:00:00+00:00", n, value, None if value is not None else "server_timeout")
        for n, value in enumerate(values)
    )
    assert judged("realtime_mode", False, window(modes=modes)).verdict == verdict


def test_a_conversation_that_just_stops_proves_nothing() -> None:
    """Its process was killed: no summary, and so nobody knows what would have come."""
    whole = [*CONNECTED, Response(t=1.0, response_id="r", state="created")]
    crash = Problem(t=1.1, where="relay", code="relay_crashed", message="killed", fatal=True)
    seen = Window(record([*whole, crash]), first=len(CONNECTED))
    answer = judged("answered", True, seen)
    assert (answer.verdict, answer.evidence[0].data["code"]) == ("not_run", "relay_crashed")
