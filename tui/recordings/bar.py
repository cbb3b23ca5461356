"""Where a replay is: a line of words, and a line of cells with turns, errors and the loop marked."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, Resize
from textual.message import Message
from textual.widgets import Static

from tui.tones import STYLES, Tone

HEAD, TURN, ERROR, PLAYED, TO_COME = ">", "|", "!", "=", "-"


def position_cells(
    width: int,
    end: float,
    t: float,
    *,
    turns: Sequence[float] = (),
    errors: Sequence[float] = (),
    loop: tuple[float, float | None] | None = None,
) -> str:
    """``width`` characters for the seconds 0 to ``end``. Where several fall together, the rarest is shown:
    the place itself, the ends of the loop (A, B), an error, a turn."""

    def cell(moment: float) -> int:
        return max(0, min(width - 1, int(moment / end * width))) if end > 0 else 0

    if width <= 0:
        return ""
    place = cell(t)
    cells = [PLAYED] * place + [TO_COME] * (width - place)
    for moment in turns:
        cells[cell(moment)] = TURN
    for moment in errors:
        cells[cell(moment)] = ERROR
    if loop is not None:
        for letter, edge in zip("AB", loop, strict=True):
            if edge is not None:
                cells[cell(edge)] = letter
    cells[place] = HEAD
    return "".join(cells)


_TONES: dict[str, Tone] = {ERROR: "bad", HEAD: "good", "A": "warn", "B": "warn", TO_COME: "dim"}


class PositionBar(Vertical):
    """Shows what ``show`` is given; a click on the cells asks to go there."""

    class Clicked(Message):
        """To the part ``place`` (0 to 1) of the recording."""

        def __init__(self, place: float) -> None:
            super().__init__()
            self.place = place

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._end = 0.0
        self._t = 0.0
        self._turns: Sequence[float] = ()
        self._errors: Sequence[float] = ()
        self._loop: tuple[float, float | None] | None = None
        self._shown: tuple[Content, str] | None = None
        self._words = Content("")

    def compose(self) -> ComposeResult:
        """Words above, cells below."""
        yield Static(id="place-words")
        yield Static(id="place-cells")

    def holds(self, end: float, turns: Sequence[float], errors: Sequence[float]) -> None:
        """The recording: its length in seconds, when turns began and errors came."""
        self._end, self._turns, self._errors = end, turns, errors

    def show(self, words: Content, t: float, loop: tuple[float, float | None] | None) -> None:
        """Paint, if anything changed."""
        self._words, self._t, self._loop = words, t, loop
        self._paint()

    def on_resize(self, _event: Resize) -> None:
        """As many cells as there are columns."""
        self._paint()

    def _paint(self) -> None:
        width = self.query_one("#place-cells").content_size.width
        cells = position_cells(
            width, self._end, self._t, turns=self._turns, errors=self._errors, loop=self._loop
        )
        if self._shown != (self._words, cells):
            self._shown = self._words, cells
            self.query_one("#place-words", Static).update(self._words, layout=False)
            pieces = [(cell, STYLES[_TONES.get(cell, "plain")]) for cell in cells]
            self.query_one("#place-cells", Static).update(Content.assemble(*pieces), layout=False)

    def on_click(self, event: Click) -> None:
        """Only the cells are a place."""
        cells = self.query_one("#place-cells")
        if event.widget is cells and cells.content_size.width:
            offset = event.get_content_offset(cells)
            if offset is not None:
                self.post_message(self.Clicked((offset.x + 0.5) / cells.content_size.width))
