"""Screenshots as a film: every frame is in it, and what does not change is in it once."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from scripts.animated_svg import animated
from tui.host.screenshot import in_cells

SVG = "{http://www.w3.org/2000/svg}"


class Counting(App[None]):
    """Two rows, of which one changes."""

    def compose(self) -> ComposeResult:
        yield Static("always the same")
        yield Static("はじめ", id="changing")


@pytest.fixture
async def frames() -> list[str]:
    app, found = Counting(), []
    async with app.run_test(size=(40, 6)) as pilot:
        for words in ("はじめ", "middle <&>", "end"):
            app.query_one("#changing", Static).update(words, layout=True)
            await pilot.pause()
            found.append(in_cells(app.export_screenshot()))
    return found


def words_of(element: ET.Element) -> str:
    return "".join(element.itertext()).replace("\xa0", " ").strip()


def test_what_stays_is_kept_once_and_what_changes_is_shown_in_turn(frames: list[str]) -> None:
    picture = animated(frames, 1.0)
    root = ET.fromstring(picture)
    texts = [words_of(text) for text in root.iter(f"{SVG}text")]
    assert texts.count("always the same") == 1
    groups = [group for group in root.iter(f"{SVG}g") if group.get("class")]
    assert [words_of(group) for group in groups] == ["はじめ", "middle <&>", "end"]
    assert [group.get("visibility") for group in groups] == [
        "hidden",
        "hidden",
        None,
    ]  # still: the last frame
    ends = re.findall(r"([\d.]+)%\{visibility:visible\}", picture)
    assert [float(end) for end in ends] == pytest.approx([0.0, 100 / 5.5, 200 / 5.5], abs=0.01)


def test_a_film_of_one_frame_is_a_picture(frames: list[str]) -> None:
    assert "@keyframes" not in animated(frames[:1], 1.0)


def test_no_frames() -> None:
    with pytest.raises(ValueError, match="no frames"):
        animated([], 1.0)


def test_japanese_takes_two_cells_in_a_screenshot(frames: list[str]) -> None:
    found = re.search(r'textLength="([\d.]+)"[^>]*>はじめ', frames[0])
    assert found
    assert float(found[1]) == pytest.approx(6 * 12.2)
    cut = in_cells('<text class="r" x="12.2" y="1" textLength="48.8" clip-path="c">WS接続</text>')
    assert re.findall(r'x="([\d.]+)" y="1" textLength="([\d.]+)"[^>]*>([^<]*)<', cut) == [
        ("12.2", "24.4", "WS"),
        ("36.6", "48.8", "接続"),
    ]
    assert in_cells(cut) == cut
