"""What a hostile server writes reaches the command line's readers harmless, and on one line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from acceptance import reports
from acceptance.results import Wording
from relay.conversation import ConversationState, fold
from relay.stream import Notice, Problem, Transcript, TranscriptFailed
from scenarios.reading import ScenarioInvalid, scenario_of
from tests.acceptance.made_results import made_result, made_scenario_run
from tests.evil_strings import EVIL, ORDINARY, harm_in
from tui.cli import scenario_text
from tui.cli.check_text import result_lines
from tui.cli.transcript_text import TranscriptPrinter
from tui.host.journal import open_journal
from tui.wording.errors import of_event, sentence
from tui.wording.scenario_mistakes import sentences


@pytest.mark.parametrize("text", [*EVIL.values(), *ORDINARY.values()], ids=[*EVIL, *ORDINARY])
def test_a_transcript_is_one_line_per_turn(text: str) -> None:
    printed: list[str] = []
    printer = TranscriptPrinter(printed.append)
    said = Transcript(t=1, item_id="i", role="assistant", text=text, final=True)
    failed = TranscriptFailed(t=2, item_id="u", code=text, message="")
    state = ConversationState()
    for event in (said, failed):
        state = fold(state, [event])
        printer(event, state)
    assert len(printed) == 2
    assert not any("\n" in line or harm_in(line) for line in printed)


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_an_error_is_one_line(text: str) -> None:
    events: list[Problem | Notice] = [
        Problem(t=1, where="server", code="server_failed", message=text, params={"message": text}),
        Problem(t=1, where="server", code=text, message=text),
        Notice(t=1, code="malformed_message", message="", params={"type": text}),
    ]
    for words in [*map(of_event, events), sentence("device_busy", {"device": text})]:
        assert "\n" not in words
        assert harm_in(words) == []


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_evidence_is_one_line(text: str) -> None:
    result = made_result()
    test = result.tests[0]
    evidence = tuple(
        msgspec.structs.replace(piece, en=text, ja=text)
        for answer in test.answers
        for piece in answer.evidence
    )[:1]
    answer = msgspec.structs.replace(test.answers[0], evidence=evidence)
    changed = msgspec.structs.replace(
        result, tests=(msgspec.structs.replace(test, answers=(answer, *test.answers[1:])), *result.tests[1:])
    )
    lines = list(result_lines(changed))
    assert len(lines) == len(list(result_lines(result)))
    assert not any("\n" in line or harm_in(_plain(line)) for line in lines)


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_a_run_of_scenarios_is_one_line_for_each_thing_it_says(text: str) -> None:
    """Titles and questions come from files that somebody else may have written."""
    wording = Wording(ja=text, en=text)
    result = made_scenario_run("20261122T120000Z-0001", 500.0)
    tests = tuple(
        msgspec.structs.replace(
            test,
            title=wording,
            answers=tuple(msgspec.structs.replace(one, question=wording) for one in test.answers),
        )
        for test in result.tests
    )
    assert result.scenarios is not None
    outcomes = tuple(
        msgspec.structs.replace(one, title=wording, name=text) for one in result.scenarios.scenarios
    )
    changed = msgspec.structs.replace(
        result, tests=tests, scenarios=msgspec.structs.replace(result.scenarios, scenarios=outcomes)
    )
    lines = list(scenario_text.result_lines(changed))
    assert len(lines) == len(list(scenario_text.result_lines(result)))
    assert not any("\n" in line or harm_in(_plain(line)) for line in lines)
    for report in (reports.markdown, reports.junit, reports.html):
        assert harm_in(report(changed)) == []


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_a_mistake_in_a_scenario_is_one_line(text: str) -> None:
    document = {
        "session": {"value_proposition": "x", text: 1},
        "turns": [{"say": "x", "expect": {"audible": True}}],
    }
    with pytest.raises(ScenarioInvalid) as caught:
        scenario_of(document, Path(text.replace("\0", "").replace("/", "") + ".toml"))
    for line in sentences(caught.value):
        assert "\n" not in line and harm_in(line) == []


def _plain(line: str) -> str:
    """Without our own colours."""
    import click

    return click.unstyle(line)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Callable[[], str]]:
    root = logging.getLogger()
    before, level, raising = list(root.handlers), root.level, logging.raiseExceptions
    path = open_journal(tmp_path)
    yield lambda: path.read_text(encoding="utf-8")
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.raiseExceptions = raising


def test_nothing_forges_an_entry_of_the_log(journal: Callable[[], str]) -> None:
    for text in EVIL.values():
        logging.getLogger("tui.test").warning("The server said %s", text)
    written = journal()
    assert harm_in(written) == []
    entries = [line for line in written.splitlines() if not line.startswith("    ")]
    assert len(entries) == len(EVIL)
