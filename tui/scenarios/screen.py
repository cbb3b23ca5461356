"""Scenarios: a list of written conversations, and their expectations ticking over while they are held.

The run is a worker that only appends its progress events to a queue; ten times a second they are folded into the board
and painted once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerError

from acceptance.progress import Doing, ProgressEvent, RunFinished, TestStarted
from acceptance.request import Credentials
from acceptance.store import StoreError
from scenarios.model import Scenario
from scenarios.request import ScenarioRequest
from scenarios.runner import planned
from tui.acceptance.moment import moment_of
from tui.actions import Action, bindings
from tui.conversation.watched_conversations import WatchedConversations
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.host.run_directory import new_run_directory
from tui.host.scenarios import Shelf
from tui.i18n import N_, _
from tui.navigation import Replay
from tui.scenarios.actions import SCENARIO_ACTIONS
from tui.scenarios.board import ScenarioBoard, begun, fold, stopped
from tui.scenarios.panel import ScenarioPanel
from tui.scenarios.words import ending_words
from tui.status import at_account
from tui.tones import STYLES, News
from tui.wording.errors import of_error, sentence
from tui.wording.verdicts import words

if TYPE_CHECKING:
    from acceptance.results import RunResult

log = logging.getLogger(__name__)

TICK_S = 0.1
ABORT_TIMEOUT_S = 10.0
"""How long leaving waits for the run to close its connections."""
RUN_UP_S = 1.0
"""A replay of what decided an expectation begins so long before it."""
IDLE_ONLY = frozenset({"run_all", "run_one", "run_failed", "export", "reload"})


class ScenariosScreen(ConsoleScreen[None]):
    """Runs scenarios against the current server."""

    ABOUT: ClassVar[str] = N_(
        "Written conversations. Each is held with this server, and what is expected of it passes or fails by the "
        "evidence shown beside it."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = SCENARIO_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(SCENARIO_ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#scenarios"

    panel = getters.query_one("#run", ScenarioPanel)

    class Told(Message):
        """A background job reports a result."""

        def __init__(self, news: News, *, toast: bool = False) -> None:
            super().__init__()
            self.news = news
            self.toast = toast

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf = shelf
        self.board = ScenarioBoard(shelf.scenarios)
        self.conversations = WatchedConversations()
        self._events: deque[ProgressEvent] = deque()
        self._run_worker: Worker[None] | None = None
        self._leaving = False
        self._was_running = False

    def compose(self) -> ComposeResult:
        app = self.console_app
        server_url = app.account.server_url if app.account else ""
        own = app.services.scenario_folder()
        yield StatusLine()
        yield ScenarioPanel(self.board, self.shelf.mistakes, own, server_url, app.key_names, id="run")
        yield Static(id="news")
        yield ActionFooter()

    def on_mount(self) -> None:
        """Show the list before any run."""
        self.paint()
        self.set_interval(TICK_S, self.tick)

    async def retranslate(self) -> None:
        """The cursor stays where it is."""
        chosen = self.panel.tree_of.chosen
        self.shelf = await self.console_app.services.scenarios()
        await super().retranslate()
        self.paint()
        with contextlib.suppress(KeyError):  # on the first line, or the file is gone
            self.panel.tree_of.choose(chosen)

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

    # --- painting ------------------------------------------------------------------------------

    def paint(self) -> None:
        """Show the current board."""
        self.panel.show(self.board)

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
            case TestStarted(test=number) if number in self.board.names:
                self.panel.tree_of.bring_up(self.board.names[number])
            case RunFinished(result=result):
                self.say_news(News(ending_words(result), "good" if result.passed else "warn"))
                self.keep(result)
            case _:
                pass

    # --- what can be done ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("abort", "watch"):
            return self.running
        if action in IDLE_ONLY and self.running:
            return False
        if action == "run_failed":
            return bool(self.board.to_run_again)
        if action == "export":
            return True if self.board.result is not None else None
        if action == "moment":
            return True if self._moment() is not None else None
        return super().check_action(action, parameters)

    def action_run_all(self) -> None:
        """Every scenario, one after another: each in the time that it takes."""
        self._start(self.board.scenarios)

    def action_run_one(self) -> None:
        """The scenario under the cursor; the first line has none."""
        name = self.panel.tree_of.chosen_scenario
        if name is None:
            self.say_news(News(_("Select a scenario first."), "warn"))
        else:
            self._start((self.board.scenario(name),))

    def action_run_failed(self) -> None:
        """Those that did not pass."""
        self._start(self.board.to_run_again)

    def _start(self, scenarios: Sequence[Scenario]) -> None:
        app = self.console_app
        try:
            directory = new_run_directory(app.settings.state_directory)
        except OSError as error:
            path = str(app.settings.state_directory)
            app.tell("file_unwritable", path=path, reason=error.strerror or str(error))
            return
        if not scenarios or app.account is None:
            return
        request = ScenarioRequest(
            server_url=app.account.server_url,
            account=Credentials(app.account.username, app.account.token),
            directory=directory,
            scenarios=tuple(scenarios),
            insecure=app.account.insecure,
        )
        self.board = begun(self.board, {one.number: one.scenario.name for one in planned(request)})
        self.conversations = WatchedConversations()
        self._events.clear()
        self.paint()
        self.say_news(News(_("Starting the run..."), "dim"))
        self._run_worker = self._carry_out(request)
        self._was_running = True
        self.refresh_bindings()

    @work(exclusive=True, group="run", exit_on_error=False)
    async def _carry_out(self, request: ScenarioRequest) -> None:
        """Hold the conversations; events only go to the queue."""
        await self.console_app.services.run_scenarios(request, self._events.append)

    def action_abort(self) -> None:
        """Abort the run; it cleans up and still reports its results."""
        if self._run_worker is not None:
            self.say_news(News(_("Aborting: closing the connections..."), "warn"))
            self._run_worker.cancel()

    def action_watch(self) -> None:
        from tui.conversation.watch import WatchScreen

        self.app.push_screen(WatchScreen(lambda: self.conversations))

    def _moment(self) -> tuple[Path, float] | None:
        """The recording and the time of what decided the chosen expectation."""
        tree = self.panel.tree_of
        return moment_of(self.board.results.get(tree.chosen_scenario or ""), tree.chosen)

    def action_moment(self) -> None:
        """What decided the chosen expectation, in the recording."""
        if (found := self._moment()) is not None:
            directory, t = found
            self.post_message(Replay(directory, max(0.0, t - RUN_UP_S)))

    @work(exclusive=True, group="reload", exit_on_error=False)
    async def action_reload(self) -> None:
        """Read the files again: what is known of the runs before is dropped."""
        self.shelf = await self.console_app.services.scenarios()
        self.board = ScenarioBoard(self.shelf.scenarios)
        await self.recompose()
        self.paint()
        self.say_news(News(_("The files have been read again."), "dim"))

    # --- results -------------------------------------------------------------------------------

    @work(group="keep", exit_on_error=False)
    async def keep(self, result: RunResult) -> None:
        """Save the result."""
        try:
            await self._keep(result)
        except StoreError as error:
            self.post_message(self.Told(News(_("Error: {why}").format(why=of_error(error)), "bad")))

    async def _keep(self, result: RunResult) -> None:
        app = self.console_app
        await app.services.keep_result(result, app.settings.state_directory)

    @work(exclusive=True, group="export", exit_on_error=False)
    async def action_export(self) -> None:
        """Export Markdown, HTML, JUnit XML and JSON, and show the folder."""
        if self.board.result is None:
            return
        try:
            folder = await self.console_app.services.export_result(self.board.result)
        except OSError as error:
            path, reason = str(error.filename or "-"), error.strerror or str(error)
            said = sentence("file_unwritable", {"path": path, "reason": reason})
            self.post_message(self.Told(News(said, "bad")))
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
        question = _("Scenarios are being run. Abort them and quit?")
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
