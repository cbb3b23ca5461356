"""Login: choose a server, see that it answers, then log in."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.timer import Timer
from textual.widgets import Button, Input, Label, Select, Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.frame.tick import Tick
from tui.host.services import ServerAccount
from tui.i18n import N_, _
from tui.login.server_choice import ServerChoice, choices, first_choice
from tui.navigation import LoggedIn
from tui.status import Status, place_name
from tui.tones import STYLES
from tui.wording.errors import of_error
from tui.wording.server_messages import of_server

if TYPE_CHECKING:
    from tui.tones import Tone

DEBOUNCE_S = 0.4
DEMO_ACCOUNT = ("admin", "admin123")  # shown on the screen: the embedded server's published demo account

DEMO = Action(
    "login.demo",
    "f2",
    "demo",
    N_("Demo account"),
    N_("Login: Fill in the demo account"),
    N_("Fill in the demo account and move to the button"),
)
ACTIONS = (
    Action(
        "login.submit",
        "f3",
        "submit",
        N_("Log in"),
        N_("Login: Log in"),
        N_("Log in with what is typed (Enter in a field does the same)"),
    ),
    DEMO,
    Action(
        "login.check",
        "f5",
        "check",
        N_("Check server"),
        N_("Server: Check again"),
        N_("Check the server again"),
    ),
)


class LoginScreen(ConsoleScreen[None]):
    """The first screen."""

    ABOUT: ClassVar[str] = N_(
        "Choose a server and log in. The console checks the server first, so you can tell a wrong "
        "address from a wrong password."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    AUTO_FOCUS = "#username"

    server = getters.query_one("#server", Select)
    url = getters.query_one("#url", Input)
    username = getters.query_one("#username", Input)
    password = getters.query_one("#password", Input)

    def __init__(self) -> None:
        super().__init__()
        self._chosen: ServerChoice | None = None
        self._debounce: Timer | None = None
        self._checked = ""

    def compose(self) -> ComposeResult:
        app = self.console_app
        self._choices = choices(app.settings, app.memory)
        same = [choice for choice in self._choices if self._chosen and choice.is_for(self._chosen)]
        self._chosen = first = (same or [first_choice(self._choices, app.settings, app.memory)])[0]
        yield StatusLine()
        with VerticalScroll(id="middle", can_focus=False), Vertical(id="form"):
            yield Static("SalesMind Console", id="title")
            yield Static(_("Test and demonstrate spoken conversations with an AI customer"), id="subtitle")
            with Horizontal(classes="row"):
                yield Label(_("Server"), classes="label")
                yield Select(
                    [(choice.title, choice) for choice in self._choices],
                    value=first,
                    allow_blank=False,
                    compact=True,
                    id="server",
                )
            with Horizontal(classes="row"):
                yield Label(_("Address"), classes="label")
                yield Field(first.server_url, compact=True, id="url", select_on_focus=False)
            yield Static(id="health", classes="under")
            with Horizontal(classes="row"):
                yield Label(_("User name"), classes="label")
                yield Field(first.username, compact=True, id="username")
            yield Static(id="username-error", classes="under error")
            with Horizontal(classes="row"):
                yield Label(_("Password"), classes="label")
                yield Field(password=True, compact=True, id="password")
            yield Static(id="password-error", classes="under error")
            yield Tick(
                _("Remember this login on this computer (never the password)"), id="remember", compact=True
            )
            with Horizontal(id="buttons"):
                yield Button(_("Log in"), variant="primary", id="submit", compact=True)
            if app.settings.demo:
                yield Static(self._demo_words(), id="demo", markup=False)
        yield ActionFooter()

    async def retranslate(self) -> None:
        """Check the server again, since the result is shown in words."""
        await super().retranslate()
        self.action_check()

    def on_mount(self) -> None:
        """Check the server once the screen is drawn."""
        self.console_app.status = Status()
        if self.username.value:
            self.password.focus()
        self._offer_remembered()
        self.call_after_refresh(self.action_check)

    def on_screen_resume(self) -> None:
        """Back from the sessions (the password was cleared at login) or from help (it stays)."""
        self._show_place()
        self._offer_remembered()

    def _demo_words(self) -> str:
        user, password = DEMO_ACCOUNT
        words = _("Demo account: {user} / {password}   {key} fills it in")
        return words.format(user=user, password=password, key=self.key_name(DEMO))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the demo account only if there is one."""
        if action == "demo":
            return self.console_app.settings.demo
        return super().check_action(action, parameters)

    # --- the server ----------------------------------------------------------------------------

    @on(Select.Changed, "#server")
    def _server_chosen(self, event: Select.Changed) -> None:
        choice = event.value
        if not isinstance(choice, ServerChoice) or choice == self._chosen:
            return  # a list just made says so too
        self._chosen = choice
        if choice.server_url:
            self.url.value = choice.server_url
            self.username.value = choice.username or self.username.value
        else:
            self.url.focus()

    @on(Input.Changed, "#url")
    def _address_typed(self) -> None:
        self._show_place()
        if self._debounce is not None:
            self._debounce.stop()
        if self._address() != self._checked:
            self._debounce = self.set_timer(DEBOUNCE_S, self._typing_paused)

    def _typing_paused(self) -> None:
        in_place = bool(self.query("#url"))  # not while the language is being changed
        if self.is_current and in_place and self._address() != self._checked:
            self.action_check()

    def _address(self) -> str:
        return self.url.value.strip().rstrip("/")

    def _choice(self) -> ServerChoice | None:
        """The chosen server, as long as its address was not changed by hand."""
        choice = self.server.value
        known = isinstance(choice, ServerChoice) and choice.server_url.rstrip("/") == self._address()
        return choice if known and isinstance(choice, ServerChoice) else None

    def _insecure(self) -> bool:
        choice = self._choice()
        return self.console_app.settings.insecure or bool(choice and choice.insecure)

    def _show_place(self) -> None:
        if not self.is_current:
            return  # a screen above says where we are
        choice = self._choice()
        profile = choice.profile if choice else None
        place = place_name(self._address(), profile)
        self.console_app.status = Status(place=place, insecure=self._insecure())

    def action_check(self) -> None:
        self._checked = self._address()
        self._show_place()
        if self._checked:
            self._say_health(_("Checking the server..."), "dim")
            self._check_health(self._checked, self._insecure())
        else:
            self._say_health(_("Type the address of a SalesMind server"), "warn")

    @work(exclusive=True, group="health", exit_on_error=False)
    async def _check_health(self, address: str, insecure: bool) -> None:
        from api_client.errors import ApiError

        try:
            async with self.console_app.services.client(address, insecure=insecure) as client:
                health = await client.health()
        except ApiError as error:
            self._say_health(_("Problem: {why}").format(why=of_error(error)), "bad")
        else:
            words = _("Server is up, answered in {ms} ms").format(ms=f"{health.round_trip_ms:.0f}")
            self._say_health(words, "good")

    def _say_health(self, words: str, tone: Tone) -> None:
        self.query_one("#health", Static).update(f"[{STYLES[tone]}]{_plain(words)}[/]")

    # --- the account ---------------------------------------------------------------------------

    def action_demo(self) -> None:
        """Fill in the demo account; one more key press logs in."""
        self.username.value, self.password.value = DEMO_ACCOUNT
        self.query_one("#submit", Button).focus()

    @on(Input.Changed, "#username")
    @on(Input.Changed, "#password")
    def _mended(self, event: Input.Changed) -> None:
        if event.value.strip():
            self._say(event.input, "")

    @on(Input.Submitted, "#url")
    def _to_username(self) -> None:
        self.username.focus()

    @on(Input.Submitted, "#username")
    def _to_password(self) -> None:
        self.password.focus()

    @on(Input.Submitted, "#password")
    @on(Button.Pressed, "#submit")
    def _pressed(self) -> None:
        self.action_submit()

    @on(Input.Changed, "#url")
    @on(Input.Changed, "#username")
    def _offer_remembered(self) -> None:
        """Say that no password is needed, where a login is remembered."""
        remembered = self._remembered
        self.password.placeholder = _("remembered: Enter logs in") if remembered else ""
        if remembered:
            self.query_one("#remember", Tick).value = True

    @property
    def _remembered(self) -> bool:
        app, name = self.console_app, self.username.value.strip()
        return bool(name) and app.services.remembers(app.settings, self._address(), name)

    def action_submit(self) -> None:
        if self._remembered and not self.password.value:
            self._return(self._address(), self.username.value.strip())
            return
        missing = False
        for field in (self.password, self.username):
            empty = not field.value.strip()
            self._say(field, _("Please fill this in") if empty else "")
            if empty:
                field.focus()
                missing = True
        if not self._address():
            self.action_check()  # asks for it
            self.url.focus()
        elif not missing:
            self._log_in(self._address(), self.username.value.strip(), self.password.value)

    @work(exclusive=True, group="login", exit_on_error=False)
    async def _return(self, address: str, username: str) -> None:
        """Log in with the remembered token, if the server still takes it."""
        from api_client.errors import ApiError, NotAuthenticated

        app, insecure, choice = self.console_app, self._insecure(), self._choice()
        self._busy(True)
        try:
            # A keyring that is locked gives none; the server then says what it says of any bad token.
            token = await app.services.remembered_token(app.settings, address, username) or "-"
            account = ServerAccount(address, username, token, insecure, choice.profile if choice else None)
            async with app.services.client(address, token=token, insecure=insecure) as client:
                await client.list_sessions(1, 1)
        except NotAuthenticated as error:
            with suppress(OSError):
                await app.services.forget_token(app.settings, account)
            self._offer_remembered()
            self._say(self.password, of_error(error))
            self.password.focus()
        except ApiError as error:
            self._refused(error)
        else:
            self.post_message(LoggedIn(account))
        finally:
            self._busy(False)

    @work(exclusive=True, group="login", exit_on_error=False)
    async def _log_in(self, address: str, username: str, password: str) -> None:
        from api_client.errors import ApiError

        self._busy(True)
        insecure, choice = self._insecure(), self._choice()
        try:
            async with self.console_app.services.client(address, insecure=insecure) as client:
                login = await client.login(username, password)
        except ApiError as error:
            self._refused(error)
        else:
            self.password.value = ""
            profile = choice.profile if choice else None
            account = ServerAccount(address, login.user.username, login.token, insecure, profile)
            self.post_message(LoggedIn(account, remember=self.query_one("#remember", Tick).value))
        finally:
            self._busy(False)

    def _busy(self, busy: bool) -> None:
        button = self.query_one("#submit", Button)
        button.disabled = busy
        button.label = _("Logging in...") if busy else _("Log in")

    def _refused(self, error: Exception) -> None:
        """Show each error where it can be fixed: at the account, a field, or the server."""
        code = str(getattr(error, "code", ""))
        fields: dict[str, tuple[str, ...]] = getattr(error, "fields", {})
        account_codes = ("bad_credentials", "account_refused", "email_not_verified", "rate_limited")
        if code in account_codes or not fields:
            at_account = code in (*account_codes, "validation_failed")
            if at_account:
                self._say(self.password, of_error(error))
                self.password.focus()
            else:
                self._say_health(_("Problem: {why}").format(why=of_error(error)), "bad")
            return
        for field in (self.password, self.username):
            if messages := fields.get(str(field.id)):
                self._say(field, " ".join(map(of_server, messages)))
                field.focus()

    def _say(self, field: Input, words: str) -> None:
        label = self.query_one(f"#{field.id}-error", Static)
        label.update(_("Error: {why}").format(why=_plain(words)) if words else "")
        label.set_class(bool(words), "-shown")


def _plain(words: str) -> str:
    """Foreign text, escaped for Textual's markup."""
    return words.replace("[", r"\[")
