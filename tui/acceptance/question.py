"""The question about a checkpoint that only a person can judge."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from acceptance.checkpoints import checkpoint
from acceptance.progress import Question, Reply
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _
from tui.wording.verdicts import words

PASS = Action(
    "question.pass", "y,f2", "yes", N_("Yes"), N_("Judgement: Yes"), N_("Yes: the checkpoint passes")
)
FAIL = Action("question.fail", "n,f3", "no", N_("No"), N_("Judgement: No"), N_("No: the checkpoint fails"))
SKIP = Action(
    "question.skip",
    "s,f4,escape",
    "skip",
    N_("Skip"),
    N_("Judgement: Skip"),
    N_("I cannot tell: the checkpoint does not apply"),
)
ACTIONS = (PASS, FAIL, SKIP)


class QuestionScreen(ConsoleModal[Reply | None]):
    """Returns the answer, or None if the run withdrew the question. The run waits meanwhile."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "question.tcss"
    AUTO_FOCUS = "#skip"

    def __init__(self, question: Question, operator: str) -> None:
        super().__init__()
        self._question = question
        self._operator = operator
        self._withdrawn = False

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            acting = self._question.asks == "act"
            yield Static(_("Something for you to do") if acting else _("A question for you"), classes="title")
            yield Static(words(self._question), id="question", markup=False)
            yield Static(words(checkpoint(self._question.checkpoint)), classes="dim", markup=False)
            who = _("Your answer is recorded as that of {name}.").format(name=self._operator)
            yield Static(who, id="operator", classes="dim", markup=False)
            with Horizontal(id="answers"):
                for action, name in ((PASS, "yes"), (FAIL, "no"), (SKIP, "skip")):
                    if acting and action is FAIL:
                        continue
                    label = N_("Done") if acting and action is PASS else action.label
                    yield Button(self.key_name(action) + "  " + _(label), id=name, compact=True)
        yield ActionFooter()

    def withdraw(self) -> None:
        """Close, as the run no longer needs the answer; anything on top, such as the palette, closes first."""
        self._withdrawn = True
        self.dismiss(None)

    def on_screen_resume(self) -> None:
        if self._withdrawn:
            self.dismiss(None)

    @on(Button.Pressed, "#yes")
    def action_yes(self) -> None:
        """Pass."""
        self.dismiss("pass")

    @on(Button.Pressed, "#no")
    def action_no(self) -> None:
        """Fail; not offered when the operator is asked to do something."""
        if self._question.asks == "judgement":
            self.dismiss("fail")

    @on(Button.Pressed, "#skip")
    def action_skip(self) -> None:
        """Does not apply."""
        self.dismiss("not_applicable")
