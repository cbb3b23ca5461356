"""The page is whole, harmless and on its own."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.figures import Row, Usage, figures
from load.report import POINTS, Words, page
from load.result import Result
from tests.evil_strings import EVIL

WORDS = Words("en", "title", "users", "latency", "errors", "server", "s")


def result(rows: list[Row], server: str = "http://127.0.0.1") -> Result:
    return Result(
        began_at="2026-01-01T00:00:00+00:00", server=server, profile="browser", users=1, spawn_rate=1,
        ending="duration", valid=True, total=figures(rows), rows=rows,
    )  # fmt: skip


class Elements(HTMLParser):
    """The names of all elements, and every address that they name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_a_server_says_stays_text(evil: str) -> None:
    rows = [Row(1, 1, 1, {"answer": [1.0]}, {}, {evil: 1}, Usage(0.5, 10))]
    found = Elements()
    found.feed(page(result(rows, evil), WORDS, [evil], [[("a", "b"), (evil, evil)]]))
    assert "script" not in found.names
    assert "img" not in found.names
    assert found.addresses == []


@given(st.lists(st.floats(0, 10_000), max_size=30), st.integers(0, 1000))
def test_charts_stay_within_their_frame_and_are_bounded(answers: list[float], seconds: int) -> None:
    rows = [Row(float(t), 5, t % 5, {"answer": answers}, {}, {}) for t in range(seconds)]
    html = page(result(rows), WORDS, [], [[("a",)]])
    drawn = [point for line in re.findall('points="([^"]*)"', html) for point in line.split()]
    points = [tuple(map(float, point.split(","))) for point in drawn]
    assert all(0 <= x <= 870 and 0 <= y <= 180 for x, y in points)
    assert len(points) <= 4 * POINTS
