"""The settings: value, default and origin of each, changed here as by `salesmind config set`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Input, Static

from api_client.harmless import one_line
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.i18n import N_, _
from tui.navigation import LanguageChosen, ProfilesChanged
from tui.settings import ConsoleSettings, SettingsError, config_path
from tui.settings.change import Changed, change, change_profile, read_value
from tui.settings.declaration import Option
from tui.settings_screen.actions import EDIT, RESET, SETTINGS_ACTIONS
from tui.settings_screen.rows import ProfileRow, Row, SettingRow, explained, rows, shown
from tui.settings_screen.table import SettingsTable
from tui.themes import least_contrast, theme_named, theme_names
from tui.tones import STYLES, News


class SettingsScreen(ConsoleScreen[None]):
    """Every setting that the file may hold, and the profiles."""

    ABOUT: ClassVar[str] = N_(
        "Every setting with its value and where that comes from, and the profiles. Changes are written to the "
        "configuration file."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = SETTINGS_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(SETTINGS_ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#settings"

    table = getters.query_one("#settings", SettingsTable)
    value_input = getters.query_one("#value", Input)

    def __init__(self) -> None:
        super().__init__()
        self._editing: Option | None = None

    def compose(self) -> ComposeResult:
        """Heading, table, what is known of the selected one, news, and a line to type a value in."""
        yield StatusLine()
        with Container(id="body"):
            yield Static(id="heading", markup=False)
            yield SettingsTable(id="settings")
            with VerticalScroll(id="details"):
                yield Static(id="explained", markup=False)
            yield Static(id="settings-news", markup=False)
        yield Field(placeholder=_("new value, Enter to save"), compact=True, id="value")
        yield ActionFooter()

    def on_mount(self) -> None:
        self.show_settings()

    async def retranslate(self) -> None:
        at = self.table.cursor_row
        await super().retranslate()
        self._editing = None
        self.show_settings()
        self.table.move_cursor(row=at, animate=False)

    @property
    def _path(self) -> str:
        return one_line(str(self.console_app.settings.config_path or config_path()))

    def show_settings(self) -> None:
        """Everything as it is now."""
        self.table.show(list(rows(self.console_app.settings)))
        self.query_one("#heading", Static).update(
            Content.assemble((_("Settings"), "bold $title"), (f"   {self._path}", "$dim"))
        )
        self._explain()

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor."""
        return self.table.chosen if self.is_mounted else None

    @on(DataTable.RowHighlighted)
    def _explain(self) -> None:
        row = self.chosen
        lines: list[str] = []
        if isinstance(row, SettingRow):
            lines = explained(row)
        elif isinstance(row, ProfileRow):
            lines = [
                _("A server by name, for the login screen and --profile."),
                one_line(row.profile.server_url),
            ]
        self.query_one("#explained", Static).update("\n".join(lines))
        self.refresh_bindings()

    def say_news(self, news: News) -> None:
        """One sentence at the bottom."""
        self.query_one("#settings-news", Static).update(Content.styled(news.words, STYLES[news.tone]))

    # --- what can be done ------------------------------------------------------------------------

    @property
    def typing(self) -> bool:
        """A value is being typed."""
        return self._editing is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Headings cannot be changed, and what is not in the file cannot be removed from it."""
        row = self.chosen
        if action in ("edit", "reset", "new_profile", "copy") and self.typing:
            return False
        if action == "edit":
            return True if isinstance(row, SettingRow | ProfileRow) else None
        if action == "reset":
            removable = isinstance(row, SettingRow) and row.origin != "default"
            return True if removable or isinstance(row, ProfileRow) else None
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """Esc closes the input first; a profile is deleted."""
        if action.name == "back" and self.typing:
            return N_("Cancel")
        if action is RESET and isinstance(self.chosen, ProfileRow):
            return N_("Delete")
        return super().action_label(action)

    @on(DataTable.RowSelected)
    def _row_entered(self) -> None:
        if self.check_action(EDIT.name, ()):
            self.action_edit()

    def action_edit(self) -> None:
        """Toggle, choose, or type, as the setting's kind demands."""
        match self.chosen:
            case ProfileRow(index=index):
                self._edit_profile(index)
            case SettingRow(option=option, value=value):
                if option.kind is bool:
                    self._change(option, not value)
                elif option.key == "theme":
                    self._choose_theme(option)
                elif names := self._choices(option):
                    self._choose(option, names, value)
                else:
                    self._type(option, value)

    def _type(self, option: Option, value: Any) -> None:
        self._editing = option
        field = self.value_input
        field.value = "" if value is None else str(value)
        field.display = True
        field.focus()
        self.say_news(News(_(option.doc), "plain"))
        self.refresh_bindings()

    @on(Input.Submitted, "#value")
    def _typed(self, event: Input.Submitted) -> None:
        option = self._editing
        if option is None:
            return
        try:
            value = read_value(option, event.value.strip())
        except SettingsError as error:
            self.say_news(News(_("Error: {why}").format(why=error), "bad"))
            return
        self._close_input()
        self._change(option, value if value != "" else None)

    def _close_input(self) -> None:
        self._editing = None
        self.value_input.display = False
        self.table.focus()
        self.refresh_bindings()

    def _choices(self, option: Option) -> tuple[str, ...]:
        """The values to choose from; none: it is typed."""
        if option.key == "profile":
            return tuple(profile.name for profile in self.console_app.settings.profiles)
        return option.choices

    def _choose(self, option: Option, names: tuple[str, ...], value: Any) -> None:
        from tui.settings_screen.choice import ChoiceScreen

        values = [(name, _("default") if name == option.default else "") for name in names]

        def chosen(choice: str | None) -> None:
            if choice is not None:
                self._change(option, choice)

        self.app.push_screen(ChoiceScreen(option.key, values, value), chosen)

    def _choose_theme(self, option: Option) -> None:
        from tui.settings_screen.choice import ChoiceScreen

        app, before = self.console_app, self.app.theme
        values = [(name, _least(name)) for name in theme_names()]

        def chosen(name: str | None) -> None:
            if name is None:
                app.use_theme(before)
            else:
                self._change(option, name)

        self.app.push_screen(ChoiceScreen(_("Theme"), values, before, app.use_theme), chosen)

    def action_reset(self) -> None:
        """Remove the setting from the file; ask before a profile is deleted."""
        match self.chosen:
            case SettingRow(option=option):
                self._change(option, None)
            case ProfileRow(index=index, profile=profile):
                question = _("Delete the profile {name}?").format(name=one_line(profile.name))
                self._ask(question, lambda: self._change_profile(index, None))

    def _ask(self, question: str, then: Callable[[], object]) -> None:
        from tui.frame.confirm import ConfirmScreen

        def answered(answer: bool | None) -> None:
            if answer:
                then()

        self.app.push_screen(ConfirmScreen(question, _("Delete"), _("Keep it")), answered)

    def action_new_profile(self) -> None:
        """An empty form."""
        self._edit_profile(None)

    def _edit_profile(self, index: int | None) -> None:
        from tui.settings_screen.profile import ProfileScreen

        profiles = self.console_app.settings.profiles
        others = frozenset(one.name for place, one in enumerate(profiles) if place != index)
        form = ProfileScreen(None if index is None else profiles[index], others)

        def filled(values: dict[str, Any] | None) -> None:
            if values is not None:
                self._change_profile(index, values)

        self.app.push_screen(form, filled)

    # --- writing ---------------------------------------------------------------------------------

    @work(exclusive=True, group="write", exit_on_error=False)
    async def _change(self, option: Option, value: Any) -> None:
        before = self.console_app.settings
        try:
            changed = await asyncio.to_thread(change, before, option, value)
        except SettingsError as error:
            self.say_news(News(_("Error: {why}").format(why=error), "bad"))
            return
        self.console_app.settings = changed.settings
        self.say_news(self._saved(option, value, changed))
        self.show_settings()
        if option.key == "theme":
            self._apply_theme(changed.settings)
        elif option.key == "language" and changed.settings.language is not None:
            self.post_message(LanguageChosen(changed.settings.language))

    def _apply_theme(self, settings: ConsoleSettings) -> None:
        if settings.theme is not None:
            self.console_app.use_theme(settings.theme)

    def _saved(self, option: Option, value: Any, changed: Changed) -> News:
        if changed.overridden_by:
            words = _("Saved, but {name} takes precedence: start without it.")
            return News(words.format(name=changed.overridden_by), "warn")
        words = _("Saved: {key} is {value}.")
        return News(
            words.format(key=option.key, value=shown(option.default if value is None else value)), "good"
        )

    @work(exclusive=True, group="write", exit_on_error=False)
    async def _change_profile(self, index: int | None, values: dict[str, Any] | None) -> None:
        try:
            changed = await asyncio.to_thread(change_profile, self.console_app.settings, index, values)
        except SettingsError as error:
            self.say_news(News(_("Error: {why}").format(why=error), "bad"))
            return
        self.console_app.settings = changed
        words = _("Saved in {path}.") if values is not None else _("Deleted from {path}.")
        self.say_news(News(words.format(path=self._path), "good"))
        self.show_settings()
        self.post_message(ProfilesChanged())

    def action_copy(self) -> None:
        """The path, for an editor."""
        self.app.copy_to_clipboard(self._path)
        self.say_news(News(_("Sent the path to the terminal's clipboard."), "good"))

    def action_back(self) -> None:
        """Close the input, or the screen."""
        if self.typing:
            self._close_input()
            self.say_news(News("", "plain"))
        else:
            self.dismiss(None)


def _least(name: str) -> str:
    """The contrast of the least readable text of a theme."""
    return _("contrast {ratio}").format(ratio=f"{least_contrast(theme_named(name)):.1f}")
