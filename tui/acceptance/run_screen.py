"""What the screens that run something have in common: the acceptance procedure, and scenarios.

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
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerError

from acceptance.progress import ProgressEvent, RunFinished
from acceptance.store import StoreError
from tui.conversation.watched_conversations import WatchedConversations
from tui.frame.screen import ConsoleScreen
from tui.host.run_directory import new_run_directory
from tui.i18n import _
from tui.navigation import Replay
from tui.status import at_account
from tui.tones import STYLES, News
from tui.wording.errors import sentence

if TYPE_CHECKING:
    from acceptance.comparison import Comparison
    from acceptance.results import RunResult

log = logging.getLogger(__name__)

TICK_S = 0.1
ABORT_TIMEOUT_S = 10.0
"""How long leaving waits for the run to close its connections."""
RUN_UP_S = 1.0
"""A replay of what decided an answer begins so long before it."""


class RunScreen(ConsoleScreen[None]):
    """One run at a time, its news, its results, and the question before it is left."""

    LEAVING = ""
    """The question before quitting during a run, not yet translated."""

    class Told(Message):
        """A background job reports a result."""

        def __init__(self, news: News, *, toast: bool = False) -> None:
            super().__init__()
            self.news = news
            self.toast = toast

    def __init__(self) -> None:
        super().__init__()
        self.conversations = WatchedConversations()
        self.events: deque[ProgressEvent] = deque()
        self._run_worker: Worker[None] | None = None
        self._leaving = False
        self._was_running = False

    # --- what the screen says of itself -----------------------------------------------------------

    def paint(self) -> None:
        """Show the current board."""
        raise NotImplementedError

    def fold(self, arrived: Sequence[ProgressEvent], *, over: bool) -> bool:
        """Bring the board in step with what has ``arrived``; ``over``: nothing follows. Whether that changed it."""
        raise NotImplementedError

    def attend(self, event: ProgressEvent) -> None:
        """React to an event beyond showing it in its place."""
        raise NotImplementedError

    def for_keeping(self, result: RunResult) -> RunResult:
        """The result as it is saved and exported."""
        return result

    # --- the run ------------------------------------------------------------------------------------

    def keep_ticking(self) -> None:
        """Call ``tick`` from now on."""
        self.set_interval(TICK_S, self.tick)

    @property
    def running(self) -> bool:
        """Whether a run is in progress."""
        return self._run_worker is not None and not self._run_worker.is_finished

    def run_directory(self) -> Path | None:
        """A new directory for a run; None after saying why there is none."""
        app = self.console_app
        try:
            return new_run_directory(app.settings.state_directory)
        except OSError as error:
            path = str(app.settings.state_directory)
            app.tell("file_unwritable", path=path, reason=error.strerror or str(error))
            return None

    def begin(self, carry_out: Callable[[], Worker[None]]) -> None:
        """Start the worker that ``carry_out`` makes, with nothing left of the run before."""
        self.conversations = WatchedConversations()
        self.events.clear()
        self.say_news(News(_("Starting the run..."), "dim"))
        self._run_worker = carry_out()
        self._was_running = True
        self.refresh_bindings()

    def tick(self) -> None:
        """Apply the queued events and paint once."""
        arrived = [self.events.popleft() for _ in range(len(self.events))]
        for event in arrived:
            self.conversations.take(event)
        over = self._was_running and not self.running and not self.events
        changed = self.fold(arrived, over=over)
        if over:
            self.conversations.close()
        if changed:
            with self.app.batch_update():
                self.paint()
        for event in arrived:
            self.attend(event)
        if self.running != self._was_running:
            self._was_running = self.running
            self.refresh_bindings()
        if over and self._leaving:
            self.dismiss()

    async def on_unmount(self) -> None:
        """However the screen is left, the run first closes its connections and its results are saved."""
        if self._run_worker is not None and not self._run_worker.is_finished:
            self._run_worker.cancel()
            with contextlib.suppress(TimeoutError, WorkerError):
                async with asyncio.timeout(ABORT_TIMEOUT_S):
                    await self._run_worker.wait()
        for event in self.events:  # no tick comes any more
            if isinstance(event, RunFinished):
                try:
                    await self.save(event.result)
                except StoreError as error:
                    log.warning("The result of the run could not be kept: %s", error)

    def on_screen_resume(self) -> None:
        """Reset the status line, which showed the watched conversation."""
        self.console_app.status = at_account(self.console_app.account)

    # --- news and results ---------------------------------------------------------------------------

    def say_news(self, news: News) -> None:
        """One sentence below."""
        self.query_one("#news", Static).update(Content.styled(news.words, STYLES[news.tone]))

    @on(Told)
    def _told(self, message: Told) -> None:
        self.say_news(message.news)
        if message.toast:
            self.notify(message.news.words, timeout=10, markup=False)

    async def save(self, result: RunResult) -> Comparison | None:
        """Keep ``result``; gives what changed since the previous run. Raises ``StoreError``."""
        app = self.console_app
        return await app.services.keep_result(self.for_keeping(result), app.settings.state_directory)

    async def write_reports(self, result: RunResult) -> None:
        """Export Markdown, HTML, JUnit XML and JSON, and show the folder."""
        try:
            folder = await self.console_app.services.export_result(self.for_keeping(result))
        except OSError as error:
            path, reason = str(error.filename or "-"), error.strerror or str(error)
            said = sentence("file_unwritable", {"path": path, "reason": reason})
            self.post_message(self.Told(News(said, "bad")))
        else:
            said = _("The reports are in {path}").format(path=folder)
            self.post_message(self.Told(News(said, "good"), toast=True))

    def replay(self, found: tuple[Path, float] | None) -> None:
        """The moment ``found`` in a recording."""
        if found is not None:
            directory, t = found
            self.post_message(Replay(directory, max(0.0, t - RUN_UP_S)))

    # --- watching, aborting, leaving ------------------------------------------------------------------

    def action_watch(self) -> None:
        from tui.conversation.watch import WatchScreen

        self.app.push_screen(WatchScreen(lambda: self.conversations))

    def action_abort(self) -> None:
        """Abort the run; it cleans up and still reports its results."""
        if self._run_worker is not None:
            self.say_news(News(_("Aborting: closing the connections..."), "warn"))
            self._run_worker.cancel()

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
        self._confirm(_(self.LEAVING), _("Quit"), leave, quitting=True)
        return True

    def _confirm(
        self, question: str, yes: str, then: Callable[[], object], *, quitting: bool = False
    ) -> None:
        from tui.frame.confirm import ConfirmScreen

        def answered(answer: bool | None) -> None:
            if answer:
                then()

        self.app.push_screen(ConfirmScreen(question, yes, _("Let it run"), quitting=quitting), answered)
