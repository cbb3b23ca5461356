"""The acceptance procedure: the four tests as a live tree, and the evidence beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from acceptance.plan import plan
from acceptance.progress import Doing, ProgressEvent, Question, Reply, RunFinished, TestStarted
from acceptance.request import Means
from acceptance.store import StoreError
from tui.acceptance.actions import ACCEPTANCE_ACTIONS
from tui.acceptance.board import Board, fold, stopped, with_notes
from tui.acceptance.moment import moment_of
from tui.acceptance.operator import ScreenOperator
from tui.acceptance.panel import RunPanel
from tui.acceptance.run_screen import RunScreen
from tui.acceptance.setup import ALL_TESTS, RunOptions, check_request, first_options
from tui.acceptance.words import changes_words, mark_word
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.status_line import StatusLine
from tui.i18n import N_, _
from tui.tones import News, Tone
from tui.wording.errors import of_error
from tui.wording.verdicts import words

if TYPE_CHECKING:
    from acceptance.request import CheckRequest
    from acceptance.results import RunResult
    from tui.acceptance.question import QuestionScreen

IDLE_ONLY = frozenset({"run_all", "run_one", "run_failed", "options", "export"})


class AcceptanceScreen(RunScreen):
    """Runs the procedure against the current server."""

    ABOUT: ClassVar[str] = N_(
        "Four tests of this server. Each checkpoint passes or fails by the evidence shown beside it, "
        "never without any."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = ACCEPTANCE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACCEPTANCE_ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#tests"
    LEAVING = N_("An acceptance run is in progress. Abort it and quit?")

    panel = getters.query_one("#run", RunPanel)

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self.notes: dict[int, str] = {}
        """The operator's notes (備考) by number of the test."""
        self.options: RunOptions | None = None
        self._operator = ScreenOperator("")
        self._dialog: QuestionScreen | None = None

    def compose(self) -> ComposeResult:
        account = self.console_app.account
        yield StatusLine()
        yield RunPanel(account.server_url if account else "", self.console_app.key_names, id="run")
        yield Static(id="news")
        yield ActionFooter()

    def on_mount(self) -> None:
        """Show the plan before any run."""
        account = self.console_app.account
        assert account is not None
        self.options = first_options(self.console_app.settings, account)
        self._plan_again()
        self.paint()
        self.keep_ticking()

    async def retranslate(self) -> None:
        """The cursor stays on its checkpoint."""
        chosen = self.panel.checks.chosen
        await super().retranslate()
        self._plan_again()
        self.paint()
        self.panel.checks.choose(chosen)

    def _plan_again(self) -> None:
        """Recompute the plan of a full run with the current options."""
        if self.board.run_id is None:
            request = self._request(ALL_TESTS, Path())
            means = Means(restart_server=self.console_app.services.restart_of(request.server_url))
            self.board = Board(plan=plan(request, means))

    def _request(self, tests: tuple[int, ...], directory: Path) -> CheckRequest:
        app = self.console_app
        assert app.account is not None
        assert self.options is not None
        return check_request(app.settings, app.account, self.options, tests, directory)

    # --- painting ------------------------------------------------------------------------------

    def paint(self) -> None:
        """Show the current board."""
        self.panel.show(self.board, self.notes)

    def fold(self, arrived: Sequence[ProgressEvent], *, over: bool) -> bool:
        known, board = self.board, fold(self.board, arrived)
        self.board = stopped(board) if over else board
        return self.board is not known

    def attend(self, event: ProgressEvent) -> None:
        match event:
            case Doing():
                self.say_news(News(words(event), "warn"))
            case TestStarted():
                self.panel.checks.bring_up(event.test)
            case Question():
                self._ask(event)
            case RunFinished():
                self._finished(event)
            case _:
                pass

    def _finished(self, event: RunFinished) -> None:
        said = _("Run finished: document {document}, beyond it {beyond}.").format(
            document=mark_word(event.result.document), beyond=mark_word(event.result.beyond)
        )
        if event.result.aborted:
            said = _("The run was aborted. The results so far are shown and saved.")
        self.say_news(News(said, "good" if event.result.passed else "warn"))
        if not event.result.passed:
            self.console_app.alert(said)
        if self._dialog is not None:
            self._dialog.withdraw()
        self.keep(said)

    # --- what can be done ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("abort", "watch"):
            return self.running
        if action in IDLE_ONLY and self.running:
            return False
        if action == "run_failed":
            return bool(self.board.to_run_again)
        if action == "export":
            return True if self.board.over else None
        if action == "moment":
            return True if moment_of(self.board.result, self.panel.checks.chosen) else None
        return super().check_action(action, parameters)

    def action_run_all(self) -> None:
        """The whole procedure."""
        self._start(ALL_TESTS)

    def action_run_one(self) -> None:
        """Run the test under the cursor; the first line has none."""
        number = self.panel.checks.chosen_test
        if number is None:
            self.say_news(News(_("Select a test first."), "warn"))
        else:
            self._start((number,))

    def action_run_failed(self) -> None:
        """Rerun the failed tests."""
        self._start(self.board.to_run_again)

    def _start(self, tests: tuple[int, ...]) -> None:
        directory = self.run_directory()
        if directory is None:
            return
        assert self.options is not None
        self._operator = ScreenOperator(self.options.operator)
        self.notes = {}
        self.begin(lambda: self._carry_out(self._request(tests, directory)))

    @work(exclusive=True, group="run", exit_on_error=False)
    async def _carry_out(self, request: CheckRequest) -> None:
        """Run the tests; events only go to the queue."""
        await self.console_app.services.run_check(request, self.events.append, self._operator)

    def action_moment(self) -> None:
        """What decided the chosen checkpoint, in the recording."""
        self.replay(moment_of(self.board.result, self.panel.checks.chosen))

    def action_options(self) -> None:
        """Choose the operator's name, the second user and the source."""
        from tui.acceptance.run_options import RunOptionsScreen

        assert self.options is not None
        self.app.push_screen(RunOptionsScreen(self.options), self._chosen_options)

    def _chosen_options(self, options: RunOptions | None) -> None:
        if options is not None:
            self.options = options
            self._plan_again()
            self.paint()

    def action_note(self) -> None:
        """Edit the note (備考) of the test under the cursor."""
        from tui.acceptance.note import NoteScreen

        number = self.panel.checks.chosen_test
        if number is None:
            self.say_news(News(_("Select a test first."), "warn"))
            return
        chosen = number

        def written(note: str | None) -> None:
            if note is not None and note != self.notes.get(chosen, ""):
                self.notes[chosen] = note
                self.paint()
                if self.board.over:
                    self.keep(_("The note is saved with the result."))

        self.app.push_screen(NoteScreen(chosen, self.notes.get(chosen, "")), written)

    # --- the operator's answers ----------------------------------------------------------------

    def _ask(self, question: Question) -> None:
        from tui.acceptance.question import QuestionScreen

        self._dialog = QuestionScreen(question, self._operator.name)
        self.app.push_screen(self._dialog, self._answered)

    def _answered(self, reply: Reply | None) -> None:
        self._dialog = None
        if reply is not None:
            self._operator.answer(reply)

    # --- results -------------------------------------------------------------------------------

    @work(group="keep", exit_on_error=False)
    async def keep(self, said: str) -> None:
        """Save the result with the notes; show ``said`` and what changed since the previous run."""
        result = self.board.result
        if result is None:
            return
        try:
            changes = await self.save(result)
        except StoreError as error:
            self.post_message(self.Told(News(_("Error: {why}").format(why=of_error(error)), "bad")))
        else:
            if result.aborted:
                changes = None  # what was not reached is no change
            tone: Tone = "warn" if changes is not None and changes.worse else "plain"
            self.post_message(self.Told(News(f"{said} {changes_words(changes)}".rstrip(), tone)))

    def for_keeping(self, result: RunResult) -> RunResult:
        """With the operator's notes."""
        return with_notes(result, self.notes)

    @work(exclusive=True, group="export", exit_on_error=False)
    async def action_export(self) -> None:
        """Export Markdown, HTML, JUnit XML and JSON, and show the folder."""
        if self.board.result is not None:
            await self.write_reports(self.board.result)
