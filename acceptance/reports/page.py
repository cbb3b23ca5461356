"""One HTML page with a whole run: no scripts, no other files, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from pathlib import Path

from acceptance.checkpoints import CONDITIONS, REMINDERS, TESTS
from acceptance.reports.checkpoint_tree import badge, checkpoint_tree
from acceptance.reports.conversation_view import conversations
from acceptance.reports.markdown_table import remarks
from acceptance.reports.markup import Markup, document, element, join, style_sheet
from acceptance.reports.wording import Language, Words, figure_rows
from acceptance.results import RunResult, ScenarioRun, Verdict, combine

NOTHING_ELSE = "default-src 'none'; style-src 'unsafe-inline'"
"""The page may load nothing, not even from itself."""
SOUND_INSIDE = f"{NOTHING_ELSE}; media-src data:"
"""Nothing but sound that is in it."""


def html(
    result: RunResult,
    language: Language = "ja",
    directory: Path | None = None,
    *,
    zone: tzinfo | None = None,
) -> str:
    """The page. Recordings are read from ``directory`` (None: where the result says that the run's files are).

    What cannot be read is said in its place; nothing is raised for it.
    """
    words = Words(language, zone)
    if directory is None and result.directory is not None:
        directory = Path(result.directory)
    tests = [test for test in result.tests if test.number in result.selected]
    main = element(
        "main",
        _head(result, words),
        *(
            _of_procedure(result, words)
            if result.scenarios is None
            else _of_scenarios(result, result.scenarios, words)
        ),
        _section(
            words("checkpoints" if result.scenarios is None else "scenario"),
            *(checkpoint_tree(test, words) for test in tests),
            *(element("p", words.of(reminder), class_="muted") for reminder in REMINDERS),
        ),
        _section(
            words.choose(("会話", "Conversations")),
            *conversations(result, directory, words),
        ),
        element("footer", f"SalesMind Console {result.console_version} · {result.id}"),
    )
    title = f"{_title(result, words)} - {words.time(result.started_at)} - {result.server_url}"
    return page(title, main, language)


def page(title: str, main: Markup, language: Language, *, policy: str = NOTHING_ELSE) -> str:
    """``main`` as a whole page in the reports' style."""
    return document(_meta(title, policy), element("body", main), language=language)


def _meta(title: str, policy: str) -> Markup:
    css = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        style_sheet(css),
    )


def _section(title: str, *content: Markup) -> Markup:
    return element("section", element("h2", title), *content)


def _title(result: RunResult, words: Words) -> str:
    return words("title" if result.scenarios is None else "scenario_title")


def _of_procedure(result: RunResult, words: Words) -> tuple[Markup, ...]:
    return (
        _section(words("table"), _table(result, words)),
        _section(words("conditions"), element("div", _conditions(result, words), class_="columns")),
    )


def _of_scenarios(result: RunResult, run: ScenarioRun, words: Words) -> tuple[Markup, ...]:
    scenarios = (
        element(
            "tr",
            element("th", words.of(one.title), scope="row"),
            element("td", badge("pass" if one.passed == one.runs else "fail", words)),
            element("td", words.attempts(one)),
        )
        for one in run.scenarios
    )
    figures = (element("tr", (element("td", cell) for cell in row)) for row in figure_rows(result, words))
    return (
        _section(words("scenarios"), _rows(("scenarios", "result", "note"), scenarios, words)),
        _section(words("figures"), _rows(("figure", "value", "samples"), figures, words)),
    )


def _rows(titles: tuple[str, ...], rows: Iterable[Markup], words: Words) -> Markup:
    head = element("tr", (element("th", words(label), scope="col") for label in titles))
    table = element("table", element("thead", head), element("tbody", rows), class_="record")
    return element("div", table, class_="card scroll")


def _head(result: RunResult, words: Words) -> Markup:
    whole: Verdict = combine([v for v in (result.document, result.beyond) if v != "not_applicable"])
    aborted = element("p", words("aborted"), class_="warning") if result.aborted else join()
    cards = element(
        "div",
        (
            element("div", element("span", words(name)), badge(verdict, words), class_=f"verdict {verdict}")
            for name, verdict in (
                ("document", result.document),
                ("minimum", result.minimum),
                ("ideal", result.ideal),
                ("beyond", result.beyond),
            )
        ),
        class_="verdicts",
    )
    procedure = (element("p", words("subtitle"), class_="muted"), cards)
    return element(
        "header",
        element("p", "SalesMind Console", class_="brand"),
        element("h1", _title(result, words), badge(whole, words)),
        aborted,
        *(procedure if result.scenarios is None else ()),
        element("dl", _facts(result, words), class_="facts"),
    )


def _facts(result: RunResult, words: Words) -> Iterator[Markup]:
    sessions = join(element("span", name, class_="session") for name in result.session_ids)
    facts = (
        ("server", result.server_url),
        ("when", words.time(result.started_at)),
        ("duration", words.seconds(result.started_at, result.finished_at)),
        ("user", result.username),
        ("second_user", result.second_user),
        ("source", result.source),
        ("chunk_bytes", f"{result.chunk_bytes} bytes" if result.chunk_bytes else ""),
        ("sessions", sessions),
        ("run", result.id),
    )
    for label, value in facts:
        if value:
            yield element("div", element("dt", words(label)), element("dd", value))


def _table(result: RunResult, words: Words) -> Markup:
    titles = [element("th", words(label), scope="col") for label in ("item", "when", "result", "note")]
    rows = {test.number: test for test in result.tests}
    body = []
    for title in TESTS:
        test = rows[title.number]
        selected = test.number in result.selected
        name = title.row_ja if words.language == "ja" else title.row_en
        link = element("a", name, href=f"#test-{test.number}") if selected else name
        note = remarks(test, result, words) if selected else words("not_selected")
        body.append(
            element(
                "tr",
                element("th", link, scope="row"),
                element("td", words.time(test.started_at), class_="time"),
                element("td", badge(test.verdict if selected else "not_run", words)),
                element("td", note),
            )
        )
    table = element("table", element("thead", element("tr", titles)), element("tbody", body), class_="record")
    return element("div", table, class_="card scroll")


def _conditions(result: RunResult, words: Words) -> Iterator[Markup]:
    met = {condition.id: condition.verdict for condition in result.conditions}
    for level, verdict in (("minimum", result.minimum), ("ideal", result.ideal)):
        rows = (
            element("li", badge(met.get(condition.id, "not_run"), words), words.of(condition))
            for condition in CONDITIONS
            if condition.level == level
        )
        head = element("h3", words(level), badge(verdict, words))
        yield element("article", head, element("ul", rows, class_="conditions"), class_="card")
