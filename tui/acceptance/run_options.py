"""What the operator can choose for acceptance runs. The second user's password is sent once and forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Label, Select, Static

from acceptance.request import Credentials
from tui.acceptance.setup import RunOptions
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _
from tui.wording.errors import of_error

ACTIONS = (
    Action(
        "options.save",
        "f3",
        "save",
        N_("Use these"),
        N_("Options: Use these"),
        N_("Check the second user and use these options; Enter does the same"),
    ),
    Action(
        "options.cancel",
        "escape",
        "cancel",
        N_("Cancel"),
        N_("Options: Leave unchanged"),
        N_("Back without changes"),
    ),
)
SAMPLE = "sample"
"""Stands for a sample recording; the run resolves it."""


class RunOptionsScreen(ConsoleModal["RunOptions | None"]):
    """Returns the options, or None to leave them unchanged."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "run_options.tcss"
    AUTO_FOCUS = "#operator"

    class Checked(Message):
        """The result of checking the second user's login."""

        def __init__(self, account: Credentials | None, problem: str = "") -> None:
            super().__init__()
            self.account = account
            self.problem = problem

    def __init__(self, options: RunOptions) -> None:
        super().__init__()
        self._options = options

    def compose(self) -> ComposeResult:
        second = self._options.second_account
        with Vertical(id="box"):
            yield Static(_("Run options"), classes="title")
            with Horizontal(classes="row"):
                yield Label(_("Your name"), classes="label")
                yield Field(self._options.operator, compact=True, id="operator")
            yield Static(_("is recorded with the answers that you give"), classes="under dim")
            with Horizontal(classes="row"):
                yield Label(_("Second user"), classes="label")
                yield Field(
                    second.username if second else "",
                    placeholder=_("optional: shows that sessions are kept apart"),
                    compact=True,
                    id="second",
                )
            with Horizontal(classes="row"):
                yield Label(_("Password"), classes="label")
                kept = _("logged in; empty leaves it so") if second else _("used once, never saved")
                yield Field(placeholder=kept, password=True, compact=True, id="password")
            yield Static(id="problem", classes="under error", markup=False)
            for name, label, choices, value in self._lists():
                with Horizontal(classes="row"):
                    yield Label(label, classes="label")
                    yield Select(choices, value=value, allow_blank=False, compact=True, id=name)
            with Horizontal(id="buttons"):
                yield Button(_("Use these"), variant="primary", id="submit", compact=True)
        yield ActionFooter()

    def _lists(self) -> list[tuple[str, str, list[tuple[str, str]], str]]:
        sources = {SAMPLE: _("a sample recording"), "mic": _("the microphone: you speak")}
        sinks = {"none": _("not played"), "speaker": _("played on the loudspeaker; you are asked")}
        ends = {"leave": _("left as they are"), "finish": _("finished and scored")}
        source = self._options.source or SAMPLE
        sinks.setdefault(self._options.sink, self._options.sink)
        sources.setdefault(source, source)
        end = "finish" if self._options.finish_sessions else "leave"

        def options(words: dict[str, str]) -> list[tuple[str, str]]:
            return [(text, value) for value, text in words.items()]

        return [
            ("source", _("Test 2 speaks"), options(sources), source),
            ("sink", _("Its answer is"), options(sinks), self._options.sink),
            ("end", _("Its sessions are"), options(ends), end),
        ]

    @on(Input.Submitted)
    @on(Button.Pressed, "#submit")
    def action_save(self) -> None:
        """Log in the second user if one was entered, then close."""
        name = self._text("second")
        password = self.query_one("#password", Input).value
        known = self._options.second_account
        if not name:
            self.post_message(self.Checked(None))
        elif known is not None and known.username == name and not password:
            self.post_message(self.Checked(known))
        else:
            self.query_one("#problem", Static).update(_("Logging in..."))
            self._check(name, password)

    @work(exclusive=True, group="login", exit_on_error=False)
    async def _check(self, name: str, password: str) -> None:
        from api_client.errors import ApiError

        app = self.console_app
        assert app.account is not None
        if name == app.account.username:
            self.post_message(self.Checked(None, _("The second user must be someone other than you.")))
            return
        try:
            async with app.services.client(app.account.server_url, insecure=app.account.insecure) as client:
                login = await client.login(name, password)
        except ApiError as error:
            self.post_message(self.Checked(None, of_error(error)))
        else:
            self.post_message(self.Checked(Credentials(login.user.username, login.token)))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        if message.problem:
            self.query_one("#problem", Static).update(_("Error: {why}").format(why=message.problem))
            self.query_one("#password", Input).focus()
            return
        source = str(self.query_one("#source", Select).value)
        options = replace(
            self._options,
            operator=self._text("operator") or self._options.operator,
            second_account=message.account,
            source=None if source == SAMPLE else source,
            sink=str(self.query_one("#sink", Select).value),
            finish_sessions=self.query_one("#end", Select).value == "finish",
        )
        self.dismiss(options)

    def _text(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def action_cancel(self) -> None:
        self.dismiss(None)
