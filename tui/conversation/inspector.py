"""The event inspector: every event of a conversation, folded, filtered and searched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from relay.stream import Notice
from tui.actions import Action, bindings
from tui.conversation.event_screen import EventScreen
from tui.conversation.feed import Feed
from tui.conversation.instruments.event_detail import event_json
from tui.conversation.instruments.event_rows import DIRECTIONS, KINDS, Direction, EventRow, Kind, ShownRows
from tui.conversation.instruments.signals import Line, Piece
from tui.conversation.lines_view import LinesView
from tui.conversation.rows_view import RowsView
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.host.clipboard import newest_that_fit
from tui.i18n import N_, _, ngettext

REFRESH_S = 0.3
OPEN = Action(
    "inspect.open", "enter,f11", "open", N_("JSON"), N_("Event: Show as JSON"), N_("Show the event as JSON")
)
SEARCH = Action(
    "inspect.search",
    "slash,ctrl+f,shift+f2,f14",
    "search",
    N_("Search"),
    N_("Events: Search"),
    N_("Search the events for words"),
)
NEXT = Action(
    "inspect.next",
    "n,f12",
    "next",
    N_("Next"),
    N_("Events: Next match"),
    N_("To the next search result"),
)
PREVIOUS = Action(
    "inspect.previous",
    "N,shift+f12,f24",
    "previous",
    N_("Previous"),
    N_("Events: Previous match"),
    N_("To the previous search result"),
    show=False,
)
FOLLOW = Action(
    "inspect.follow",
    "space",
    "follow",
    N_("Follow"),
    N_("Events: Follow the end or stop following"),
    N_("Follow the latest event, or stay at this one"),
)
COPY = Action(
    "inspect.copy",
    "y,shift+f4,f16",
    "copy",
    N_("Copy"),
    N_("Events: Copy the shown ones as JSON"),
    N_("Copy the events shown to the clipboard, one JSON object per line"),
)
BACK = Action(
    "inspect.back", "escape", "back", N_("Back"), N_("Events: Close"), N_("Back to the conversation")
)
_TOGGLES: tuple[tuple[Kind | Direction, str, str, str], ...] = (
    ("audio", "1,f2", N_("Filter: Audio"), N_("Show or hide audio sent and received")),
    ("protocol", "2,f3", N_("Filter: Protocol"), N_("Show or hide messages of the protocol")),
    ("turns", "3,f4", N_("Filter: Turns"), N_("Show or hide speech, answers and latencies")),
    ("connection", "4,f5", N_("Filter: Connection"), N_("Show or hide steps of the connection")),
    ("devices", "5,f6", N_("Filter: Devices"), N_("Show or hide sources, sinks and recordings")),
    ("trouble", "6,f7", N_("Filter: Trouble"), N_("Show or hide errors and notices")),
    ("log", "7,f8", N_("Filter: Log"), N_("Show or hide lines of the log")),
    ("in", "i,f9", N_("Filter: Received"), N_("Show or hide received messages")),
    ("out", "o,f10", N_("Filter: Sent"), N_("Show or hide sent messages")),
    ("own", "w,shift+f5,f17", N_("Filter: Own"), N_("Show or hide the relay's own findings")),
)
_WORDS = dict[str, str](KINDS.items()) | {"in": N_("received"), "out": N_("sent"), "own": N_("own")}
TOGGLES: dict[str, Action] = {
    name: Action(f"inspect.{name}", keys, f"toggle_{name}", N_("Filter"), palette, words, show=False)
    for name, keys, palette, words in _TOGGLES
}
ACTIONS = (OPEN, SEARCH, NEXT, PREVIOUS, FOLLOW, COPY, *TOGGLES.values(), BACK)


class InspectorScreen(ConsoleScreen[None]):
    """Reads the rows that ``feed`` keeps."""

    ABOUT: ClassVar[str] = N_(
        "Every event of the conversation. Repeated ones are folded into one row with their rate."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "inspector.tcss"
    AUTO_FOCUS = "#event-rows"

    rows = getters.query_one("#event-rows", RowsView)
    search_input = getters.query_one("#search", Input)

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self._feed = feed
        self._shown = ShownRows(feed.rows)
        self._wanted = ""
        self._said = ""

    def compose(self) -> ComposeResult:
        """Filters, rows, and the line to search with."""
        yield StatusLine()
        yield LinesView(id="filters")
        yield RowsView(self._row, id="event-rows")
        yield Field(placeholder=_("search: words of an event, Enter to find"), compact=True, id="search")
        yield ActionFooter()

    def on_mount(self) -> None:
        """Begin to paint."""
        self._paint()
        self.set_interval(REFRESH_S, self._paint)

    def _row(self, index: int, _width: int) -> Line:
        row = self._shown[index]
        return (
            (f"{row.first.t:10.3f}  ", "$dim"),
            (row.text(), _style(row)),
        )

    def _paint(self) -> None:
        self._shown.catch_up()
        self.query_one("#filters", LinesView).show([self._toggles_line(KINDS), self._counts_line()])
        self.rows.show(len(self._shown))

    def _toggles_line(self, names: Iterable[str]) -> Line:
        """Each toggle with its key; what is shown is in brackets."""
        chosen = self._shown.filter
        pieces: list[Piece] = []
        for name in names:
            shown = name in chosen.kinds or name in chosen.directions
            label = self.key_name(TOGGLES[name]) + " " + _(_WORDS[name])
            pieces += [(f"[{label}]" if shown else f" {label} ", "bold" if shown else "$dim"), (" ", "")]
        return tuple(pieces)

    def _counts_line(self) -> Line:
        kept = len(self._feed.rows.numbers)
        words = _("{n} of {all} rows").format(n=f"{len(self._shown):,}", all=f"{kept:,}")
        follows = _("paused ({key} follows)").format(key=self.key_name(FOLLOW))
        words += "  " + (_("following") if self.rows.following else follows)
        if self._wanted:
            words += "  " + _("searching: {words}").format(words=self._wanted)
        return (*self._toggles_line(DIRECTIONS), (f" {words}", "$dim"), (f"  {self._said}", "$warning"))

    # --- actions -------------------------------------------------------------------------------

    def _toggle(self, name: str) -> None:
        at = self._shown.number(self.rows.cursor) if len(self._shown) else 0
        following = self.rows.following
        self._shown.set_filter(self._shown.filter.without(name))
        if not following and len(self._shown):
            self.rows.cursor = self._shown.index_near(at)
        self._paint()

    def action_toggle_audio(self) -> None:
        """Audio."""
        self._toggle("audio")

    def action_toggle_protocol(self) -> None:
        """Protocol."""
        self._toggle("protocol")

    def action_toggle_turns(self) -> None:
        """Turns."""
        self._toggle("turns")

    def action_toggle_connection(self) -> None:
        """Connection."""
        self._toggle("connection")

    def action_toggle_devices(self) -> None:
        """Devices."""
        self._toggle("devices")

    def action_toggle_trouble(self) -> None:
        """Trouble."""
        self._toggle("trouble")

    def action_toggle_log(self) -> None:
        """Log."""
        self._toggle("log")

    def action_toggle_in(self) -> None:
        """What was received."""
        self._toggle("in")

    def action_toggle_out(self) -> None:
        """What was sent."""
        self._toggle("out")

    def action_toggle_own(self) -> None:
        """What the relay found."""
        self._toggle("own")

    def action_search(self) -> None:
        """Ask for words."""
        self.search_input.display = True
        self.search_input.focus()

    @on(Input.Submitted, "#search")
    def _search(self, event: Input.Submitted) -> None:
        self._wanted = event.value.strip()
        self._close_search()
        self._find(-1)

    def _close_search(self) -> bool:
        shown = self.search_input.display
        self.search_input.display = False
        self.rows.focus()
        return shown

    def action_next(self) -> None:
        """Forward."""
        self._find(1)

    def action_previous(self) -> None:
        """Backward."""
        self._find(-1)

    def _find(self, step: int) -> None:
        self._said = ""
        if self._wanted:
            found = self._shown.found(self._wanted, self.rows.cursor, step)
            if found is None:
                self._said = _("Not found.")
            else:
                self.rows.go(found)
                self.rows.following = False
        self._paint()

    def action_follow(self) -> None:
        """Follow, or stay."""
        self.rows.following = not self.rows.following
        self._paint()

    def action_open(self) -> None:
        """The event under the cursor."""
        self.rows.action_choose()

    @on(RowsView.Chosen)
    def _open(self, event: RowsView.Chosen) -> None:
        if event.index < len(self._shown):
            self.rows.following = False
            self.app.push_screen(EventScreen(self._feed, self._shown.number(event.index)))

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def action_copy(self) -> None:
        """One JSON object a line."""
        lines = [_compact(row) for row in self._shown]
        if await self.console_app.services.into_tmux("\n".join(lines)):
            self.notify(ngettext("Copied {n} event.", "Copied {n} events.", len(lines)).format(n=len(lines)))
            return
        kept = newest_that_fit(lines)
        self.app.copy_to_clipboard("\n".join(kept))
        self.notify(
            ngettext(
                "Sent {n} event to the terminal's clipboard.",
                "Sent {n} events to the terminal's clipboard.",
                len(kept),
            ).format(n=len(kept))
        )

    def action_back(self) -> None:
        """Close the search; else back to the conversation."""
        if not self._close_search():
            self.dismiss()


_STYLES: dict[Kind, str] = {
    "audio": "$dim",
    "protocol": "",
    "turns": "$customer",
    "connection": "$primary",
    "devices": "$secondary",
    "trouble": "bold $error",
    "log": "$dim",
}


def _style(row: EventRow) -> str:
    if isinstance(row.first, Notice):
        return "$warning"
    return "$user" if row.direction == "out" else _STYLES[row.kind]


def _compact(row: EventRow) -> str:
    """The newest event of a row on one line."""
    return " ".join(line.strip() for line in event_json(row.last).split("\n"))
