"""The panel of signals: how much of it is shown, and over how long."""

from __future__ import annotations

from typing import Literal

from relay.conversation import ConversationState
from tui.actions import KeyNames
from tui.conversation.actions import SIGNALS, ZOOM_IN, ZOOM_OUT
from tui.conversation.instruments.history import SignalHistory, since
from tui.conversation.instruments.signal_plots import plot_lines
from tui.conversation.instruments.signals import WINDOWS_S, Axis, Line, Piece, View, legend, signal_lines
from tui.conversation.lines_view import LinesView
from tui.i18n import _

Extent = Literal["off", "strip", "plots", "tall"]
EXTENTS: tuple[Extent, ...] = ("off", "strip", "plots", "tall")
LEVEL_ROWS: dict[Extent, int] = {"off": 0, "strip": 1, "plots": 1, "tall": 2}
_FROM_ROWS: tuple[tuple[int, Extent], ...] = ((50, "tall"), (36, "plots"), (28, "strip"), (0, "off"))


def extent_for(rows: int) -> Extent:
    """How much of the panel a terminal of ``rows`` has room for beside transcript, health and events."""
    return next(extent for least, extent in _FROM_ROWS if rows >= least)


class SignalsPanel(LinesView):
    """Shown from plain values; keeps the window and the extent that the operator chose."""

    DEFAULT_CSS = "SignalsPanel.-off { display: none; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.window_s = WINDOWS_S[1]
        self.chosen: Extent | None = None
        """None: as much as there is room for."""

    def restore(self, extent: str | None, window_s: int | None) -> None:
        """As in an earlier conversation, as far as there still is such an extent or window."""
        self.chosen = next((one for one in EXTENTS if one == extent), None)
        self.window_s = next((one for one in WINDOWS_S if one == window_s), self.window_s)

    @property
    def extent(self) -> Extent:
        """How much is shown."""
        return self.chosen or extent_for(self.app.size.height)

    def next_extent(self) -> None:
        """More; after everything, nothing."""
        self.chosen = EXTENTS[(EXTENTS.index(self.extent) + 1) % len(EXTENTS)]

    def zoom(self, steps: int) -> None:
        """Another window: a longer one for a negative number."""
        place = WINDOWS_S.index(self.window_s) - steps
        self.window_s = WINDOWS_S[max(0, min(len(WINDOWS_S) - 1, place))]

    def paint(
        self, history: SignalHistory, state: ConversationState, now: float, keys: KeyNames, *, plain: bool
    ) -> None:
        """Show what the present width has room for. ``now`` in seconds of the stream."""
        extent = self.extent
        self.set_class(extent == "off", "-off")
        if not self.display or not self.size.width:
            return
        view = View(self.window_s, self.content_size.width, LEVEL_ROWS[extent], plain)
        lines: list[Line] = [self._title(history, now, view, keys), *signal_lines(history, now, view)]
        if extent in ("plots", "tall"):
            lines += plot_lines(history, state, now, view)
        self.show(lines)

    def _title(self, history: SignalHistory, now: float, view: View, keys: KeyNames) -> Line:
        words = _("Signals, last {n} s").format(n=view.window_s)
        hint = _("({closer} {wider} zoom, {more} more or less)").format(
            closer=keys.first(ZOOM_IN), wider=keys.first(ZOOM_OUT), more=keys.first(SIGNALS)
        )
        pieces: list[Piece] = [(f"{words} ", "bold $primary"), (hint, "$dim")]
        marks = since(history.marks, Axis.ending(now, view).start)
        return (*pieces, *legend(marks, view))
