"""The form of one profile, made from its declaration."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Input, Label, Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleModal
from tui.frame.tick import Tick
from tui.i18n import N_, _
from tui.settings.declaration import Option
from tui.settings.values import PROFILE_OPTIONS, Profile

ACTIONS = (
    Action(
        "profile.save", "f2", "save", N_("Save"), N_("Profile: Save"), N_("Write the profile to the file")
    ),
    Action(
        "profile.cancel", "escape", "cancel", N_("Cancel"), N_("Profile: Cancel"), N_("Back without changes")
    ),
)
LABELS = {
    "name": N_("Name"),
    "server_url": N_("Address"),
    "username": N_("User name"),
    "insecure": N_("Unverified certificate"),
}


class ProfileScreen(ConsoleModal[dict[str, Any]]):
    """Returns the fields that differ from their defaults, or None. ``taken`` are the other profiles' names."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "profile.tcss"
    AUTO_FOCUS = "#name"

    def __init__(self, profile: Profile | None, taken: frozenset[str]) -> None:
        super().__init__()
        self._profile = profile
        self._taken = taken

    def compose(self) -> ComposeResult:
        """A line for each field, and one for what is wrong with it."""
        title = _("New profile") if self._profile is None else _("Profile")
        with VerticalScroll(id="box", can_focus=False):
            yield Static(title, classes="title")
            for option in PROFILE_OPTIONS:
                held = getattr(self._profile, option.name, option.default)
                with Horizontal(classes="row"):
                    yield Label(_(LABELS[option.name]), classes="label")
                    if option.kind is bool:
                        yield Tick(_("accept"), value=bool(held), compact=True, id=option.name)
                    else:
                        hint = _(option.doc)
                        yield Field(str(held or ""), placeholder=hint, compact=True, id=option.name)
                yield Static(classes="under error", id=f"{option.name}-error", markup=False)
            with Horizontal(id="buttons"):
                yield Button(_("Save"), variant="primary", id="submit", compact=True)
        yield ActionFooter()

    def on_mount(self) -> None:
        """Nothing is wrong yet."""
        for option in PROFILE_OPTIONS:
            self._say_at(option, None)

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#submit")
    def action_save(self) -> None:
        """Check every field; return them if all are right."""
        values = {option.name: self._value(option) for option in PROFILE_OPTIONS}
        problems = {option.name: self._problem(option, values[option.name]) for option in PROFILE_OPTIONS}
        for option in PROFILE_OPTIONS:
            self._say_at(option, problems[option.name])
        wrong = [name for name, problem in problems.items() if problem]
        if wrong:
            self.query_one(f"#{wrong[0]}").focus()
            return
        needed = {option.name for option in PROFILE_OPTIONS if option.required}
        defaults = {option.name: option.default for option in PROFILE_OPTIONS}
        self.dismiss({name: v for name, v in values.items() if name in needed or v != defaults[name]})

    def _value(self, option: Option) -> Any:
        if option.kind is bool:
            return self.query_one(f"#{option.name}", Tick).value
        return self.query_one(f"#{option.name}", Input).value.strip()

    def _problem(self, option: Option, value: Any) -> str | None:
        """What the file's check would say."""
        if option.required and not value:
            return _("each profile needs a {name}.").format(name=option.name)
        if option.name == "name" and value in self._taken:
            return _("two profiles have the same name.")
        return option.problem(value)

    def _say_at(self, option: Option, problem: str | None) -> None:
        label = self.query_one(f"#{option.name}-error", Static)
        label.update(_("Error: {why}").format(why=problem) if problem else "")
        label.display = bool(problem)

    def action_cancel(self) -> None:
        self.dismiss(None)
