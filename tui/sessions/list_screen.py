"""The list of sessions: read again and again, filtered, sorted, in pages. What is done with one is in ``screen``."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.timer import Timer
from textual.widgets import DataTable, Input, Static
from textual.worker import Worker

from tui.actions import HELP
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.help import TOUR
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.host.terminal import ascii_only
from tui.i18n import N_, _
from tui.navigation import LoggedOut
from tui.sessions.actions import HISTORY, LOG_OUT, NEWER, OLDER
from tui.sessions.reader import MOST_SESSIONS, SessionReader
from tui.sessions.session_details import SessionDetails
from tui.sessions.table import SessionsTable
from tui.sessions.view import ORDERS, Row, View, next_order
from tui.sessions.words import heading_words, how_to_begin, view_words
from tui.status import at_account
from tui.tones import STYLES
from tui.wording.errors import of_error

POLL_S = 3.0
DETAIL_DELAY_S = 0.3
FEWEST_ROWS = 15
"""On one page; more where there is room."""


class SessionListScreen(ConsoleScreen[None]):
    """A page of sessions beside the details of the selected one."""

    ABOUT: ClassVar[str] = N_(
        "Your role-play sessions on this server. Choose one to talk in, or start a new one; finishing a "
        "session has it scored."
    )
    table = getters.query_one("#table", SessionsTable)
    details = getters.query_one(SessionDetails)

    def __init__(self) -> None:
        super().__init__()
        self.view = View()
        self.reader = SessionReader(lambda: self.console_app.client)
        self._picked: list[Row] = []
        """Those that pass the filters, in order, on all pages."""
        self._page = 1
        self.made_id: str | None = None
        """The session just made: chosen as soon as the list has it."""
        self._out_of_date = False
        """The last reading of the list failed, and the notice says so."""
        self._reading: Worker[None] | None = None
        self._timer: Timer | None = None
        self._detail_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with Container(id="body"):
            with Container(id="list"):
                yield Static(id="heading")
                yield Static(id="tour-offer", markup=False)
                yield Static(id="empty")
                yield SessionsTable(id="table")
                yield Static(id="notice", markup=False)
            yield SessionDetails(id="details", plain=self.console_app.settings.plain or ascii_only())
        hint = _("words of the industry, proposition, persona or pain, or an ID")
        yield Field(placeholder=hint, compact=True, id="words")
        yield ActionFooter()

    def on_mount(self) -> None:
        self.table.set_up(self.view.order)
        self._heading()
        self.action_refresh()
        self._read_latencies()
        self._timer = self.set_interval(POLL_S, self._poll)

    async def retranslate(self) -> None:
        """Rebuild the rows, which contain text."""
        await super().retranslate()
        self.table.set_up(self.view.order)
        self._show()
        self.action_refresh()

    def on_screen_resume(self) -> None:
        """Update the status line and reload the list: a conversation may have changed it."""
        self.console_app.status = at_account(self.console_app.account)
        if self._timer is not None:
            self._timer.resume()
            self.reader.figures.forget_unfinished()
            self.action_refresh()
            self._read_latencies()

    def on_screen_suspend(self) -> None:
        """Stop polling while covered."""
        if self._timer is not None:
            self._timer.pause()

    def on_resize(self) -> None:
        """A page has more rows where there is room."""
        if self.reader.listing.count is not None:
            self.call_after_refresh(self._show)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "newer":
            return self._page > 1
        if action == "older":
            return self._page < self._pages
        return super().check_action(action, parameters)

    # --- reading -------------------------------------------------------------------------------

    @work(exclusive=True, group="list", exit_on_error=False)
    async def _read(self) -> None:
        from api_client.errors import ApiError

        try:
            await self.reader.refresh(list(self.table.shown), self._show)
        except ApiError as error:
            self._failed(error)
            return
        if self._out_of_date:
            self._out_of_date = False
            self.query_one("#notice", Static).update("")
        self._show()
        self._detail_soon()

    def _failed(self, error: Exception) -> None:
        """Keep the list and mark it as out of date."""
        self._out_of_date = True
        self.query_one("#notice", Static).update(_("Error: {why}").format(why=of_error(error)))
        if getattr(error, "code", None) == "not_authenticated":
            self.post_message(LoggedOut(expired=True))

    @work(exclusive=True, group="figures", exit_on_error=False)
    async def _read_figures(self) -> None:
        """Turns and scores of the rows shown, from a server whose list does not give them."""
        from api_client.errors import ApiError

        try:
            await self.reader.complete_figures(list(self.table.shown), self._show_figures)
        except ApiError:
            return  # the list says what is wrong; what is not known stays a dash

    @work(exclusive=True, group="latencies", exit_on_error=False)
    async def _read_latencies(self) -> None:
        await self.reader.read_latencies(self.console_app.settings)
        self._show_figures()

    def _detail_soon(self) -> None:
        if self._detail_timer is not None:
            self._detail_timer.stop()
        if (row := self.chosen) is not None:
            session_id = row.session.id
            self._detail_timer = self.set_timer(DETAIL_DELAY_S, lambda: self._read_detail(session_id))

    @work(exclusive=True, group="detail", exit_on_error=False)
    async def _read_detail(self, session_id: str) -> None:
        from api_client.errors import ApiError

        try:
            detail = await self.reader.detail(session_id)
        except ApiError:
            return  # the list says what is wrong; the facts stay shown without the turns
        self._show_figures()
        row = self.chosen
        if row is not None and row.session.id == session_id:
            self.details.show(row, detail, self.key_name(HISTORY))

    # --- the list ------------------------------------------------------------------------------

    @property
    def _page_rows(self) -> int:
        return max(FEWEST_ROWS, self.table.size.height - 1)

    @property
    def _pages(self) -> int:
        return max(1, -(-len(self._picked) // self._page_rows))

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor; None before there is a table, and while the screen is being removed."""
        tables = self.query("#table").results(SessionsTable)
        return next((table.shown.get(table.chosen_id or "") for table in tables), None)

    def _show(self, choose: str | None = None) -> None:
        """The page of rows that pass the filters: that of ``choose`` or of a new session, or where it was."""
        if not self.query("#table"):
            return  # what was read came while the screen is being removed
        if self.made_id in self.reader.listing.sessions:
            choose, self.made_id = self.made_id, None
        self._picked = self.view.pick(self.reader.rows)
        place = next((at for at, row in enumerate(self._picked) if row.session.id == choose), None)
        if place is not None:
            self._page = place // self._page_rows + 1
        self._page = min(self._page, self._pages)  # the list may have shrunk
        start = (self._page - 1) * self._page_rows
        with self.app.batch_update():
            self.table.show(self._picked[start : start + self._page_rows], choose)
            self._heading()
            self._show_empty()
            self._offer_tour()
            self.details.show(self.chosen, history_key=self.key_name(HISTORY))
        self.refresh_bindings()
        self._read_figures()

    def _show_figures(self) -> None:
        """Bring the cells in line, but not the order: rows must not move under the operator's hand."""
        if not self.query("#table"):
            return
        known = {row.session.id: row for row in self.reader.rows}
        self.table.show([known.get(key, row) for key, row in self.table.shown.items()])
        self.details.show(self.chosen, history_key=self.key_name(HISTORY))

    def _heading(self) -> None:
        count = self.reader.listing.count
        words = _("Reading...")
        if count is not None:
            hidden = self.reader.hidden
            words = heading_words(self.view, len(self._picked), count, hidden, self._page, self._pages)
        if self.reader.cut:
            words += "   " + _("(the newest {n} were read)").format(n=MOST_SESSIONS)
        if self._pages > 1:
            words += "   " + _("{back} back, {on} on").format(
                back=self.key_name(NEWER), on=self.key_name(OLDER)
            )
        only = ", ".join(view_words(self.view))
        self.query_one("#heading", Static).update(
            Content.assemble(
                (_("Role-play sessions"), "bold $title"),
                (f"   {words}", "$dim"),
                (f"   {only}" if only else "", STYLES["warn"]),
            )
        )

    def _offer_tour(self) -> None:
        offer = self.query_one("#tour-offer", Static)
        offer.display = not self.console_app.memory.tour_over
        words = _("First time here? {help}, then {key}: the console in five steps.")
        offer.update(words.format(help=self.key_name(HELP), key=self.key_name(TOUR)))

    def _show_empty(self) -> None:
        empty = self.query_one("#empty", Static)
        count = self.reader.listing.count
        empty.display = count is not None and not self._picked
        if count and self.view.narrowed:
            words = _("No session matches. {key} shows all.").format(key=self.key_name(LOG_OUT))
            empty.update(Content(words))
        elif empty.display:
            empty.update(how_to_begin(self.console_app.key_names))

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self.details.show(self.chosen, history_key=self.key_name(HISTORY))
        self._detail_soon()
        self.refresh_bindings()

    def look(self, view: View) -> None:
        """Show the list in another way, with the cursor on the same session if it is still shown."""
        chosen, reordered = self.table.chosen_id, view.order != self.view.order
        self.view, self._page = view, 1
        if reordered:
            self.table.set_up(view.order)
        self._show(chosen)

    def action_order(self) -> None:
        """Sort by the next column."""
        self.look(replace(self.view, order=next_order(self.view.order)))

    @on(DataTable.HeaderSelected)
    def _column_clicked(self, event: DataTable.HeaderSelected) -> None:
        for order in ORDERS:
            if event.column_key.value == order:
                self.look(replace(self.view, order=order))

    def action_only_active(self) -> None:
        """Unfinished ones, or all."""
        self.look(replace(self.view, only_active=not self.view.only_active))

    def action_show_acceptance(self) -> None:
        """With those of acceptance runs, or without."""
        self.look(replace(self.view, acceptance=not self.view.acceptance))

    def action_search(self) -> None:
        """Type what to search for."""
        field = self.query_one("#words", Field)
        field.value = self.view.words
        field.display = True
        self.add_class("-typing")
        field.focus()

    @on(Input.Changed, "#words")
    def _search_typed(self, event: Input.Changed) -> None:
        if self.has_class("-typing"):
            self.look(replace(self.view, words=event.value.strip()))

    @on(Input.Submitted, "#words")
    def close_search(self) -> None:
        self.remove_class("-typing")
        self.query_one("#words").display = False
        self.table.focus()
        self.refresh_bindings()

    def action_refresh(self) -> None:
        self._reading = self._read()

    def _poll(self) -> None:
        """Reload, unless a slow server has not answered yet: a second request would cancel the first."""
        if self._reading is None or self._reading.is_finished:
            self.action_refresh()

    def action_newer(self) -> None:
        """One page back."""
        self._page = max(1, self._page - 1)
        self._show()

    def action_older(self) -> None:
        """One page on."""
        self._page += 1
        self._show()
