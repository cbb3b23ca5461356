"""The form for a new session, with the server's messages at its fields, and templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Label, Select, Static, TextArea

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _
from tui.sessions.template_name import TemplateNameScreen
from tui.sessions.templates import example
from tui.wording.errors import of_error, sentence
from tui.wording.server_messages import of_server

if TYPE_CHECKING:
    from api_client.models import NewSession
    from tui.host.session_templates import Template

ACTIONS = (
    Action(
        "new.submit",
        "f3",
        "submit",
        N_("Start"),
        N_("Session: Start this one"),
        N_("Submit the form; Enter in a field of one line goes to the next"),
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
        "new.save_template",
        "f4",
        "save_template",
        N_("Save template"),
        N_("Template: Save this form"),
        N_("Save what is typed as a template for later sessions"),
    ),
    Action(
        "new.delete_template",
        "f6",
        "delete_template",
        N_("Delete template"),
        N_("Template: Delete"),
        N_("Delete the selected template; asks first"),
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
SEVERAL_LINES = frozenset({"value_proposition", "customer_persona", "customer_pain"})


@dataclass(frozen=True, slots=True)
class _Wording:
    label: str
    hint: str


class NewSessionScreen(ConsoleModal[Any]):
    """Returns the ``Session`` that the server created, or None."""

    ABOUT: ClassVar[str] = N_(
        "Describe what you sell and to whom: the customer is played accordingly. The server checks the "
        "form and says what is missing."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "new_session.tcss"
    AUTO_FOCUS = "#industry"

    def __init__(self, like: NewSession | None = None) -> None:
        """``like``: what the form is filled in with."""
        super().__init__()
        self._like = like
        self._templates: list[Template] = []
        self._unreadable = ""
        """Why the templates cannot be read; then none is saved over them."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(_("New role-play session"), classes="title")
            with Horizontal(classes="row", id="template-row"):
                yield Label(_("Template"), classes="label")
                yield Select[str]([], prompt=_("choose one"), compact=True, id="template")
            with Horizontal(classes="row"):
                yield Label(_("Mode"), classes="label")
                yield Select(
                    [(_("simple"), "simple"), (_("detailed (with a company)"), "detailed")],
                    value="simple",
                    allow_blank=False,
                    compact=True,
                    id="mode",
                )
            for name, wording in _wordings().items():
                with Vertical(classes="field", id=f"{name}-field"):
                    with Horizontal(classes="lines" if name in SEVERAL_LINES else "row"):
                        yield Label(wording.label, classes="label")
                        if name in SEVERAL_LINES:
                            yield TextArea(placeholder=wording.hint, compact=True, id=name)
                        else:
                            yield Field(placeholder=wording.hint, compact=True, id=name)
                    yield Static(classes="under error", id=f"{name}-error", markup=False)
            yield Static(classes="error", id="form-error", markup=False)
            with Horizontal(id="buttons"):
                yield Button(_("Start"), variant="primary", id="submit", compact=True)
        yield ActionFooter()

    def on_mount(self) -> None:
        self.query_one("#company_id-field").display = False
        self._load_templates()
        if self._like is not None:
            self._fill(self._like)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A template is deleted only while one is selected."""
        if action == "delete_template":
            return self._chosen_template is not None
        return super().check_action(action, parameters)

    # --- the fields ----------------------------------------------------------------------------

    def _text(self, name: str) -> str:
        field = self.query_one(f"#{name}")
        return (
            field.text if isinstance(field, TextArea) else self.query_one(f"#{name}", Input).value
        ).strip()

    def _set_text(self, name: str, text: str) -> None:
        field = self.query_one(f"#{name}")
        if isinstance(field, TextArea):
            field.load_text(text)
        else:
            self.query_one(f"#{name}", Input).value = text

    def _fill(self, new: NewSession) -> None:
        self._say({}, "")
        self.query_one("#mode", Select).value = new.mode or "simple"
        for name in FIELDS:
            self._set_text(name, getattr(new, name) or "")

    def _filled_in(self) -> NewSession:
        from api_client.models import NewSession

        detailed = self.query_one("#mode", Select).value == "detailed"
        return NewSession(
            value_proposition=self._text("value_proposition"),
            industry=self._text("industry") or None,
            customer_persona=self._text("customer_persona") or None,
            customer_pain=self._text("customer_pain") or None,
            mode="detailed" if detailed else "simple",
            company_id=(self._text("company_id") or None) if detailed else None,
        )

    @on(Select.Changed, "#mode")
    def _mode_changed(self, event: Select.Changed) -> None:
        self.query_one("#company_id-field").display = event.value == "detailed"

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _mended(self, event: Input.Changed | TextArea.Changed) -> None:
        """Clear the server's message, which was about the old value."""
        self._say_at(str(event.control.id), "")

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        if event.input.id == "company_id":
            self.action_submit()
        else:
            self.focus_next()

    def action_example(self) -> None:
        """Fill in an example in the screen's language."""
        self._fill(example())
        self.query_one("#submit", Button).focus()

    # --- templates -----------------------------------------------------------------------------

    def _load_templates(self) -> None:
        from tui.host.session_templates import TemplatesUnreadable, load

        try:
            self._templates = load(self.console_app.settings.state_directory)
        except TemplatesUnreadable as error:
            self._unreadable = sentence(
                "templates_unreadable", {"path": str(error.path), "reason": error.reason}
            )
        self._offer_templates(None)

    def _offer_templates(self, chosen: str | None) -> None:
        select = self.query_one("#template", Select)
        with self.prevent(Select.Changed):
            select.set_options([(one.name, one.name) for one in self._templates])
            if chosen is not None:
                select.value = chosen
        self.query_one("#template-row").display = bool(self._templates)
        self.refresh_bindings()

    @property
    def _chosen_template(self) -> Template | None:
        chosen = self.query_one("#template", Select).value if self.is_mounted else None
        return next((one for one in self._templates if one.name == chosen), None)

    @on(Select.Changed, "#template")
    def _template_chosen(self) -> None:
        if (template := self._chosen_template) is not None:
            self._fill(template.session)
            self.query_one("#submit", Button).focus()
        self.refresh_bindings()

    def action_save_template(self) -> None:
        """Ask for a name, then save."""
        if self._unreadable:
            self.notify(self._unreadable, severity="error", markup=False)
            return
        chosen = self._chosen_template
        suggestion = chosen.name if chosen is not None else self._text("industry")
        taken = frozenset(one.name for one in self._templates)
        self.app.push_screen(TemplateNameScreen(suggestion, taken), self._save_template)

    def _save_template(self, name: str | None) -> None:
        from tui.host.session_templates import Template, with_template

        if name is not None and self._keep(with_template(self._templates, Template(name, self._filled_in()))):
            self._offer_templates(name)
            self.notify(_('Saved as template "{name}".').format(name=name), markup=False)

    def action_delete_template(self) -> None:
        """Ask, then delete."""
        from tui.frame.confirm import ConfirmScreen

        template = self._chosen_template
        if template is None:
            return
        question = _('Delete the template "{name}"?').format(name=template.name)

        def answered(yes: bool | None) -> None:
            if yes and self._keep([one for one in self._templates if one.name != template.name]):
                self._offer_templates(None)

        self.app.push_screen(ConfirmScreen(question, _("Delete"), _("Cancel")), answered)

    def _keep(self, templates: list[Template]) -> bool:
        """Whether they could be saved."""
        from tui.host.session_templates import FILE, save

        directory = self.console_app.settings.state_directory
        try:
            save(directory, templates)
        except OSError as error:
            self.console_app.tell(
                "file_unwritable", path=str(directory / FILE), reason=error.strerror or str(error)
            )
            return False
        self._templates = templates
        return True

    # --- starting ------------------------------------------------------------------------------

    @on(Button.Pressed, "#submit")
    def action_submit(self) -> None:
        """Submit the form; the server validates it."""
        self._start(self._filled_in())

    @work(exclusive=True, group="start", exit_on_error=False)
    async def _start(self, new: NewSession) -> None:
        from api_client.errors import ApiError

        button = self.query_one("#submit", Button)
        button.disabled = True
        self._say({}, "")
        try:
            session = await self.console_app.client.start_session(new)
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
            self.query_one(f"#{known[0]}").focus()

    def _say_at(self, place: str, words: str) -> None:
        label = self.query_one(f"#{place}-error", Static)
        label.update(_("Error: {why}").format(why=words) if words else "")
        label.display = bool(words)

    def action_cancel(self) -> None:
        self.dismiss(None)


def _wordings() -> dict[str, _Wording]:
    return {
        "industry": _Wording(_("Industry"), _("the customer's industry, required")),
        "value_proposition": _Wording(_("Proposition"), _("what you sell, at least 5 characters, required")),
        "customer_persona": _Wording(_("Persona"), _("who the customer is")),
        "customer_pain": _Wording(_("Pain"), _("the customer's problem")),
        "company_id": _Wording(_("Company ID"), _("UUID of a company the server knows")),
    }
