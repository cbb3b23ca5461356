"""Scenarios: a list of written conversations, and their expectations ticking over while they are held."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from acceptance.progress import Doing, ProgressEvent, RunFinished, TestStarted
from acceptance.request import Credentials
from acceptance.store import StoreError
from scenarios.model import Scenario
from scenarios.request import ScenarioRequest
from scenarios.runner import planned
from tui.acceptance.moment import moment_of
from tui.acceptance.run_screen import RunScreen
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.status_line import StatusLine
from tui.host.scenarios import Shelf
from tui.i18n import N_, _
from tui.scenarios.actions import SCENARIO_ACTIONS
from tui.scenarios.board import ScenarioBoard, begun, fold, stopped
from tui.scenarios.panel import ScenarioPanel
from tui.scenarios.words import ending_words
from tui.tones import News
from tui.wording.errors import of_error
from tui.wording.verdicts import words

if TYPE_CHECKING:
    from acceptance.results import RunResult

IDLE_ONLY = frozenset({"run_all", "run_one", "run_failed", "export", "reload"})


class ScenariosScreen(RunScreen):
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
    LEAVING = N_("Scenarios are being run. Abort them and quit?")

    panel = getters.query_one("#run", ScenarioPanel)

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf = shelf
        self.board = ScenarioBoard(shelf.scenarios)

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
        self.keep_ticking()

    async def retranslate(self) -> None:
        """The cursor stays where it is."""
        chosen = self.panel.tree_of.chosen
        self.shelf = await self.console_app.services.scenarios()
        await super().retranslate()
        self.paint()
        with contextlib.suppress(KeyError):  # on the first line, or the file is gone
            self.panel.tree_of.choose(chosen)

    # --- painting ------------------------------------------------------------------------------

    def paint(self) -> None:
        """Show the current board."""
        self.panel.show(self.board)

    def fold(self, arrived: Sequence[ProgressEvent], *, over: bool) -> bool:
        known, board = self.board, fold(self.board, arrived)
        self.board = stopped(board) if over else board
        return self.board is not known

    def attend(self, event: ProgressEvent) -> None:
        match event:
            case Doing():
                self.say_news(News(words(event), "warn"))
            case TestStarted(test=number) if number in self.board.names:
                self.panel.tree_of.bring_up(self.board.names[number])
            case RunFinished(result=result):
                self.say_news(News(ending_words(result), "good" if result.passed else "warn"))
                if not result.passed:
                    self.console_app.alert(ending_words(result))
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
        directory = self.run_directory()
        if directory is None or not scenarios or app.account is None:
            return
        request = ScenarioRequest(
            server_url=app.account.server_url,
            account=Credentials(app.account.username, app.account.token),
            directory=directory,
            scenarios=tuple(scenarios),
            insecure=app.account.insecure,
        )
        self.board = begun(self.board, {one.number: one.scenario.name for one in planned(request)})
        self.paint()
        self.begin(lambda: self._carry_out(request))

    @work(exclusive=True, group="run", exit_on_error=False)
    async def _carry_out(self, request: ScenarioRequest) -> None:
        """Hold the conversations; events only go to the queue."""
        await self.console_app.services.run_scenarios(request, self.events.append)

    def _moment(self) -> tuple[Path, float] | None:
        """The recording and the time of what decided the chosen expectation."""
        tree = self.panel.tree_of
        return moment_of(self.board.results.get(tree.chosen_scenario or ""), tree.chosen)

    def action_moment(self) -> None:
        """What decided the chosen expectation, in the recording."""
        self.replay(self._moment())

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
            await self.save(result)
        except StoreError as error:
            self.post_message(self.Told(News(_("Error: {why}").format(why=of_error(error)), "bad")))

    @work(exclusive=True, group="export", exit_on_error=False)
    async def action_export(self) -> None:
        """Export Markdown, HTML, JUnit XML and JSON, and show the folder."""
        if self.board.result is not None:
            await self.write_reports(self.board.result)
