"""The document's own result table (テスト結果記録), filled in, with the checkpoints and their evidence below.

Of a run of scenarios: a table of the scenarios, the figures, and every expectation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import tzinfo

from acceptance.checkpoints import CONDITIONS, REMINDERS, TESTS
from acceptance.redaction import redact
from acceptance.reports.wording import SIGNS, Language, Words, figure_rows, place, point_of
from acceptance.results import Answer, RunResult, ScenarioRun, TestResult, Verdict
from api_client.harmless import harmless_text


def markdown(result: RunResult, language: Language = "ja", *, zone: tzinfo | None = None) -> str:
    """The whole report as GitHub-flavoured Markdown. ``zone``: of the times; None is this machine's."""
    words = Words(language, zone)
    return "\n".join(_lines(result, words)) + "\n"


def _lines(result: RunResult, words: Words) -> Iterator[str]:
    if result.scenarios is not None:
        yield from _scenarios(result, result.scenarios, words)
        return
    yield f"# {words('subtitle')}"
    yield ""
    yield from _facts(result, words)
    yield ""
    yield f"## 📊 {words('table')}"
    yield ""
    yield from result_table(result, words)
    yield ""
    yield f"## 🎯 {words('conditions')}"
    for level, verdict in (("minimum", result.minimum), ("ideal", result.ideal)):
        yield ""
        yield f"### {words(level)}: {_verdict(verdict, words)}"
        yield ""
        met = {condition.id: condition.verdict for condition in result.conditions}
        for condition in CONDITIONS:
            if condition.level == level:
                yield f"- {SIGNS[met.get(condition.id, 'not_run')]} {cell(words.of(condition))}"
    yield ""
    yield f"## 🧪 {words('checkpoints')}"
    for test in result.tests:
        if test.number in result.selected:
            yield ""
            yield from _test(test, words)


def _scenarios(result: RunResult, run: ScenarioRun, words: Words) -> Iterator[str]:
    yield f"# {words('scenario_title')}: {_verdict(result.document, words)}"
    yield ""
    yield from _run_facts(result, words)
    if result.aborted:
        yield f"- ⚠️ **{words('aborted')}**"
    yield ""
    yield f"## {words('scenarios')}"
    yield ""
    yield f"| {words('scenarios')} | {words('result')} | {words('note')} |"
    yield "|---|---|---|"
    for one in run.scenarios:
        sign = SIGNS["pass" if one.passed == one.runs else "fail"]
        yield f"| {cell(words.of(one.title))} (`{cell(one.name)}`) | {sign} | {words.attempts(one)} |"
    yield ""
    yield f"## {words('figures')}"
    yield ""
    yield f"| {words('figure')} | {words('value')} | {words('samples')} |"
    yield "|---|---|---|"
    for row in figure_rows(result, words):
        yield f"| {' | '.join(map(cell, row))} |"
    for test in result.tests:
        yield ""
        yield f"## {cell(words.title(test))}: {_verdict(test.verdict, words)}"
        yield ""
        for answer in test.answers:
            yield from _answer(answer, words)


def _run_facts(result: RunResult, words: Words) -> Iterator[str]:
    facts = (
        ("run", result.id),
        ("when", words.time(result.started_at)),
        ("duration", words.seconds(result.started_at, result.finished_at)),
        ("server", result.server_url),
        ("user", result.username),
        ("console_version", result.console_version),
    )
    for label, value in facts:
        yield f"- **{words(label)}**: {cell(value)}"


def _facts(result: RunResult, words: Words) -> Iterator[str]:
    yield from _run_facts(result, words)
    yield f"- **{words('source')}**: {cell(f'{result.source} ({result.chunk_bytes} bytes/chunk)')}"
    yield f"- **{words('document')}**: {_verdict(result.document, words)}"
    yield f"- **{words('beyond')}**: {_verdict(result.beyond, words)}"
    if result.aborted:
        yield f"- ⚠️ **{words('aborted')}**"
    for reminder in REMINDERS:
        yield f"- ℹ️ {cell(words.of(reminder))}"


def result_table(result: RunResult, words: Words) -> Iterator[str]:
    """The four rows of テスト結果記録."""
    titles = [words(label) for label in ("item", "when", "result", "note")]
    yield f"| {' | '.join(titles)} |"
    yield "|-----------|---------|------|------|"
    rows = {test.number: test for test in result.tests}
    for title in TESTS:
        test = rows[title.number]
        name = title.row_ja if words.language == "ja" else title.row_en
        when = words.time(test.started_at)
        # The document leaves a box to fill in; what was not asked for stays that way.
        shown = _verdict(test.verdict, words) if test.number in result.selected else SIGNS["not_run"]
        yield f"| {name} | {when} | {shown} | {cell(remarks(test, result, words))} |"


def remarks(test: TestResult, result: RunResult, words: Words) -> str:
    """備考: the operator's note, then what failed or was not run.

    The row's verdict is over the document's checkpoints alone, so the others are marked.
    """
    if test.number not in result.selected:
        return test.note
    parts = [test.note] if test.note else []
    for verdict, label in (("fail", "failed_points"), ("not_run", "missing_points")):
        named = [_named(answer, words) for answer in test.answers if answer.verdict == verdict]
        if named:
            parts.append(f"{words(label)}: {', '.join(named)}")
    return "; ".join(parts)


def _named(answer: Answer, words: Words) -> str:
    mark = f" ({words('beyond_mark')})" if point_of(answer).origin == "beyond" else ""
    return words.point(answer) + mark


def _test(test: TestResult, words: Words) -> Iterator[str]:
    yield f"### {words.title(test)}"
    for origin, verdict in (("document", test.verdict), ("beyond", test.beyond)):
        answers = [answer for answer in test.answers if point_of(answer).origin == origin]
        if not answers:
            continue
        yield ""
        yield f"**{words(origin)}**: {_verdict(verdict, words)}"
        yield ""
        for answer in answers:
            yield from _answer(answer, words)


def _answer(answer: Answer, words: Words) -> Iterator[str]:
    yield f"- {SIGNS[answer.verdict]} {cell(words.point(answer))} (`{answer.checkpoint}`)"
    for evidence in answer.evidence:
        stands = ", ".join(part for part in (words.clock(evidence.at), place(evidence)) if part)
        yield f"  - {cell(words.of(evidence))}" + (f" ({cell(stands)})" if stands else "")
    if answer.answered_by is not None:
        yield f"  - {words('judged_by')}: {cell(answer.answered_by)}"


def _verdict(verdict: Verdict, words: Words) -> str:
    return f"{SIGNS[verdict]} {words.verdict(verdict)}"


_SPECIAL = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\`*_[]|~#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)

_LINKED = re.compile(r"(:|\bwww)(//|\.)", re.IGNORECASE)


def cell(text: str) -> str:
    """``text`` on one line, escaped for Markdown: safe in a table and in a list.

    GitHub's also makes links of bare addresses; a server's must not lead anywhere.
    """
    words = " ".join(redact(harmless_text(text)).split()).translate(_SPECIAL)
    return _LINKED.sub(r"\1\\\2", words)
