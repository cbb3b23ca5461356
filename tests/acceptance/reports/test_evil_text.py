"""Text from outside in every report: nothing is hidden, turned around, or forged."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import msgspec
import pytest
from markdown_it import MarkdownIt

from acceptance import reports
from acceptance.results import Evidence, RunResult
from tests.acceptance.made_results import made_result
from tests.evil_strings import EVIL, ORDINARY, harm_in

REPORTS: dict[str, Callable[[RunResult], str]] = {
    "markdown": lambda result: reports.markdown(result, "en"),
    "junit": lambda result: reports.junit(result, "en"),
    "html": lambda result: reports.html(result, "en"),
}
ROADS = ("new", "stored")


def polluted(words: str, road: str) -> RunResult:
    """``words`` wherever they can come from outside; ``stored``: by a version that did not make them harmless."""
    result: RunResult = made_result(
        verdicts_by_id={"t1.order": "fail"}, message=words, username=words, server_url=words, source=words
    )
    if road == "new":
        return result

    def raw(evidence: Evidence) -> Evidence:
        return msgspec.structs.replace(evidence, ja=words, en=words, data={"message": words}, at=None)

    tests = tuple(
        msgspec.structs.replace(
            test,
            note=words,
            answers=tuple(
                msgspec.structs.replace(answer, evidence=tuple(map(raw, answer.evidence)), answered_by=words)
                for answer in test.answers
            ),
        )
        for test in result.tests
    )
    return msgspec.structs.replace(result, tests=tests)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("report", REPORTS)
def test_nothing_is_hidden_and_no_line_is_forged(report: str, name: str, road: str) -> None:
    write = REPORTS[report]
    text = write(polluted(EVIL[name], road))
    assert harm_in(text) == []
    assert text.count("\n") == write(polluted("harmless", road)).count("\n")


@pytest.mark.parametrize("name", sorted(ORDINARY.keys() - {"tab_and_lines", "ideographic_space"}))
@pytest.mark.parametrize("report", REPORTS)
def test_what_is_innocent_stays(report: str, name: str) -> None:
    assert ORDINARY[name] in REPORTS[report](polluted(ORDINARY[name], "stored"))


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", EVIL)
def test_markdown_makes_nothing_of_it(name: str, road: str) -> None:
    """As a reader nobody here wrote sees it: the same headings, lists and tables, and no link, picture or HTML."""

    def shape(words: str) -> list[str]:
        tokens = MarkdownIt("commonmark").enable("table").parse(reports.markdown(polluted(words, road), "en"))
        inline = [child for token in tokens for child in token.children or []]
        return [token.type for token in (*tokens, *inline) if token.type != "text"]

    assert shape(EVIL[name]) == shape("harmless")


@pytest.mark.parametrize("address", ["http://evil.example/x", "HTTPS://evil.example", "www.evil.example"])
def test_markdown_makes_no_link_of_a_bare_address(address: str) -> None:
    """As GitHub does of one that stands there as it is; escaped, it reads the same and is none."""
    text = reports.markdown(polluted(address, "stored"), "en")
    assert address not in text
    assert address in text.replace("\\", "")


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", EVIL)
def test_junit_makes_nothing_of_it(name: str, road: str) -> None:
    def shape(words: str) -> list[str]:
        return [element.tag for element in ET.fromstring(reports.junit(polluted(words, road))).iter()]

    assert shape(EVIL[name]) == shape("harmless")


@pytest.mark.parametrize("name", EVIL)
def test_a_new_result_holds_no_hidden_sign(name: str) -> None:
    """What the console, ``--json`` and ``result.json`` show comes from the evidence itself."""
    found = [e for test in made_result(message=EVIL[name]).tests for a in test.answers for e in a.evidence]
    assert found
    for evidence in found:
        assert harm_in(evidence.ja + evidence.en + str(evidence.data["message"])) == []
        assert "\n" not in evidence.ja + evidence.en + str(evidence.data["message"])
