"""The settings as rows, made from their declarations. No widgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api_client.harmless import one_line
from tui.i18n import N_, _
from tui.settings import ConsoleSettings
from tui.settings.change import override, value_of
from tui.settings.declaration import Between, Option
from tui.settings.values import OPTIONS, Profile
from tui.wording.figures import NOTHING

GROUPS: dict[str, str] = {
    "": N_("General"),
    "audio": N_("Sound"),
    "recording": N_("Recordings"),
    "connection": N_("Connection"),
    "profiles": N_("Profiles"),
}
"""By the table of the file."""
_EFFECTIVE_AT_ONCE = frozenset({"theme", "language"})
_AT_LOGIN = frozenset({"profile", "username", "insecure"})


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The heading of a table of the file."""

    table: str

    @property
    def key(self) -> str:
        """Unique among all rows."""
        return f"[{self.table}]"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting with the value in effect."""

    option: Option
    value: Any
    origin: str
    """``flag``, ``environment``, ``file`` or ``default``."""
    overridden_by: str | None
    """The flag or variable that takes precedence over the file."""

    @property
    def key(self) -> str:
        """Unique among all rows."""
        return self.option.key


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A profile, by its place in the file."""

    index: int
    profile: Profile

    @property
    def key(self) -> str:
        """Unique among all rows."""
        return f"[[profiles]] {self.index}"


Row = GroupRow | SettingRow | ProfileRow


def rows(settings: ConsoleSettings) -> Iterator[Row]:
    """Every setting that the file may hold, by group; then the profiles."""
    for table in GROUPS:
        yield GroupRow(table)
        for option in OPTIONS:
            if option.table == table and option.in_file:
                origin = settings.origins.get(option.key, "default")
                yield SettingRow(option, value_of(settings, option), origin, override(settings, option))
    for index, profile in enumerate(settings.profiles):
        yield ProfileRow(index, profile)


def shown(value: Any) -> str:
    """A value for the table."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value:g}" if isinstance(value, float) else one_line(str(value))


def origin_word(row: SettingRow) -> str:
    """Where its value comes from; the flag or variable by its name."""
    if row.overridden_by:
        return row.overridden_by
    return {"file": _("file"), "default": _("default")}.get(row.origin, row.origin)


def accepted(option: Option) -> str:
    """The values that it takes."""
    if option.choices:
        return ", ".join(option.choices)
    bounds = next((check for check in option.checks if isinstance(check, Between)), None)
    if bounds is not None:
        return _("{low} to {high}").format(low=f"{bounds.low:g}", high=f"{bounds.high:,.0f}")
    return _("yes or no") if option.kind is bool else _("text")


def explained(row: SettingRow) -> list[str]:
    """What it means, what it takes, and when a change has an effect."""
    option = row.option
    lines = [
        _(option.doc),
        _("Values: {values}. Default: {default}.").format(
            values=accepted(option), default=shown(option.default)
        ),
    ]
    names = [name for name in (option.flag, option.variable) if name]
    if row.overridden_by:
        words = _("{name} is given and takes precedence over the file in this run.")
        lines.append(words.format(name=row.overridden_by))
    elif names:
        lines.append(_("Also: {names}").format(names=", ".join(names)))
    lines.append(_when(option))
    return lines


def _when(option: Option) -> str:
    if option.key in _EFFECTIVE_AT_ONCE:
        return _("A change takes effect at once.")
    if option.key in _AT_LOGIN:
        return _("A change takes effect at the next start.")
    return _("A change takes effect with the next conversation.")
