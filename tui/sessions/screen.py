"""The account's sessions: choose one, create one, talk."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.timer import Timer
from textual.widgets import DataTable, Static
from textual.worker import Worker

from tui.actions import Action, KeyNames, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.i18n import N_, _
from tui.navigation import BrowseRecordings, BrowseScenarios, CheckServer, Converse, LoggedOut
from tui.sessions.session_details import SessionDetails, mode_word, status_word
from tui.status import at_account
from tui.wording.errors import of_error
from tui.wording.figures import NOTHING, moment

if TYPE_CHECKING:
    from api_client.models import Session, SessionPage

POLL_S = 3.0
DETAIL_DELAY_S = 0.3
PAGE_SIZE = 15

NEW = Action("sessions.new", "n,f3", "new", N_("New"), N_("Session: New"), N_("Start a new session"))
ACCEPTANCE = Action(
    "sessions.acceptance",
    "a,f8",
    "acceptance",
    N_("Test"),
    N_("Acceptance: Open the procedure"),
    N_("Open the acceptance procedure: four tests of this server"),
)
RECORDINGS = Action(
    "sessions.recordings",
    "v,f9",
    "recordings",
    N_("Recordings"),
    N_("Recordings: Open the list"),
    N_("Replay recorded conversations"),
)
SCENARIOS = Action(
    "sessions.scenarios",
    "s,f10",
    "scenarios",
    N_("Scenarios"),
    N_("Scenarios: Open the list"),
    N_("Hold written conversations and check what is expected of them"),
    show=False,
)
NEWER = Action(
    "sessions.newer",
    "left_square_bracket,f6",
    "newer",
    N_("Newer"),
    N_("Sessions: Newer page"),
    N_("To the page of newer sessions"),
    show=False,
)
OLDER = Action(
    "sessions.older",
    "right_square_bracket,f7",
    "older",
    N_("Older"),
    N_("Sessions: Older page"),
    N_("To the page of older sessions"),
    show=False,
)
ACTIONS = (
    Action(
        "sessions.talk",
        "enter,f2",
        "talk",
        N_("Talk"),
        N_("Session: Start talking"),
        N_("Start a live conversation in the selected session"),
    ),
    NEW,
    Action(
        "sessions.finish",
        "x,f4",
        "finish",
        N_("Finish"),
        N_("Session: Finish and score"),
        N_("Finish the selected session and have the server score it; asks first"),
    ),
    ACCEPTANCE,
    RECORDINGS,
    SCENARIOS,
    Action(
        "sessions.refresh",
        "r,f5",
        "refresh",
        N_("Refresh"),
        N_("Sessions: Refresh"),
        N_("Read the list again now"),
        show=False,
    ),
    NEWER,
    OLDER,
    Action("sessions.logout", "escape", "logout", N_("Log out"), N_("Account: Log out"), N_("Back to login")),
)


class SessionsScreen(ConsoleScreen[None]):
    """A page of sessions beside the details of the selected one."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#table"

    table = getters.query_one("#table", DataTable)
    details = getters.query_one(SessionDetails)

    def __init__(self) -> None:
        super().__init__()
        self._page = 1
        self._count: int | None = None
        self._sessions: dict[str, Session] = {}
        self._made_id: str | None = None
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
                yield Static(id="empty")
                yield DataTable(id="table", cursor_type="row", zebra_stripes=False)
                yield Static(id="notice", markup=False)
            yield SessionDetails(id="details")
        yield ActionFooter()

    def on_mount(self) -> None:
        self._columns()
        self._heading()
        self.action_refresh()
        self._timer = self.set_interval(POLL_S, self._poll)

    async def retranslate(self) -> None:
        """Rebuild the rows, which contain text."""
        await super().retranslate()
        self._columns()
        self._fill()
        self._heading()
        self.details.show(self._chosen())
        self.action_refresh()

    def _columns(self) -> None:
        for name, key, width in (
            (_("Started"), "started", 11),
            (_("Industry"), "industry", 18),
            (_("Status"), "status", 8),
            (_("Realtime mode"), "mode", 18),
        ):
            self.table.add_column(name, key=key, width=width)

    def on_screen_resume(self) -> None:
        """Update the status line and reload the list."""
        self.console_app.status = at_account(self.console_app.account)
        if self._timer is not None:
            self._timer.resume()
            self.action_refresh()

    def on_screen_suspend(self) -> None:
        """Stop polling while covered."""
        if self._timer is not None:
            self._timer.pause()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        session = self._chosen()
        if action in ("talk", "finish"):
            return True if session is not None and session.status != "finished" else None
        if action == "newer":
            return self._page > 1
        if action == "older":
            return self._count is not None and self._page * PAGE_SIZE < self._count
        return super().check_action(action, parameters)

    # --- the list ------------------------------------------------------------------------------

    @work(exclusive=True, group="list", exit_on_error=False)
    async def _read(self, page: int) -> None:
        from api_client.errors import ApiError

        try:
            found = await self.console_app.client.list_sessions(page, PAGE_SIZE)
        except ApiError as error:
            if page > 1 and error.code == "not_found":
                self._reading = self._read(1)  # some servers say so of a page past the end
            else:
                self._failed(error)
        else:
            self._show(page, found)

    def _failed(self, error: Exception) -> None:
        """Keep the list and mark it as out of date."""
        self._out_of_date = True
        self.query_one("#notice", Static).update(_("Error: {why}").format(why=of_error(error)))
        if getattr(error, "code", None) == "not_authenticated":
            self.post_message(LoggedOut(expired=True))

    def _show(self, page: int, found: SessionPage) -> None:
        last = max(1, -(-found.count // PAGE_SIZE))
        if not found.results and page > last:
            self._reading = self._read(last)  # the list has shrunk meanwhile
            return
        if self._out_of_date:
            self._out_of_date = False
            self.query_one("#notice", Static).update("")
        empty = self.query_one("#empty", Static)
        empty.update(_how_to_begin(self.console_app.key_names))
        empty.display = not found.count
        self._page, self._count = page, found.count
        same_rows = list(self._sessions) == [session.id for session in found.results]
        self._sessions = {session.id: session for session in found.results}
        with self.app.batch_update():
            if same_rows:
                for session in found.results:
                    for key, cell in _cells(session).items():
                        if self.table.get_cell(session.id, key) != cell:
                            self.table.update_cell(session.id, key, cell)
            else:
                self._fill()
            self._heading()
        self.details.show(self._chosen())
        self._detail_soon()
        self.refresh_bindings()

    def _fill(self) -> None:
        """Rebuild all rows, with the cursor on the new session, or else where it was."""
        chosen = self._cursor_id()
        if self._made_id in self._sessions:
            chosen, self._made_id = self._made_id, None
        self.table.clear()
        for session in self._sessions.values():
            self.table.add_row(*_cells(session).values(), key=session.id)
        if chosen in self._sessions:
            self.table.move_cursor(row=list(self._sessions).index(chosen), animate=False)

    def _heading(self) -> None:
        if self._count is None:
            words = _("Reading...")
        else:
            pages = max(1, -(-self._count // PAGE_SIZE))
            words = _("{n} in all, page {page} of {pages}").format(
                n=self._count, page=self._page, pages=pages
            )
            if pages > 1:
                newer, older = self.key_name(NEWER), self.key_name(OLDER)
                words += "   " + _("{newer} newer, {older} older").format(newer=newer, older=older)
        self.query_one("#heading", Static).update(
            Content.assemble((_("Role-play sessions"), "bold $title"), (f"   {words}", "$dim"))
        )

    def _cursor_id(self) -> str | None:
        if not self.table.row_count or not self.table.is_valid_row_index(self.table.cursor_row):
            return None
        return self.table.coordinate_to_cell_key(self.table.cursor_coordinate).row_key.value

    def _chosen(self) -> Session | None:
        return self._sessions.get(self._cursor_id() or "") if self.is_mounted else None

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self.details.show(self._chosen())
        self._detail_soon()
        self.refresh_bindings()

    def _detail_soon(self) -> None:
        if self._detail_timer is not None:
            self._detail_timer.stop()
        if (session := self._chosen()) is not None:
            self._detail_timer = self.set_timer(DETAIL_DELAY_S, lambda: self._read_detail(session.id))

    @work(exclusive=True, group="detail", exit_on_error=False)
    async def _read_detail(self, session_id: str) -> None:
        from api_client.errors import ApiError

        try:
            detail = await self.console_app.client.get_session(session_id)
        except ApiError:
            return  # the list says what is wrong; the facts stay shown without the turns
        session = self._chosen()
        if session is not None and session.id == session_id:
            self.details.show(session, detail)

    # --- actions -------------------------------------------------------------------------------

    @on(DataTable.RowSelected)
    def _row_entered(self) -> None:
        self.action_talk()

    def action_talk(self) -> None:
        session = self._chosen()
        # A second Enter in the same breath finds the conversation on top already.
        if self.is_active and session is not None and session.status != "finished":
            self.post_message(Converse(session))

    def action_acceptance(self) -> None:
        self.post_message(CheckServer())

    def action_recordings(self) -> None:
        """To the recordings."""
        self.post_message(BrowseRecordings())

    def action_scenarios(self) -> None:
        """To the scenarios."""
        self.post_message(BrowseScenarios())

    def action_refresh(self) -> None:
        self._reading = self._read(self._page)

    def _poll(self) -> None:
        """Reload, unless a slow server has not answered yet: a second request would cancel the first."""
        if self._reading is None or self._reading.is_finished:
            self.action_refresh()

    def action_newer(self) -> None:
        self._reading = self._read(max(1, self._page - 1))

    def action_older(self) -> None:
        self._reading = self._read(self._page + 1)

    def action_logout(self) -> None:
        self.post_message(LoggedOut())

    def action_new(self) -> None:
        from tui.sessions.new_session import NewSessionScreen

        self.app.push_screen(NewSessionScreen(), self._made)

    def _made(self, session: Session | None) -> None:
        if session is not None:
            self._page, self._made_id = 1, session.id
            self.post_message(Converse(session))

    def action_finish(self) -> None:
        """Ask, then have the server score the session."""
        from tui.frame.confirm import ConfirmScreen

        session = self._chosen()
        if session is None:
            return
        question = _(
            'Finish the session "{industry}"? The server scores it, and you cannot talk in it again.'
        )
        dialog = ConfirmScreen(question.format(industry=session.industry), _("Finish"), _("Cancel"))

        def answered(yes: bool | None) -> None:
            if yes:
                self._finish(session.id)

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="finish", exit_on_error=False)
    async def _finish(self, session_id: str) -> None:
        from api_client.errors import ApiError

        notice = self.query_one("#notice", Static)
        notice.update(_("The server is scoring the session..."))
        try:
            finished = await self.console_app.client.finish_session(session_id)
        except ApiError as error:
            notice.update(_("Error: {why}").format(why=of_error(error)))
        else:
            notice.update("")
            total = finished.spin_scores.get("total")
            words = _("Finished. Score: {total}").format(total=NOTHING if total is None else total)
            self.notify(words, markup=False)
            self.action_refresh()


def _how_to_begin(keys: KeyNames) -> Content:
    """The empty list's hint."""

    def press(action: Action) -> tuple[str, str]:
        return _("Press {keys}").format(keys=keys.all(action)), "bold $accent"

    return Content("\n").join(
        [
            Content.styled(_("No sessions yet."), "bold"),
            Content(""),
            Content.assemble(press(NEW), _(" to start one and talk to the customer.")),
            Content.assemble(press(ACCEPTANCE), _(" to run the acceptance tests.")),
        ]
    )


def _cells(session: Session) -> dict[str, str]:
    return {
        "started": moment(session.started_at or session.created_at),
        "industry": session.industry or (session.company.company_name if session.company else None) or "-",
        "status": status_word(session.status),
        "mode": mode_word(session.realtime_mode),
    }
