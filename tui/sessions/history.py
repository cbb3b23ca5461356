"""A session from its first stored turn to its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.host.terminal import ascii_only
from tui.i18n import N_, _
from tui.sessions.report import report_lines
from tui.sessions.session_details import facts, turns
from tui.sessions.words import transcript
from tui.wording.errors import of_error

if TYPE_CHECKING:
    from api_client.models import SessionDetail
    from tui.sessions.view import Row

COPY = Action(
    "history.copy",
    "y,f9",
    "copy",
    N_("Copy"),
    N_("Session: Copy transcript"),
    N_("Copy the stored turns to the clipboard as text"),
)
BACK = Action(
    "history.back", "escape", "back", N_("Back"), N_("Session: Back"), N_("Back to the list of sessions")
)
ACTIONS = (COPY, BACK)


class HistoryScreen(ConsoleScreen[None]):
    """Every stored turn with what the server made of it, then the report."""

    ABOUT: ClassVar[str] = N_(
        "One session from its first stored turn to its report, with what the server made of each turn."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "history.tcss"
    AUTO_FOCUS = "#history"

    def __init__(self, row: Row) -> None:
        super().__init__()
        self._row = row
        self._detail: SessionDetail | None = None
        self._problem = ""

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Static(_("Session history"), classes="title")
        with VerticalScroll(id="history"):
            yield Static(id="history-text")
        yield ActionFooter()

    def on_mount(self) -> None:
        self._paint()
        self._read()

    async def retranslate(self) -> None:
        """What was read stays."""
        await super().retranslate()
        self._paint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to copy once it is read."""
        if action == "copy":
            return True if self._detail is not None and self._detail.messages else None
        return super().check_action(action, parameters)

    def _paint(self) -> None:
        lines = [facts(self._row)]
        if self._problem:
            lines += [Content(""), Content.styled(self._problem, "$warning")]
        elif self._detail is None:
            lines += [Content(""), Content.styled(_("Reading..."), "$dim")]
        else:
            lines += turns(self._detail)
            if self._detail.report is not None:
                report = report_lines(
                    self._detail.report, plain=self.console_app.settings.plain or ascii_only()
                )
                lines += [Content(""), *report]
        self.query_one("#history-text", Static).update(Content("\n").join(lines))
        self.refresh_bindings()

    @work(exclusive=True, group="detail", exit_on_error=False)
    async def _read(self) -> None:
        from api_client.errors import ApiError

        try:
            self._detail = await self.console_app.client.get_session(self._row.session.id)
        except ApiError as error:
            self._problem = _("Error: {why}").format(why=of_error(error))
        self._paint()

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def action_copy(self) -> None:
        """As text."""
        if self._detail is not None:
            await self.console_app.put_on_clipboard("\n".join(transcript(self._row.session, self._detail)))

    def action_back(self) -> None:
        """Back to the list."""
        self.dismiss()
