"""One event: its times, what it answers, and the message itself as JSON."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from relay.stream import ProtocolEvent, StreamEvent
from tui.actions import Action, bindings
from tui.conversation.feed import Feed
from tui.conversation.instruments.event_detail import event_json, message_json, recorded_message, wall_time
from tui.conversation.instruments.event_rows import answered
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.i18n import N_, _
from tui.wording.figures import NOTHING, number

COPY = Action(
    "event.copy", "y,f9", "copy", N_("Copy"), N_("Event: Copy"), N_("Copy the event as JSON to the clipboard")
)
ANSWERED = Action(
    "event.answered",
    "a,f2",
    "answered",
    N_("What it answers"),
    N_("Event: What it answers"),
    N_("Go to the event that this one answers"),
)
BACK = Action("event.back", "escape", "back", N_("Back"), N_("Event: Close"), N_("Back to the events"))
ACTIONS = (COPY, ANSWERED, BACK)


class EventScreen(ConsoleScreen[None]):
    """The row of ``number`` of ``feed``."""

    ABOUT: ClassVar[str] = N_("One event as JSON, without audio and secrets, and the event that it answers.")
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "inspector.tcss"
    AUTO_FOCUS = "#event"

    def __init__(self, feed: Feed, number: int) -> None:
        super().__init__()
        self._feed = feed
        self._number = number
        self._json = ""

    def compose(self) -> ComposeResult:
        """Head above, JSON below."""
        yield StatusLine()
        with VerticalScroll(id="event"):
            yield Static(id="event-head")
            yield Static(id="event-json", markup=False)
        yield ActionFooter()

    def on_mount(self) -> None:
        """Show it."""
        self._show()

    def _show(self) -> None:
        row = self._feed.rows[self._number]
        self._json = event_json(row.last)
        lines = [Content.styled(row.text(), "bold $primary"), self._times(_("Time"), row.first)]
        if row.amount > 1:
            lines.append(self._times(_("last"), row.last))
        lines.append(Content(self._answers()))
        self.query_one("#event-head", Static).update(Content("\n").join(lines))
        self._paint_json(_("As reported by the relay:"), self._json)
        if isinstance(row.last, ProtocolEvent):
            self._look_up(row.last)

    def _times(self, label: str, event: StreamEvent) -> Content:
        clock = wall_time(event, self._feed.state.started) or NOTHING
        return Content.assemble((f"{label}  ", "$dim"), f"{event.t:.3f} s", ("   UTC  ", "$dim"), clock)

    def _answers(self) -> str:
        found = answered(self._feed.rows, self._number)
        if found is None:
            return _("Answers: {what}").format(what=NOTHING)
        at, gap_s = found
        words = _("Answers: {what}, {ms} ms before").format(
            what=self._feed.rows[at].text(), ms=number(gap_s * 1_000)
        )
        return f"{words}  ({self.key_name(ANSWERED)})"

    def _paint_json(self, title: str, text: str) -> None:
        self.query_one("#event-json", Static).update(f"{title}\n{text}")

    @work(exclusive=True, group="message", exit_on_error=False)
    async def _look_up(self, event: ProtocolEvent) -> None:
        """The message itself is kept by recordings only."""
        recording = self._feed.state.recording
        if recording is None:
            words = _("Messages are kept only while recording. As reported by the relay:")
            self._paint_json(words, self._json)
            return
        message = await asyncio.to_thread(recorded_message, Path(recording.directory), event)
        if message is None:
            words = _("The message is not in the recording yet. As reported by the relay:")
            self._paint_json(words, self._json)
        else:
            self._json = message_json(message)
            self._paint_json(_("The message, from the recording:"), self._json)

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def action_copy(self) -> None:
        """The JSON that is shown."""
        await self.console_app.put_on_clipboard(self._json)

    def action_answered(self) -> None:
        """To the event that this one answers."""
        found = answered(self._feed.rows, self._number)
        if found is not None:
            self._number = found[0]
            self._show()

    def action_back(self) -> None:
        """Back to the events."""
        self.dismiss()
