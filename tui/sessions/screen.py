"""The account's sessions: choose one, create one, talk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.widgets import DataTable, Static

from tui.actions import Action, bindings
from tui.i18n import N_, _
from tui.navigation import BrowseRecordings, BrowseScenarios, CheckServer, Converse, LoggedOut
from tui.sessions.actions import HISTORY, LOG_OUT, SESSIONS_ACTIONS
from tui.sessions.list_screen import SessionListScreen
from tui.sessions.words import transcript
from tui.wording.errors import of_error
from tui.wording.figures import NOTHING

if TYPE_CHECKING:
    from api_client.models import NewSession, Session

ON_A_SESSION = frozenset({"talk", "history", "duplicate", "copy_id", "copy_transcript"})


class SessionsScreen(SessionListScreen):
    """A page of sessions beside the details of the selected one."""

    ACTIONS: ClassVar[tuple[Action, ...]] = SESSIONS_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(SESSIONS_ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#table"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        row = self.chosen
        if action == "finish":
            return True if row is not None and row.session.status != "finished" else None
        if action in ON_A_SESSION:
            return True if row is not None else None
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """Esc first closes or ends what is open; Enter shows what cannot be talked in."""
        row = self.chosen
        if action is LOG_OUT and (self.has_class("-typing") or self.view.narrowed):
            return N_("Close") if self.has_class("-typing") else N_("Show all")
        if action is LOG_OUT and not self.console_app.ALLOWED.machine:
            return N_("End visit")
        if action.name == "talk" and row is not None and row.session.status == "finished":
            return HISTORY.label
        return super().action_label(action)

    # --- actions -------------------------------------------------------------------------------

    @on(DataTable.RowSelected)
    def _row_entered(self) -> None:
        self.action_talk()

    def action_talk(self) -> None:
        """Talk; a finished session shows its history instead."""
        row = self.chosen
        # A second Enter in the same breath finds the conversation on top already.
        if not self.is_active or row is None:
            return
        if row.session.status == "finished":
            self.action_history()
        else:
            self.post_message(Converse(row.session))

    def action_history(self) -> None:
        """Every stored turn, and the report."""
        from tui.sessions.history import HistoryScreen

        if self.is_active and (row := self.chosen) is not None:
            self.app.push_screen(HistoryScreen(row))

    def action_acceptance(self) -> None:
        self.post_message(CheckServer())

    def action_recordings(self) -> None:
        """To the recordings."""
        self.post_message(BrowseRecordings())

    def action_scenarios(self) -> None:
        """To the scenarios."""
        self.post_message(BrowseScenarios())

    def action_logout(self) -> None:
        """Close the search, else show all again, else log out."""
        if self.has_class("-typing"):
            self.close_search()
        elif self.view.narrowed:
            self.look(replace(self.view, words="", only_active=False))
        else:
            self.post_message(LoggedOut())

    def action_new(self) -> None:
        self._open_form()

    def action_duplicate(self) -> None:
        """The form, filled in like the chosen session."""
        from tui.sessions.templates import of_session

        if (row := self.chosen) is not None:
            self._open_form(of_session(row.session))

    def _open_form(self, like: NewSession | None = None) -> None:
        from tui.sessions.new_session import NewSessionScreen

        self.app.push_screen(NewSessionScreen(like), self._made)

    def _made(self, session: Session | None) -> None:
        if session is not None:
            self.made_id = session.id
            self.view = replace(self.view, words="", order="started")
            self.table.set_up(self.view.order)
            self.post_message(Converse(session))

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def action_copy_id(self) -> None:
        """The chosen session's id."""
        if (row := self.chosen) is not None:
            await self.console_app.put_on_clipboard(row.session.id)

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def action_copy_transcript(self) -> None:
        """The chosen session's stored turns, as text."""
        from api_client.errors import ApiError

        row = self.chosen
        if row is None:
            return
        try:
            detail = await self.reader.detail(row.session.id)
        except ApiError as error:
            self.query_one("#notice", Static).update(_("Error: {why}").format(why=of_error(error)))
            return
        if detail.messages:
            await self.console_app.put_on_clipboard("\n".join(transcript(row.session, detail)))
        else:
            self.notify(_("No turns stored yet"), markup=False)

    def action_finish(self) -> None:
        """Ask, then have the server score the session."""
        from tui.frame.confirm import ConfirmScreen

        row = self.chosen
        if row is None:
            return
        session = row.session
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
