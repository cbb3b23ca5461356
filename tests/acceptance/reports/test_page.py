"""The page: everything is in it, nothing breaks out of it, nothing is fetched by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acceptance import reports
from acceptance.checkpoints import CHECKPOINTS
from acceptance.reports.markup import Markup, element, text
from acceptance.reports.wording import Language
from acceptance.results import ConversationRecord, RunResult, TestResult
from tests.acceptance.made_results import made_result

VOID = {"meta", "br"}
HOSTILE = (
    "</style></title><script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</svg><svg onload=alert(1)>",
    "<!--",
    "]]>&lt;b&gt;",
    "javascript:alert(1)",
    "\x00\x08\x1b[31m\ufffe\ud83d",
    "{} {0} %s {name}",
)


class Reader(HTMLParser):
    """Elements with their attributes, and the text, of a page whose elements must be properly nested."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    @property
    def tags(self) -> Counter[str]:
        return Counter(tag for tag, _ in self.elements)

    @property
    def content(self) -> str:
        return " ".join(self.words)


def polluted(words: str) -> RunResult:
    """A result that says ``words`` wherever a server, a user or an operator can put some."""
    result = made_result(
        message=words, server_url=words, username=words, second_user=words, source=words,
        console_version=words, session_ids=(words,),
        conversations=(ConversationRecord(name=words, test=2, session_id=words, directory=None, log=None),
                       ConversationRecord(name="t2", test=2, session_id=words, directory="t2", log=None)),
    )  # fmt: skip

    def noted(test: TestResult) -> TestResult:
        return msgspec.structs.replace(test, note=words, started_at=words)

    return msgspec.structs.replace(result, tests=tuple(noted(test) for test in result.tests))


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(record: Callable[..., Path], words: str) -> None:
    from_recording = words.encode("utf-8", "replace").decode()
    benign = Reader(reports.html(polluted("benign"), "en", record(recorded_events("benign"))))
    directory = record(recorded_events(from_recording))
    page = Reader(reports.html(polluted(words), "en", directory))
    assert page.tags == benign.tags
    assert [attributes.keys() for _, attributes in page.elements] == [
        attributes.keys() for _, attributes in benign.elements
    ]


def recorded_events(words: str) -> list[object]:
    """Events with ``words`` wherever a server can put some."""
    from relay.stream import Item, Notice, Problem, ProtocolEvent, Transcript

    return [
        Problem(t=1.0, where="server", code="c", message=words, params={"x": words}),
        Notice(t=1.1, code="c", message=words),
        Item(t=1.2, item_id="i", role="user"),
        Transcript(t=1.3, item_id="i", role="user", text=words or "x", final=True),
        ProtocolEvent(t=1.4, direction="in", type=words or "x", size_bytes=1, connection=1, known=False,
                      payload={"a": words}),
    ]  # fmt: skip


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.text(min_size=1))
def test_any_words_stay_words(words: str) -> None:
    page = Reader(reports.html(polluted(words), "ja"))
    assert page.tags == Reader(reports.html(polluted("benign"), "ja")).tags


def test_nothing_is_fetched_and_nothing_runs(run_directory: Path) -> None:
    result = made_result(server_url="https://example.com")
    page = Reader(reports.html(result, "en", run_directory))
    assert (
        not {"script", "img", "link", "iframe", "object", "embed", "base", "form", "use", "image"}
        & page.tags.keys()
    )
    for _tag, attributes in page.elements:
        assert not {"src", "style", "srcset", "data", "action"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    style = page.words[next(n for n, word in enumerate(page.words) if "color-scheme" in word)]
    assert "url(" not in style and "@import" not in style
    policies = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_checkpoint_is_there_with_its_evidence(language: Language) -> None:
    page = Reader(reports.html(made_result(), language))
    assert page.tags["details"] == len(CHECKPOINTS)
    assert all(getattr(point, language) in page.content for point in CHECKPOINTS)
    assert page.content.count("t2 +5.250 s") == len(CHECKPOINTS)
    assert page.elements[0] == ("html", {"lang": language})


def test_what_failed_is_open_from_the_start() -> None:
    result = made_result(verdicts_by_id={"t3.killed": "fail", "t4.slow": "not_run"})
    page = Reader(reports.html(result, "en"))
    assert sum("open" in attributes for tag, attributes in page.elements if tag == "details") == 2


def test_links_lead_to_something() -> None:
    page = Reader(reports.html(made_result(selected=(1, 3)), "en"))
    ids = {attributes.get("id") for _, attributes in page.elements}
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    assert links == ["#test-1", "#test-3"]
    assert {str(link)[1:] for link in links} <= ids


def test_the_recorded_conversation_is_drawn(run_directory: Path) -> None:
    page = Reader(reports.html(made_result(), "en", run_directory))
    assert page.tags["svg"] == 5  # timeline, waveform, chunk rate, response latency, lateness
    classes = Counter(attributes.get("class") for _, attributes in page.elements)
    assert classes["wave user"] == classes["wave customer"] == 1
    assert classes["bar user"] == classes["bar customer"] == 1
    assert classes["dot fail"] == 2  # the error and the loss of the connection
    assert classes["dot pass"] == len(CHECKPOINTS)  # all evidence stands in t2
    for words in (
        "312 ms",
        "25.00 expected",
        "お困りのことは",
        "棚卸しです",
        "peak -6.0 dBFS",
        "peak -12.0 dBFS",
    ):
        assert words in page.content, words


def test_a_recording_that_is_gone_is_said(tmp_path: Path) -> None:
    page = Reader(reports.html(made_result(directory=str(tmp_path)), "en"))
    assert "Recording not found: t2" in page.content
    assert page.tags["svg"] == 0


def test_elements_escape_all_but_markup() -> None:
    inner = element("b", "<x>")
    assert inner == "<b>&lt;x&gt;</b>"
    assert element("p", inner, "&", title='"', open=True, hidden=False, width=1.5) == (
        '<p title="&quot;" open width="1.5"><b>&lt;x&gt;</b>&amp;</p>'
    )
    assert not isinstance(inner + "x", Markup)  # what is glued together by hand is text again
    assert text(f"{inner}").startswith("&lt;")
