"""The form for a new session, with the server's messages at its fields."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Label, Select, Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _
from tui.wording.errors import of_error
from tui.wording.server_messages import of_server

ACTIONS = (
    Action(
        "new.submit",
        "f3",
        "submit",
        N_("Start"),
        N_("Session: Start this one"),
        N_("Submit the form; Enter in the last field does the same"),
    ),
    Action(
        "new.example",
        "f2",
        "example",
        N_("Example"),
        N_("Session: Fill in an example"),
        N_("Fill the form with an example"),
    ),
    Action(
        "new.cancel",
        "escape",
        "cancel",
        N_("Cancel"),
        N_("Session: Do not start"),
        N_("Back without starting a session"),
    ),
)
FIELDS = ("industry", "value_proposition", "customer_persona", "customer_pain", "company_id")


def example() -> dict[str, str]:
    """The fields of a session that the sample lines fit, in the current language."""
    return {
        "industry": _("Manufacturing"),
        "value_proposition": _("A service that tracks stock and proposes orders automatically"),
        "customer_persona": _("President of an 80-person parts maker; careful, short of time"),
        "customer_pain": _("Parts run out and the production line stops"),
    }


class NewSessionScreen(ConsoleModal[Any]):
    """Returns the ``Session`` that the server created, or None."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "new_session.tcss"
    AUTO_FOCUS = "#industry"

    def compose(self) -> ComposeResult:
        labels = {
            "industry": _("Industry"),
            "value_proposition": _("Proposition"),
            "customer_persona": _("Persona"),
            "customer_pain": _("Pain"),
            "company_id": _("Company ID"),
        }
        hints = {
            "industry": _("the customer's industry, required"),
            "value_proposition": _("what you sell, at least 5 characters, required"),
            "customer_persona": _("who the customer is"),
            "customer_pain": _("the customer's problem"),
            "company_id": _("UUID of a company the server knows"),
        }
        with VerticalScroll(id="box", can_focus=False):
            yield Static(_("New role-play session"), classes="title")
            with Horizontal(classes="row"):
                yield Label(_("Mode"), classes="label")
                yield Select(
                    [(_("simple"), "simple"), (_("detailed (with a company)"), "detailed")],
                    value="simple",
                    allow_blank=False,
                    compact=True,
                    id="mode",
                )
            for name in FIELDS:
                with Vertical(classes="field", id=f"{name}-field"):
                    with Horizontal(classes="row"):
                        yield Label(labels[name], classes="label")
                        yield Field(placeholder=hints[name], compact=True, id=name)
                    yield Static(classes="under error", id=f"{name}-error", markup=False)
            yield Static(classes="error", id="form-error", markup=False)
            with Horizontal(id="buttons"):
                yield Button(_("Start"), variant="primary", id="submit", compact=True)
        yield ActionFooter()

    def on_mount(self) -> None:
        self.query_one("#company_id-field").display = False

    @on(Select.Changed, "#mode")
    def _mode_changed(self, event: Select.Changed) -> None:
        self.query_one("#company_id-field").display = event.value == "detailed"

    @on(Input.Changed)
    def _mended(self, event: Input.Changed) -> None:
        """Clear the server's message, which was about the old value."""
        self._say_at(str(event.input.id), "")

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        shown = [name for name in FIELDS if self.query_one(f"#{name}-field").display]
        if event.input.id == shown[-1]:
            self.action_submit()
        else:
            self.focus_next()

    def action_example(self) -> None:
        """Fill in an example in the screen's language."""
        self._say({}, "")
        for name, words in example().items():
            self.query_one(f"#{name}", Input).value = words
        self.query_one("#submit", Button).focus()

    @on(Button.Pressed, "#submit")
    def action_submit(self) -> None:
        """Submit the form; the server validates it."""
        self._start({name: self.query_one(f"#{name}", Input).value.strip() for name in FIELDS})

    @work(exclusive=True, group="start", exit_on_error=False)
    async def _start(self, values: dict[str, str]) -> None:
        from api_client.errors import ApiError
        from api_client.models import NewSession

        detailed = self.query_one("#mode", Select).value == "detailed"
        button = self.query_one("#submit", Button)
        button.disabled = True
        self._say({}, "")
        try:
            session = await self.console_app.client.start_session(
                NewSession(
                    value_proposition=values["value_proposition"],
                    industry=values["industry"] or None,
                    customer_persona=values["customer_persona"] or None,
                    customer_pain=values["customer_pain"] or None,
                    mode="detailed" if detailed else "simple",
                    company_id=(values["company_id"] or None) if detailed else None,
                )
            )
        except ApiError as error:
            self._say(getattr(error, "fields", {}), of_error(error))
        else:
            self.dismiss(session)
        finally:
            button.disabled = False

    def _say(self, fields: dict[str, tuple[str, ...]], words: str) -> None:
        """Show the server's messages at their fields and the rest below; focus the first."""
        rest = [message for name, messages in fields.items() if name not in FIELDS for message in messages]
        known = [name for name in FIELDS if fields.get(name)]
        for name in FIELDS:
            self._say_at(name, " ".join(of_server(message) for message in fields.get(name, ())))
        self._say_at("form", " ".join(map(of_server, rest)) or ("" if known else words))
        if known:
            self.query_one(f"#{known[0]}", Input).focus()

    def _say_at(self, place: str, words: str) -> None:
        label = self.query_one(f"#{place}-error", Static)
        label.update(_("Error: {why}").format(why=words) if words else "")
        label.display = bool(words)

    def action_cancel(self) -> None:
        self.dismiss(None)
