"""The list of recordings: search, mark, annotate, export, delete with undo, replay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from api_client.harmless import one_line
from recordings.export.sound import NoSound
from recordings.library import Library
from relay.recording.reader import NoRecording
from relay.recording.repair import StillBeingWritten
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.host.recordings import Kept
from tui.i18n import N_, _, ngettext
from tui.navigation import Compare, Replay
from tui.recordings.actions import COMPARE, LIST_BACK, RECORDINGS_ACTIONS, REPAIR, UNDO
from tui.recordings.search import SearchField
from tui.recordings.shelf import Shelf
from tui.recordings.shown import Filters
from tui.recordings.table import RecordingsTable
from tui.recordings.words import details, filter_words, is_cut_off, no_recordings
from tui.status import at_account
from tui.tones import STYLES, News
from tui.wording.errors import sentence

RUN_UP_S = 1.0
"""A replay of words that were found begins so long before they were complete."""
ON_A_RECORDING = frozenset({"replay", "compare", "mark", "note", "only_server", "export", "delete"})


class RecordingsScreen(ConsoleScreen[None]):
    """A list of all recordings, with the details of the selected one."""

    ABOUT: ClassVar[str] = N_(
        "The conversations recorded on this machine: replay, search, mark, export or delete them."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = RECORDINGS_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(RECORDINGS_ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#table"

    table = getters.query_one("#table", RecordingsTable)

    class Told(Message):
        """A background job reports a result."""

        def __init__(self, news: News) -> None:
            super().__init__()
            self.news = news

    def __init__(self, libraries: Sequence[Library]) -> None:
        super().__init__()
        self._shelf = Shelf(libraries)
        self.recordings: list[Kept] = []
        self.filters = Filters()
        self._read_once = False
        self._searching = False
        self._compared: Kept | None = None
        """The first of two to be compared."""

    def compose(self) -> ComposeResult:
        """Heading, table, what is known of the chosen one, two input lines."""
        yield StatusLine()
        with Container(id="body"):
            with Container(id="list"):
                yield Static(id="heading")
                yield Static(id="empty")
                yield RecordingsTable(id="table")
                yield Static(id="notice", markup=False)
            with VerticalScroll(id="details"):
                yield Static(id="facts")
        yield SearchField(placeholder=_("words that were said, Enter to search"), compact=True, id="words")
        yield Field(placeholder=_("note on the recording, Enter to save"), compact=True, id="note")
        yield ActionFooter()

    def on_mount(self) -> None:
        """Columns, then the list."""
        self._heading()
        self.action_refresh()

    def on_screen_resume(self) -> None:
        """The status line had a replay's facts meanwhile."""
        self.console_app.status = at_account(self.console_app.account)
        if self._read_once:
            self.action_refresh()

    # --- the list ------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        """Read the list."""
        self._read()

    @work(exclusive=True, group="list", exit_on_error=False)
    async def _read(self) -> None:
        self._take(await self._shelf.read())

    def _take(self, recordings: list[Kept]) -> None:
        self._read_once = True
        self.recordings = recordings
        self._show()

    def _show(self) -> None:
        """The rows that pass the filters."""
        with self.app.batch_update():
            self.table.show(self.filters.pick(self.recordings))
            self._heading()
            self._show_empty()
            self._show_details()
        self.refresh_bindings()

    def _heading(self) -> None:
        if not self._read_once:
            words = _("Reading...")
        elif len(self.table.shown) == len(self.recordings):
            words = ngettext("{n} recording", "{n} recordings", len(self.recordings)).format(
                n=len(self.recordings)
            )
        else:
            words = _("{n} of {all}").format(n=len(self.table.shown), all=len(self.recordings))
        only = filter_words(self.filters)
        if self._searching:
            only.append(_("searching..."))
        self.query_one("#heading", Static).update(
            Content.assemble(
                (_("Recordings"), "bold $title"),
                (f"   {words}", "$dim"),
                ("   " + ", ".join(only) if only else "", STYLES["warn"]),
            )
        )

    def _show_empty(self) -> None:
        empty = self.query_one("#empty", Static)
        empty.display = self._read_once and not self.table.shown and not self._searching
        if not empty.display:
            return
        if self.recordings:
            words = _("No recording matches the filters. {key} shows all.")
            empty.update(Content(words.format(key=self.key_name(LIST_BACK))))
            return
        empty.update(no_recordings(self._shelf.place))

    @property
    def chosen(self) -> Kept | None:
        """The recording under the cursor."""
        return self.table.chosen if self.is_mounted else None

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._show_details()
        self.refresh_bindings()

    def _show_details(self) -> None:
        kept = self.chosen
        facts = Content("")
        if kept is not None:
            facts = details(kept.entry, self.filters.matches.get(kept.key, ()), self.key_name(REPAIR))
        self.query_one("#facts", Static).update(facts)

    def say_news(self, news: News) -> None:
        """One sentence below the list."""
        self.query_one("#notice", Static).update(Content.styled(news.words, STYLES[news.tone]))

    @on(Told)
    def _told(self, message: Told) -> None:
        self.say_news(message.news)

    # --- what can be done ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what makes sense now."""
        kept = self.chosen
        if action in ON_A_RECORDING and kept is None:
            return None
        if action in ("delete", "repair") and kept is not None and kept.entry.running:
            return None
        if action == "repair":
            return kept is not None and is_cut_off(kept.entry)
        if action == "undo":
            return self._shelf.can_undo
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """A marked one is unmarked; Esc closes or ends first what is open."""
        kept = self.chosen
        if action.name == "mark" and kept is not None and kept.entry.notes.marked:
            return N_("Unmark")
        if action is LIST_BACK and (self.has_class("-typing") or self.filters != Filters()):
            return N_("Close") if self.has_class("-typing") else N_("Show all")
        return super().action_label(action)

    @on(DataTable.RowSelected)
    def _row_entered(self) -> None:
        self.action_replay()

    def action_replay(self) -> None:
        """Replay the selected one."""
        kept = self.chosen
        if kept is None or not self.is_active:
            return
        matches = self.filters.matches.get(kept.key, ())
        at = max(0.0, matches[0].t - RUN_UP_S) if matches else 0.0
        self.post_message(Replay(kept.entry.directory, at))

    def action_compare(self) -> None:
        """Choose the first of two, then the second: both are shown side by side."""
        kept, first = self.chosen, self._compared
        if kept is None or not self.is_active:
            return
        if first is None or first.key == kept.key:
            self._compared = None if first is not None else kept
            words = _(
                "Choose the recording to compare with {name} and press {key}; {key} on the same one forgets it."
            )
            said = words.format(name=one_line(kept.entry.name), key=self.key_name(COMPARE))
            self.say_news(News(said if self._compared is not None else "", "plain"))
        else:
            self._compared = None
            self.say_news(News("", "plain"))
            self.post_message(Compare(first.entry.directory, kept.entry.directory))

    def action_only_server(self) -> None:
        """Show only the selected one's server, or all."""
        kept = self.chosen
        if self.filters.server_url is None and kept is not None:
            self._filter(server_url=kept.entry.manifest.server_url)
        else:
            self._filter(server_url=None)

    def action_only_errors(self) -> None:
        """With errors, or all."""
        self._filter(errors=not self.filters.errors)

    def action_only_marked(self) -> None:
        """Marked, or all."""
        self._filter(marked=not self.filters.marked)

    def _filter(self, **changes: object) -> None:
        self.filters = replace(self.filters, **changes)  # type: ignore[arg-type]
        self._show()

    # --- searching -----------------------------------------------------------------------------

    def action_search(self) -> None:
        """Type what to search for."""
        self._open_input("#words", self.filters.words)

    @on(Input.Submitted, "#words")
    def _search_for(self, event: Input.Submitted) -> None:
        self._close_inputs()
        words = event.value.strip()
        self.filters = replace(self.filters, words=words, matches={})
        self._searching = bool(words)
        self.query_one(SearchField).search(words, self.recordings)
        self._show()

    @on(SearchField.Found)
    def _take_found(self, message: SearchField.Found) -> None:
        if message.words == self.filters.words:
            self._searching = not message.over
            self.filters = replace(self.filters, matches=message.matches)
            self._show()

    # --- marks and notes -----------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark, or no longer."""
        if (kept := self.chosen) is not None:
            self._annotate(kept, marked=not kept.entry.notes.marked)

    def action_note(self) -> None:
        """Write the note."""
        if (kept := self.chosen) is not None:
            self._open_input("#note", kept.entry.notes.note)

    @on(Input.Submitted, "#note")
    def _noted(self, event: Input.Submitted) -> None:
        self._close_inputs()
        if (kept := self.chosen) is not None:
            self._annotate(kept, note=event.value.strip())

    @work(group="change", exit_on_error=False)
    async def _annotate(self, kept: Kept, *, marked: bool | None = None, note: str | None = None) -> None:
        with self._saying_what_fails(kept.entry.directory):
            changed = await self._shelf.annotate(kept, marked=marked, note=note)
            self._take([changed if one.key == kept.key else one for one in self.recordings])

    @contextmanager
    def _saying_what_fails(self, place: Path) -> Iterator[None]:
        """What cannot be done at ``place`` is said, and the list stays as it is."""
        try:
            yield
        except StillBeingWritten:
            self.post_message(self.Told(News(_("The conversation is still in progress."), "warn")))
        except NoSound:
            self.post_message(self.Told(News(sentence("no_tracks"), "warn")))
        except (OSError, NoRecording) as error:
            path = str(getattr(error, "filename", None) or place)
            reason = getattr(error, "strerror", None) or str(error)
            words = sentence("file_unwritable", {"path": path, "reason": reason})
            self.post_message(self.Told(News(_("Error: {why}").format(why=words), "bad")))

    # --- deleting, repairing, exporting --------------------------------------------------------

    @work(group="change", exit_on_error=False)
    async def action_delete(self) -> None:
        """Take it out of the list; it can be brought back."""
        kept = self.chosen
        if kept is None:
            return
        with self._saying_what_fails(kept.entry.directory):
            await self._shelf.delete(kept)
            self._take(await self._shelf.read())
            words = _("Deleted: {name}. {key} restores it; it is kept for a week.")
            name = one_line(kept.entry.name)
            self.post_message(self.Told(News(words.format(name=name, key=self.key_name(UNDO)), "warn")))

    @work(group="change", exit_on_error=False)
    async def action_undo(self) -> None:
        """Bring back what was deleted last."""
        with self._saying_what_fails(self._shelf.place):
            kept = await self._shelf.undo()
            if kept is not None:
                self._take(await self._shelf.read())
                self.table.choose(kept.key)
                words = _("Restored: {name}").format(name=one_line(kept.entry.name))
                self.post_message(self.Told(News(words, "good")))

    @work(group="change", exit_on_error=False)
    async def action_repair(self) -> None:
        """Complete what a kill left."""
        kept = self.chosen
        if kept is None:
            return
        with self._saying_what_fails(kept.entry.directory):
            await self._shelf.repair(kept)
            self._take(await self._shelf.read())
            words = _("Repaired: {name}").format(name=one_line(kept.entry.name))
            self.post_message(self.Told(News(words, "good")))

    def action_export(self) -> None:
        """Choose as what, then write it."""
        from tui.recordings.export import ExportScreen

        kept = self.chosen
        if kept is None:
            return
        chosen = kept

        def write(suffix: str | None) -> None:
            if suffix is not None:
                self._export(chosen, suffix)

        self.app.push_screen(ExportScreen(), write)

    @work(exclusive=True, group="export", exit_on_error=False)
    async def _export(self, kept: Kept, suffix: str) -> None:
        self.say_news(News(_("Writing..."), "dim"))
        with self._saying_what_fails(kept.entry.directory):
            path = await self.console_app.services.export_recording(kept.entry.directory, suffix)
            self.post_message(self.Told(News(_("Written: {path}").format(path=path), "good")))

    # --- input lines and leaving ---------------------------------------------------------------

    def _open_input(self, selector: str, value: str) -> None:
        self._close_inputs()
        field = self.query_one(selector, Input)
        field.value = value
        field.display = True
        self.add_class("-typing")
        field.focus()
        self.refresh_bindings()

    def _close_inputs(self) -> bool:
        """Close what is open; whether something was."""
        shown = [field for field in self.query(Input) if field.display]
        for field in shown:
            field.display = False
        if shown:
            self.remove_class("-typing")
            self.table.focus()
            self.refresh_bindings()
        return bool(shown)

    def action_back(self) -> None:
        """Close an input; else show all again; else back."""
        if self._close_inputs():
            return
        if self.filters != Filters():
            self.query_one(SearchField).search("", ())
            self.filters, self._searching = Filters(), False
            self._show()
        else:
            self.dismiss()
