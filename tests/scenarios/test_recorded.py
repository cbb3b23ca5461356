"""A scenario from a recorded conversation, made of events by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from relay.config import RelayConfig, TurnDetection
from relay.link.instructions import RolePlay, customer_instructions, role_of
from relay.recording.manifest import Manifest
from relay.stream import Item, Latency, Playback, Speech, StreamEvent, Transcript
from scenarios.model import Interrupt, Say, Scenario, Speak
from scenarios.reading import scenario_of
from scenarios.recorded import NothingSaid, Proposal, propose
from tests.acceptance.made_streams import CLOSED, CONNECTED, lost
from tests.evil_strings import EVIL, harm_in
from tests.scenarios.made_scenarios import ANSWERED, spoken

MANIFEST = Manifest(
    id="20261122T120000Z-abc",
    started_at="2026-11-22T12:00:00.000+00:00",
    settings={
        "language": "en",
        "voice": "cedar",
        "chunk_bytes": 4_800,
        "turn_detection": {"threshold": 0.6, "silence_duration_ms": 700, "idle_timeout_ms": None},
    },
)
ROLE = RolePlay(industry="Manufacturing", value_proposition='Stock, "automated"', pain="Numbers never match")
INTERRUPTION: list[StreamEvent] = [
    Playback(t=3.0, item_id="a2", state="started", heard_ms=0, received_ms=900),
    Speech(t=4.5, state="started", item_id="u2", audio_ms=4_000),
    Playback(t=4.6, item_id="a2", state="interrupted", heard_ms=1_500, received_ms=900),
    Speech(t=5.5, state="stopped", item_id="u2", audio_ms=5_000),
    *spoken("user", "u2", "What goes wrong?", 5.6),
    Item(t=5.7, item_id="a3", role="assistant"),
    Transcript(t=5.8, item_id="a3", role="assistant", text="数が合いません。", final=True),
]
TYPED: list[StreamEvent] = [
    *spoken("user", "u3", "And the price?", 7.0),
    *spoken("assistant", "a4", "It is high.", 7.1),
    Latency(t=7.2, turn=3, item_id="a4", response_latency_ms=900.0, basis="text"),
]


def made(proposal: Proposal, folder: Path) -> Scenario:
    """The proposal, read as the scenario that it is."""
    for cut in proposal.cuts:
        (folder / cut.file).parent.mkdir(exist_ok=True)
        (folder / cut.file).touch()
    return scenario_of(tomllib.loads(proposal.text), folder / "mine.toml")


def test_turns_become_recordings_and_what_was_measured_expectations(tmp_path: Path) -> None:
    proposal = propose([*CONNECTED, *ANSWERED, *INTERRUPTION, *TYPED, *CLOSED], MANIFEST, ROLE, "mine")
    scenario = (
        scenario_of(tomllib.loads(proposal.text), tmp_path / "mine.toml") if not proposal.cuts else None
    )
    assert scenario is None
    read = made(proposal, tmp_path)
    actions = [turn.action for turn in read.turns]
    assert [type(action) for action in actions] == [Speak, Interrupt, Say]
    assert isinstance(actions[1], Interrupt) and isinstance(actions[1].by, Speak)
    assert (actions[1].after_s, actions[1].by.name) == (1.5, "mine/turn-2.wav")
    expected = [{one.name: one.wanted for one in turn.expect} for turn in read.turns]
    assert expected == [
        {
            "transcript": "How do you track stock?", "answered": True, "audible": True, "answer_language": "en",
            "answered_within_ms": 2_000,
        },
        {
            "transcript": "What goes wrong?", "stopped_within_ms": 1_500, "answered": True,
            "answer_language": "ja",
        },
        {"answered": True, "answer_language": "en", "answered_within_ms": 3_000},
    ]  # fmt: skip
    assert [(cut.start_s, cut.end_s) for cut in proposal.cuts] == [(0.0, 1.5), (3.5, 5.5)]


def test_session_voice_and_vad_are_those_of_the_recording(tmp_path: Path) -> None:
    read = made(propose([*CONNECTED, *ANSWERED, *CLOSED], MANIFEST, ROLE, "mine"), tmp_path)
    assert read.session.value_proposition == 'Stock, "automated"'
    assert read.session.customer_pain == "Numbers never match"
    assert (read.voice, read.chunk_bytes, read.language) == ("cedar", 4_800, "en")
    assert read.turn_detection == TurnDetection(threshold=0.6, silence_duration_ms=700)


def test_a_pause_within_a_thought_does_not_make_two_turns() -> None:
    more: list[StreamEvent] = [
        Speech(t=1.0, state="started", item_id="u1", audio_ms=100),
        Speech(t=1.5, state="stopped", item_id="u1", audio_ms=900),
        *spoken("user", "u1", "Well,", 1.6),
        Speech(t=2.0, state="started", item_id="u2", audio_ms=1_900),
        Speech(t=2.8, state="stopped", item_id="u2", audio_ms=2_700),
        *spoken("user", "u2", "how are you?", 2.9),
    ]
    proposal = propose([*CONNECTED, *more, *CLOSED], MANIFEST, ROLE, "mine")
    assert [(cut.start_s, cut.end_s) for cut in proposal.cuts] == [(0.0, 2.8)]
    assert 'transcript = "Well, how are you?"' in proposal.text


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_no_words_from_outside_change_the_file(text: str, tmp_path: Path) -> None:
    events = [
        *CONNECTED,
        *spoken("user", "u1", f"a {text}", 1.0),
        *spoken("assistant", "a1", f"b {text}", 2.0),
        *CLOSED,
    ]
    role = RolePlay(industry=text, value_proposition=text, persona=text, pain=text)
    read = made(propose(events, MANIFEST, role, "mine"), tmp_path)
    (turn,) = read.turns
    assert isinstance(turn.action, Say)
    assert harm_in(turn.action.text) == []
    assert {one.name for one in turn.expect} <= {"answered", "answer_language"}


def test_a_lost_connection_is_mentioned_and_nothing_said_is_refused() -> None:
    assert "The connection was lost" in propose([*CONNECTED, *TYPED, lost(8.0)], MANIFEST, ROLE, "mine").text
    with pytest.raises(NothingSaid):
        propose([*CONNECTED, *CLOSED], MANIFEST, ROLE, "mine")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_role_is_read_back_from_the_instructions(language: str) -> None:
    role = RolePlay(industry="A", value_proposition="B: c", persona="D", pain="E", company="F")
    assert role_of(customer_instructions(role, language)) == role  # type: ignore[arg-type]
    assert role_of("Be nice.") == RolePlay()
    assert RelayConfig(server_url="http://x", token="t").turn_detection.idle_timeout_ms is None
