"""JUnit XML, as CI servers read it: a suite for each test (or attempt at a scenario), a case for each checkpoint.

A failed checkpoint is a ``failure``. One selected but not answered is an ``error``: nothing passes for lack of
evidence. What does not apply is ``skipped``. Tests that were not selected are left out.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from acceptance.redaction import redact
from acceptance.reports.wording import Language, Words, place, point_of, seconds_between
from acceptance.results import Answer, RunResult, TestResult, Verdict
from api_client.harmless import one_line

_OUTCOMES: dict[Verdict, str] = {"fail": "failure", "not_run": "error", "not_applicable": "skipped"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even as a reference."""


def junit(result: RunResult, language: Language = "en") -> str:
    """The report as an XML document, with its declaration."""
    words = Words(language)
    root = ET.Element("testsuites", name="salesmind check" if result.scenarios is None else "salesmind run")
    suites = [_suite(test, result, words) for test in result.tests if test.number in result.selected]
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    _set_time(root, result.started_at, result.finished_at)
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(test: TestResult, result: RunResult, words: Words) -> ET.Element:
    suite = ET.Element("testsuite", name=_clean(words.title(test)))
    verdicts = [answer.verdict for answer in test.answers]
    suite.set("tests", str(len(verdicts)))
    suite.set("failures", str(verdicts.count("fail")))
    suite.set("errors", str(verdicts.count("not_run")))
    suite.set("skipped", str(verdicts.count("not_applicable")))
    if test.started_at is not None:
        # The schema's timestamp has neither a fraction nor a zone; ours are UTC.
        suite.set("timestamp", test.started_at[:19])
    _set_time(suite, test.started_at, test.finished_at)
    _properties(suite, test, result)
    suite.extend(_case(answer, test, words) for answer in test.answers)
    if test.note:
        ET.SubElement(suite, "system-out").text = _clean(f"{words('note')}: {test.note}")
    return suite


def _properties(suite: ET.Element, test: TestResult, result: RunResult) -> None:
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("run", result.id),
        ("server_url", result.server_url),
        ("console_version", result.console_version),
        ("username", result.username),
        ("verdict", test.verdict),
        ("verdict.beyond", test.beyond),
        ("conditions.minimum", result.minimum),
        ("conditions.ideal", result.ideal),
        ("aborted", str(result.aborted).lower()),
        ("scenario", test.scenario),
        ("attempt", None if test.scenario is None else str(test.attempt)),
    ):
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=_clean(value))


def _case(answer: Answer, test: TestResult, words: Words) -> ET.Element:
    of = f"test{test.number}.{point_of(answer).origin}" if test.title is None else test.scenario or "limits"
    case = ET.Element("testcase", classname=_clean(f"salesmind.{of}"))
    case.set("name", _clean(f"{answer.checkpoint}: {words.point(answer)}"))
    told = "\n".join(map(_clean, _evidence_lines(answer, words)))
    outcome = _OUTCOMES.get(answer.verdict)
    if outcome is None:
        ET.SubElement(case, "system-out").text = told
        return case
    first = words.of(answer.evidence[0]) if answer.evidence else words("no_evidence")
    child = ET.SubElement(case, outcome, message=_clean(first))
    if outcome != "skipped":
        child.set("type", answer.verdict)
    child.text = told
    return case


def _evidence_lines(answer: Answer, words: Words) -> list[str]:
    lines = []
    for evidence in answer.evidence:
        stands = ", ".join(part for part in (evidence.at, place(evidence)) if part)
        lines.append(words.of(evidence) + (f" [{stands}]" if stands else ""))
    if answer.answered_by is not None:
        lines.append(f"{words('judged_by')}: {answer.answered_by}")
    return lines or [words("no_evidence")]


def _set_time(element: ET.Element, start: str | None, end: str | None) -> None:
    took = seconds_between(start, end)
    if took is not None:
        element.set("time", f"{max(0.0, took):.3f}")


def _clean(text: str) -> str:
    """On one line: a break in it would look like another piece of evidence."""
    return _NOT_XML.sub("\ufffd", redact(one_line(text)))
