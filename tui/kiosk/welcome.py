"""The screen between visits: what this is, what stays of it (nothing), and how to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from api_client.harmless import one_line
from tui import i18n
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.i18n import N_, _
from tui.kiosk.messages import Arrived, GaveUp
from tui.status import Status
from tui.tones import STYLES, News

if TYPE_CHECKING:
    from api_client.box import Visit

START = Action("kiosk.start", "enter,f3", "start", N_("Start"), N_("Visit: Start"), N_("Start your visit"))
LANGUAGE = Action(
    "kiosk.language",
    "l,f2",
    "other_language",
    N_("日本語 / English"),
    N_("Screen: Switch language"),
    N_("Switch between Japanese and English"),
)
RECORD = Action(
    "kiosk.record",
    "r,f4",
    "record",
    N_("Recording"),
    N_("Recording: Agree or not"),
    N_("Agree to your conversations being recorded and kept, or not"),
)
GIVE_UP = Action(
    "kiosk.give_up",
    "escape",
    "give_up",
    N_("Stop waiting"),
    N_("Visit: Stop waiting"),
    N_("Give up your place in the queue"),
)
ACTIONS = (START, LANGUAGE, RECORD, GIVE_UP)
OTHER = {"ja": "English", "en": "日本語"}
"""What the language that is not shown calls itself."""


class WelcomeScreen(ConsoleScreen[None]):
    """``idle_minutes`` and ``stay_minutes`` are told; ``keeps``: the operator keeps recordings, so consent is asked."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    AUTO_FOCUS = "#start"

    def __init__(self, *, idle_minutes: float, stay_minutes: float | None, keeps: bool) -> None:
        super().__init__()
        self._idle_minutes, self._stay_minutes, self._keeps = idle_minutes, stay_minutes, keeps
        self._recorded = False
        self._asking = False
        self._waiting: Visit | None = None
        self._news = News("", "plain")

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with VerticalScroll(id="middle", can_focus=False), Vertical(id="box"):
            yield Static("SalesMind Console", id="title")
            yield Static(
                _("Hold a sales conversation with an AI customer, and watch it the way testers do."),
                id="what",
            )
            yield Static(self._rules(), id="rules", markup=False)
            yield Static(self._about_recording(), id="recording", markup=False)
            yield Static(id="state")
            with Horizontal(id="buttons"):
                yield Button(self._button(), variant="primary", id="start", compact=True)
            yield Static(f"{self.key_name(LANGUAGE)}  {OTHER[i18n.language()]}", id="other", markup=False)
        yield ActionFooter()

    def on_mount(self) -> None:
        self.query_one("#recording").display = self._keeps
        self._show()

    async def retranslate(self) -> None:
        await super().retranslate()
        self.query_one("#recording").display = self._keeps
        self._show()

    def on_screen_resume(self) -> None:
        """Nobody is here: the status line says no more than that."""
        self.console_app.status = Status(place=_("Demo"))

    # --- what it says --------------------------------------------------------------------------

    def _rules(self) -> str:
        lines = [
            _("You speak with a microphone, by typing, or with sample lines: no account, no password."),
            _("When you leave, everything of your visit is deleted: account, sessions and what was said.")
            if not self._keeps
            else _(
                "When you leave, everything of your visit is deleted, except for recordings you agreed to."
            ),
            _("Without a key press for {minutes} minutes, the visit ends.").format(
                minutes=f"{self._idle_minutes:g}"
            ),
        ]
        if self._stay_minutes is not None:
            lines[-1] += " " + _("It lasts {minutes} minutes at most.").format(
                minutes=f"{self._stay_minutes:g}"
            )
        return "\n".join(lines)

    def _about_recording(self) -> str:
        key = self.key_name(RECORD)
        if self._recorded:
            words = _("You agree to your conversations being recorded and kept. {key} takes it back.")
        else:
            words = _(
                "Whoever runs this box keeps recordings of those who agree. Yours are not recorded; {key} agrees."
            )
        return words.format(key=key)

    def _button(self) -> str:
        return _("Please wait...") if self._asking else _("Start")

    def say(self, news: News) -> None:
        """Nobody is visiting any more, or yet, and why."""
        self._asking, self._waiting, self._news = False, None, news
        self._show()

    def over(self, news: News) -> None:
        """A visit has ended: the next visitor has agreed to nothing."""
        self._recorded = False
        self.say(news)

    def wait(self, visit: Visit) -> None:
        """All places are taken."""
        self._asking, self._waiting = True, visit
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        if (visit := self._waiting) is not None:
            words = _(
                "All {limit} places are taken. You are number {place} in the queue; you come in by itself when it is "
                "your turn."
            ).format(limit=visit.limit, place=visit.place)
            if visit.message:
                words += f"\n{one_line(visit.message)}"
            news = News(words, "warn")
        else:
            news = self._news
        self.query_one("#state", Static).update(Content.styled(news.words, STYLES[news.tone]))
        self.query_one("#recording", Static).update(self._about_recording())
        button = self.query_one("#start", Button)
        button.disabled, button.label = self._asking, self._button()
        if not self._asking:
            button.focus()
        self.refresh_bindings()

    # --- what can be done ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "start":
            return not self._asking
        if action == "record":
            return self._keeps and not self._asking
        if action == "give_up":
            return self._waiting is not None
        return super().check_action(action, parameters)

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        if self._asking:
            return
        self._asking = True
        self._news = News("", "plain")
        self._show()
        self.post_message(Arrived(recorded=self._keeps and self._recorded))

    async def action_other_language(self) -> None:
        await self.app.run_action("toggle_language")

    def action_record(self) -> None:
        self._recorded = not self._recorded
        self._show()

    def action_give_up(self) -> None:
        self.post_message(GaveUp())
