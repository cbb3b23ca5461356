"""The acceptance procedure: the four tests as a live tree, and the evidence beside it.

The run is a worker that only appends its progress events to a queue; ten times a second they are folded into
the board and painted once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerError

from acceptance.plan import plan
from acceptance.progress import Doing, ProgressEvent, Question, Reply, RunFinished, TestStarted
from acceptance.request import Means
from acceptance.store import StoreError
from tui.acceptance.actions import ACCEPTANCE_ACTIONS
from tui.acceptance.board import Board, fold, stopped, with_notes
from tui.acceptance.moment import moment_of
from tui.acceptance.operator import ScreenOperator
from tui.acceptance.panel import RunPanel
from tui.acceptance.setup import ALL_TESTS, RunOptions, check_request, first_options
from tui.acceptance.words import changes_words, mark_word
from tui.actions import Action, bindings
from tui.conversation.watched_conversations import WatchedConversations
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.host.run_directory import new_run_directory
from tui.i18n import N_, _
from tui.navigation import Replay
from tui.status import at_account
from tui.tones import STYLES, News, Tone
from tui.wording.errors import of_error, sentence
from tui.wording.verdicts import words

if TYPE_CHECKING:
    from acceptance.comparison import Comparison
    from acceptance.request import CheckRequest
    from acceptance.results import RunResult
    from tui.acceptance.question import QuestionScreen

log = logging.getLogger(__name__)

TICK_S = 0.1
ABORT_TIMEOUT_S = 10.0
"""How long leaving waits for the run to close its connections."""
RUN_UP_S = 1.0
"""A replay of what decided a checkpoint begins so long before it."""
IDLE_ONLY = frozenset({"run_all", "run_one", "run_failed", "options", "export"})


class AcceptanceScreen(ConsoleScreen[None]):
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

    panel = getters.query_one("#run", RunPanel)

    class Told(Message):
        """A background job reports a result."""

        def __init__(self, news: News, *, toast: bool = False) -> None:
            super().__init__()
            self.news = news
            self.toast = toast

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self.notes: dict[int, str] = {}
        """The operator's notes (備考) by number of the test."""
        self.conversations = WatchedConversations()
        self.options: RunOptions | None = None
        self._events: deque[ProgressEvent] = deque()
        self._operator = ScreenOperator("")
        self._run_worker: Worker[None] | None = None
        self._dialog: QuestionScreen | None = None
        self._leaving = False
        self._was_running = False

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
        self.set_interval(TICK_S, self.tick)

    async def retranslate(self) -> None:
        """The cursor stays on its checkpoint."""
        chosen = self.panel.checks.chosen
        await super().retranslate()
        self._plan_again()
        self.paint()
        self.panel.checks.choose(chosen)

    def on_screen_resume(self) -> None:
        """Reset the status line, which showed the watched conversation."""
        self.console_app.status = at_account(self.console_app.account)

    async def on_unmount(self) -> None:
        """However the screen is left, the run first closes its connections and its results are saved."""
        if self._run_worker is not None and not self._run_worker.is_finished:
            self._run_worker.cancel()
            with contextlib.suppress(TimeoutError, WorkerError):
                async with asyncio.timeout(ABORT_TIMEOUT_S):
                    await self._run_worker.wait()
        for event in self._events:  # no tick comes any more
            if isinstance(event, RunFinished):
                try:
                    await self._keep(event.result)
                except StoreError as error:
                    log.warning("The result of the run could not be kept: %s", error)

    @property
    def running(self) -> bool:
        """Whether a run is in progress."""
        return self._run_worker is not None and not self._run_worker.is_finished

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

    def say_news(self, news: News) -> None:
        """One sentence below."""
        self.query_one("#news", Static).update(Content.styled(news.words, STYLES[news.tone]))

    @on(Told)
    def _told(self, message: Told) -> None:
        self.say_news(message.news)
        if message.toast:
            self.notify(message.news.words, timeout=10, markup=False)

    def tick(self) -> None:
        """Apply the queued events and paint once."""
        arrived = [self._events.popleft() for _ in range(len(self._events))]
        for event in arrived:
            self.conversations.take(event)
        known, self.board = self.board, fold(self.board, arrived)
        over = self._was_running and not self.running and not self._events
        if over:
            self.board = stopped(self.board)
            self.conversations.close()
        if self.board is not known:
            with self.app.batch_update():
                self.paint()
        for event in arrived:
            self._attend(event)
        if self.running != self._was_running:
            self._was_running = self.running
            self.refresh_bindings()
        if over and self._leaving:
            self.dismiss()

    def _attend(self, event: ProgressEvent) -> None:
        """React to an event beyond showing it in its place."""
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
        try:
            directory = new_run_directory(self.console_app.settings.state_directory)
        except OSError as error:
            path = str(self.console_app.settings.state_directory)
            self.console_app.tell("file_unwritable", path=path, reason=error.strerror or str(error))
            return
        assert self.options is not None
        self._operator = ScreenOperator(self.options.operator)
        self.conversations = WatchedConversations()
        self.notes = {}
        self._events.clear()
        self.say_news(News(_("Starting the run..."), "dim"))
        self._run_worker = self._carry_out(self._request(tests, directory))
        self._was_running = True
        self.refresh_bindings()

    @work(exclusive=True, group="run", exit_on_error=False)
    async def _carry_out(self, request: CheckRequest) -> None:
        """Run the tests; events only go to the queue."""
        await self.console_app.services.run_check(request, self._events.append, self._operator)

    def action_abort(self) -> None:
        """Abort the run; it cleans up and still reports its results."""
        if self._run_worker is not None:
            self.say_news(News(_("Aborting: closing the connections..."), "warn"))
            self._run_worker.cancel()

    def action_watch(self) -> None:
        from tui.conversation.watch import WatchScreen

        self.app.push_screen(WatchScreen(lambda: self.conversations))

    def action_moment(self) -> None:
        """What decided the chosen checkpoint, in the recording."""
        found = moment_of(self.board.result, self.panel.checks.chosen)
        if found is not None:
            directory, t = found
            self.post_message(Replay(directory, max(0.0, t - RUN_UP_S)))

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
            changes = await self._keep(result)
        except StoreError as error:
            self.post_message(self.Told(News(_("Error: {why}").format(why=of_error(error)), "bad")))
        else:
            if result.aborted:
                changes = None  # what was not reached is no change
            tone: Tone = "warn" if changes is not None and changes.worse else "plain"
            self.post_message(self.Told(News(f"{said} {changes_words(changes)}".rstrip(), tone)))

    async def _keep(self, result: RunResult) -> Comparison | None:
        app = self.console_app
        return await app.services.keep_result(with_notes(result, self.notes), app.settings.state_directory)

    @work(exclusive=True, group="export", exit_on_error=False)
    async def action_export(self) -> None:
        """Export Markdown, HTML, JUnit XML and JSON, and show the folder."""
        if self.board.result is None:
            return
        try:
            folder = await self.console_app.services.export_result(with_notes(self.board.result, self.notes))
        except OSError as error:
            path, reason = str(error.filename or "-"), error.strerror or str(error)
            self.post_message(
                self.Told(News(sentence("file_unwritable", {"path": path, "reason": reason}), "bad"))
            )
        else:
            said = _("The reports are in {path}").format(path=folder)
            self.post_message(self.Told(News(said, "good"), toast=True))

    # --- leaving -------------------------------------------------------------------------------

    def action_back(self) -> None:
        if not self.running:
            self.dismiss()
            return
        question = _("The run is still in progress. Abort it and go back?")
        self._confirm(question, _("Abort"), self._abort_and_leave)

    def _abort_and_leave(self) -> None:
        self._leaving = True
        if self.running:
            self.action_abort()
        else:
            self.dismiss()

    def ask_to_leave(self, leave: Callable[[], None]) -> bool:
        """Ask before quitting during a run; whether a question was shown."""
        if not self.running:
            return False
        question = _("An acceptance run is in progress. Abort it and quit?")
        self._confirm(question, _("Quit"), leave, quitting=True)
        return True

    def _confirm(
        self, question: str, yes: str, then: Callable[[], object], *, quitting: bool = False
    ) -> None:
        from tui.frame.confirm import ConfirmScreen

        def answered(answer: bool | None) -> None:
            if answer:
                then()

        self.app.push_screen(ConfirmScreen(question, yes, _("Let it run"), quitting=quitting), answered)
