"""Two recordings side by side, aligned by turns."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import DataTable, Static

from relay.recording.reader import NoRecording
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.i18n import N_, _
from tui.navigation import Replay
from tui.recordings.words import recording_title
from tui.tones import STYLES, Tone
from tui.wording.comparison import LEGEND, SIGNS, figures, later, spoken_words
from tui.wording.errors import sentence
from tui.wording.figures import NOTHING
from tui.wording.line_breaks import wrapped

if TYPE_CHECKING:
    from recordings.comparison import Pair, Run, Spoken, Verdict
    from relay.recording.manifest import Manifest

RUN_UP_S = 1.0
"""A replay of a turn begins so long before it."""
FIRST = Action(
    "compare.first",
    "enter,f2",
    "first",
    N_("Replay first"),
    N_("Comparison: Replay the first"),
    N_("Replay the first recording from the selected turn on"),
)
SECOND = Action(
    "compare.second",
    "b,f3",
    "second",
    N_("Replay second"),
    N_("Comparison: Replay the second"),
    N_("Replay the second recording from the selected turn on"),
)
CHANGED = Action(
    "compare.changed",
    "f,f4",
    "changed",
    N_("Only changed"),
    N_("Comparison: Only turns that differ"),
    N_("Show only turns that differ, or all"),
)
LEAVE = Action(
    "compare.back", "escape", "back", N_("Back"), N_("Comparison: Leave"), N_("Back to the recordings")
)
ACTIONS = (FIRST, SECOND, CHANGED, LEAVE)
_STYLES: dict[Verdict, str] = {"same": "dim", "words": "", "only_first": "bold", "only_second": "bold"}


class CompareScreen(ConsoleScreen[None]):
    """The recordings in ``first`` and ``second``."""

    ABOUT: ClassVar[str] = N_(
        "Two recordings side by side, turn by turn: what was said and how long each took."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "compare.tcss"
    AUTO_FOCUS = "#pairs"

    def __init__(self, first: Path, second: Path) -> None:
        super().__init__()
        self._directories = (first, second)
        self._manifests: list[Manifest] = []
        self._runs: list[Run] = []
        self._pairs: list[Pair] = []
        self._shown: list[Pair] = []
        self._only_changed = False

    def compose(self) -> ComposeResult:
        """Figures of both, then the pairs."""
        yield StatusLine()
        with Vertical(id="comparison"):
            yield Static(id="figures")
            yield Static(_(LEGEND), id="legend", classes="dim", markup=False)
            yield DataTable(id="pairs", cursor_type="row", zebra_stripes=False, show_header=False)
            yield Static(id="notice", markup=False)
        yield ActionFooter()

    def on_mount(self) -> None:
        """Read both."""
        self._say(_("Reading the recording..."), "dim")
        self.read()

    @work(exclusive=True, group="read", exit_on_error=False)
    async def read(self) -> None:
        """Both, away from the loop."""
        for directory in self._directories:
            try:
                manifest, run = await asyncio.to_thread(_load, directory)
            except NoRecording:
                self._say(sentence("no_recording", {"path": str(directory)}), "bad")
                return
            except OSError as error:
                reason = error.strerror or str(error)
                self._say(sentence("recording_unreadable", {"path": str(directory), "reason": reason}), "bad")
                return
            self._manifests.append(manifest)
            self._runs.append(run)
        from recordings.comparison import aligned

        self._pairs = await asyncio.to_thread(aligned, self._runs[0].turns, self._runs[1].turns)
        self._say("", "plain")
        self._show()

    async def retranslate(self) -> None:
        await super().retranslate()
        self._show()

    @on(Resize)
    def _resized(self) -> None:
        self._show()

    @property
    def _ready(self) -> bool:
        return len(self._runs) == 2

    def _show(self) -> None:
        if not self._ready:
            return
        titles = [recording_title(manifest) for manifest in self._manifests]
        rows = [(_("Recording"), (titles[0], titles[1])), *figures(*self._runs)]
        self.query_one("#figures", Static).update(
            Content("\n").join(
                Content.assemble((f"{name}  ", "$dim"), f"{first}  |  {second}")
                for name, (first, second) in rows
            )
        )
        table: DataTable[Text] = self.query_one("#pairs", DataTable)
        chosen = table.cursor_row
        side = max(12, (self.size.width - 12) // 2)
        table.clear(columns=True)
        for key, width in (("first", side), ("sign", 1), ("second", side)):
            table.add_column("", key=key, width=width)
        self._shown = [pair for pair in self._pairs if not (self._only_changed and pair.verdict == "same")]
        for pair in self._shown:
            cells = [_lines(pair.first, side), SIGNS[pair.verdict], _lines(pair.second, side, later(pair))]
            height = max(cell.count("\n") + 1 for cell in cells)
            table.add_row(*(Text(cell, style=_STYLES[pair.verdict]) for cell in cells), height=height)
        if self._shown:
            table.move_cursor(row=min(chosen, len(self._shown) - 1), animate=False)
        elif self._pairs:
            self._say(_("Nothing differs."), "good")
        self.refresh_bindings()

    def _say(self, words: str, tone: Tone) -> None:
        self.query_one("#notice", Static).update(Content.styled(words, STYLES[tone]))

    @property
    def _chosen(self) -> Pair | None:
        row = self.query_one("#pairs", DataTable).cursor_row if self.is_mounted else -1
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A replay needs a turn on its side."""
        pair = self._chosen
        if action == "first":
            return True if pair is not None and pair.first is not None else None
        if action == "second":
            return True if pair is not None and pair.second is not None else None
        if action == "changed":
            return True if self._pairs else None
        return super().check_action(action, parameters)

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(DataTable.RowSelected)
    def _entered(self) -> None:
        self.action_first()

    def action_first(self) -> None:
        """Replay the first recording from the turn on."""
        if self._chosen is not None:
            self._replay(self._directories[0], self._chosen.first)

    def action_second(self) -> None:
        """Replay the second recording from the turn on."""
        if self._chosen is not None:
            self._replay(self._directories[1], self._chosen.second)

    def _replay(self, directory: Path, spoken: Spoken | None) -> None:
        if spoken is not None and self.is_active:
            self.post_message(Replay(directory, max(0.0, spoken.line.start - RUN_UP_S)))

    def action_changed(self) -> None:
        """Show only what differs, or everything."""
        self._only_changed = not self._only_changed
        self._say("", "plain")
        self._show()

    def action_back(self) -> None:
        self.dismiss()


def _load(directory: Path) -> tuple[Manifest, Run]:
    from recordings.comparison import run_of
    from relay.recording.reader import RecordingReader

    reader = RecordingReader(directory)
    return reader.described(), run_of(reader.events())


def _lines(spoken: Spoken | None, width: int, below: str = "") -> str:
    lines = [NOTHING] if spoken is None else wrapped(spoken_words(spoken), width)
    return "\n".join([*lines, *(wrapped(below, width) if below else ())])
