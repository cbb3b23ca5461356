"""The list of sessions as plain values: pages, figures, filters, orders, report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.offer import OFFERS
from api_client.models import Message, Report, SessionDetail, SessionPage
from recordings.library import Library
from relay.stream import Latency
from tests.tui import scripted
from tests.tui.fake_services import make_session
from tui.host.session_templates import Template, TemplatesUnreadable, load, save, with_template
from tui.sessions.figures import Figures, KnownFigures, RecordedLatency, recorded_latencies
from tui.sessions.listing import Listing
from tui.sessions.report import report_lines, score_bars
from tui.sessions.templates import of_session
from tui.sessions.view import ORDERS, Row, View, next_order
from tui.sessions.words import judged


def page(number: int, ids: list[int], count: int) -> SessionPage:
    return SessionPage(count=count, page=number, results=tuple(make_session(n) for n in ids))


def row(number: int, figures: Figures | None = None, **changes: Any) -> Row:
    return Row(make_session(number, **changes), figures or Figures())


def numbers(rows: list[Row]) -> list[int]:
    return [int(one.session.id[-12:]) for one in rows]


def test_listing_is_read_page_by_page() -> None:
    listing = Listing()
    complete = [listing.complete]
    for number, ids in ((1, [5, 4, 3]), (2, [3, 2, 1])):  # one has moved down meanwhile
        listing.append(number, page(number, ids, 5))
        complete.append(listing.complete)
    assert complete == [False, False, True]
    assert listing.pages([make_session(2).id]) == [1, 2]
    assert listing.pages([make_session(5).id]) == [1]


@pytest.mark.parametrize(
    ("again", "count", "in_step"),
    [([5, 4, 3], 5, True), ([6, 5, 4], 6, False), ([5, 4, 3], 4, False), ([5, 3, 2], 5, False)],
)
def test_listing_notices_what_came_went_or_moved(again: list[int], count: int, in_step: bool) -> None:
    listing = Listing()
    listing.append(1, page(1, [5, 4, 3], 5))
    listing.append(2, page(2, [2, 1], 5))
    assert listing.update(1, page(1, again, count)) is in_step


def test_only_what_is_known_is_shown() -> None:
    known = KnownFigures()
    silent, telling = make_session(1), make_session(2, message_count=4, total_score=70)
    assert known.of(silent) == Figures()
    assert known.of(telling) == Figures(4, 70)
    assert known.lacking([silent, telling]) == [silent.id]
    message = Message(id=1, role="salesperson", message="a", sequence=1)
    known.take(SessionDetail(id=silent.id, messages=(message,)))
    assert known.of(silent) == Figures(1)
    assert known.lacking([silent]) == []
    finished = make_session(1, status="finished")
    assert known.of(finished) == Figures()  # a score may have come since
    known.take(SessionDetail(id=silent.id, status="finished", report=Report(id=1, spin_scores={"total": 61})))
    assert known.of(finished) == Figures(0, 61)
    known.forget_unfinished()
    assert known.of(finished) == Figures(0, 61)


def test_latency_comes_from_the_newest_recording_that_measured_any(record: Any, tmp_path: Path) -> None:
    def latency(ms: float) -> list[Any]:
        one = Latency(t=1.0, turn=1, item_id="x", response_latency_ms=ms, basis="speech")
        return [*scripted.opening(), one, *scripted.end()]

    record("a", latency(900.0), started_at="2026-11-22T10:00:00+00:00")
    record("b", latency(700.0), started_at="2026-11-22T11:00:00+00:00")
    record("c", [*scripted.opening(), *scripted.end()], started_at="2026-11-22T12:00:00+00:00")
    found = recorded_latencies(Library(tmp_path / "recordings").entries())
    assert found == {scripted.SESSION_ID: RecordedLatency(700.0, 1)}


def test_sessions_of_acceptance_runs_are_hidden_unless_wanted() -> None:
    rows = [row(1), row(2, value_proposition=OFFERS["ja"][1]), row(3, value_proposition=OFFERS["en"][1])]
    assert numbers(View().pick(rows)) == [1]
    assert numbers(View(acceptance=True).pick(rows)) == [1, 2, 3]


def test_search_and_only_active() -> None:
    rows = [
        row(1, industry="ＩＴサービス", customer_pain="reports take long"),
        row(2, industry="IT", status="finished"),
        row(3, industry="小売", value_proposition="LINE で在庫"),
    ]
    assert numbers(View(words="it").pick(rows)) == [1, 2]
    assert numbers(View(words="IT REPORTS").pick(rows)) == [1]
    assert numbers(View(words="ｌｉｎｅ").pick(rows)) == [3]
    assert numbers(View(words=rows[2].session.id).pick(rows)) == [3]
    assert numbers(View(words="it", only_active=True).pick(rows)) == [1]
    assert View(words="x").narrowed and View(only_active=True).narrowed and not View(acceptance=True).narrowed


def test_orders() -> None:
    rows = [
        row(4, Figures(2, None, RecordedLatency(300.0, 1)), industry="b"),
        row(3, Figures(9, 20.0), industry=""),
        row(2, Figures(), industry="A"),
        row(1, Figures(2, 90.0, RecordedLatency(800.0, 3)), industry="c"),
    ]
    picked = {order: numbers(View(order=order).pick(rows)) for order in ORDERS}
    assert picked == {
        "started": [4, 3, 2, 1],
        "industry": [2, 4, 1, 3],
        "turns": [3, 4, 1, 2],
        "score": [1, 3, 4, 2],
        "latency": [1, 4, 3, 2],
    }
    assert [next_order(order) for order in ORDERS] == [*ORDERS[1:], "started"]


@given(st.text(max_size=20), st.sampled_from(ORDERS), st.booleans(), st.booleans())
def test_a_view_never_invents_or_doubles_a_row(
    words: str, order: Any, active: bool, acceptance: bool
) -> None:
    rows = [row(n, Figures(n % 3 or None), status="finished" if n % 2 else "active") for n in range(6)]
    picked = numbers(View(words, active, acceptance, order).pick(rows))
    assert len(picked) == len(set(picked)) and set(picked) <= set(range(6))


def test_bars_are_shares_of_the_maximum_that_the_server_gives() -> None:
    details = {"maximum": {"total": 100, "dimension": 20, "stage": 25}}
    scores: dict[str, int | float | None] = {"total": 30, "exploration": 10, "situation": 25, "need": None}
    aspects, questions = score_bars(Report(id=1, spin_scores=scores, scoring_details=details))
    assert [(bar.maximum, bar.share) for bar in aspects] == [(20, 0.5)]
    assert [(bar.maximum, bar.share) for bar in questions] == [(25, 1.0), (25, 0.0)]
    text = "\n".join(str(line) for line in report_lines(Report(id=1, spin_scores=scores), plain=True))
    assert "Score: 30" in text and "gives no maximum" in text and "##############" in text


@pytest.mark.parametrize("details", [None, [], {"maximum": 3}, {"maximum": {"dimension": 0, "stage": "x"}}])
def test_bars_without_a_maximum_compare_with_the_highest(details: Any) -> None:
    report = Report(
        id=1, spin_scores={"exploration": 4, "implication": 8, "odd": -1}, scoring_details=details
    )
    aspects, rest = score_bars(report)
    assert [(bar.maximum, bar.share) for bar in aspects] == [(None, 0.5), (None, 1.0)]
    assert [bar.share for bar in rest] == [0.0]
    assert score_bars(Report(id=1)) == []


def test_what_the_server_made_of_a_turn() -> None:
    message = Message(id=1, role="salesperson", message="a", sequence=1)
    assert judged(message) == ""
    full = Message(
        id=1, role="salesperson", message="a", sequence=1, spin_stage="P", success_delta=5,
        stage_evaluation="advance",
    )  # fmt: skip
    assert judged(full) == "P Problem, a step forward, chance +5 %"


def test_templates_are_kept(tmp_path: Path) -> None:
    first = Template("b", of_session(make_session(1, customer_pain="一\n二")))
    templates = with_template(with_template([], first), Template("A", of_session(make_session(2))))
    save(tmp_path, templates)
    assert load(tmp_path) == templates
    assert [one.name for one in templates] == ["A", "b"]
    assert (tmp_path / "templates.json").stat().st_mode & 0o077 == 0
    assert with_template(templates, Template("b", templates[0].session))[1].session == templates[0].session


def test_damaged_templates_are_not_taken_for_none(tmp_path: Path) -> None:
    assert load(tmp_path) == []
    (tmp_path / "templates.json").write_text('[{"name": 3}]')
    with pytest.raises(TemplatesUnreadable):
        load(tmp_path)
