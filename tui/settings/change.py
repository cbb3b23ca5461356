"""Changing one setting: checked, written to the file, and in effect in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audio.paths import from_home
from tui.settings.config_file import parse_config, read_config
from tui.settings.declaration import Option
from tui.settings.edit import with_profile, with_setting, without_profile, without_setting, write
from tui.settings.errors import SettingsError
from tui.settings.places import config_path
from tui.settings.values import ConsoleSettings, Origin, Profile


@dataclass(frozen=True, slots=True)
class Changed:
    """The settings after a change."""

    settings: ConsoleSettings
    overridden_by: str | None
    """The flag or environment variable that takes precedence over the file; None: the change is in effect."""


def read_value(option: Option, text: str) -> Any:
    """The value of ``option`` in ``text``. Raises ``SettingsError``."""
    try:
        value = option.from_text(text)
    except ValueError as error:
        raise SettingsError(f"{option.key}: {error}") from None
    if problem := option.problem(value):
        raise SettingsError(f"{option.key}: {problem}")
    return value


def change(settings: ConsoleSettings, option: Option, value: Any) -> Changed:
    """Set ``option`` to ``value`` in the file, or remove it from there (None). Raises ``SettingsError``."""
    path = settings.config_path or config_path()
    file = read_config(path)
    text = without_setting(file, option) if value is None else with_setting(file, option, value)
    write(path, text)
    if winner := override(settings, option):
        return Changed(settings, winner)
    origin: Origin = "default" if value is None else "file"
    origins = {**settings.origins, option.key: origin}
    return Changed(replace(_with(settings, option, value), origins=origins, config_path=path), None)


def change_profile(
    settings: ConsoleSettings, index: int | None, values: Mapping[str, Any] | None
) -> ConsoleSettings:
    """Write profile ``index`` (None: a new one), or remove it (``values`` None). Raises ``SettingsError``."""
    path = settings.config_path or config_path()
    file = read_config(path)
    if values is not None:
        text = with_profile(file, index, values)
    else:
        assert index is not None, "a new profile has values"
        text = without_profile(file, index)
    write(path, text)
    changed = parse_config(path, text)
    profiles = tuple(Profile(**profile) for profile in changed.profiles)
    selected = settings.profile
    if settings.origins.get("profile") == "file":
        selected = changed.document.get("profile")
    return replace(settings, profiles=profiles, profile=selected, config_path=path)


def override(settings: ConsoleSettings, option: Option) -> str | None:
    """The flag or environment variable that set ``option`` in this process, and so hides the file's value."""
    match settings.origins.get(option.key):
        case "flag":
            return option.flag
        case "environment":
            return option.variable
        case _:
            return None


def value_of(settings: ConsoleSettings, option: Option) -> Any:
    """The value in effect."""
    return getattr(getattr(settings, option.table) if option.table else settings, option.name)


def _with(settings: ConsoleSettings, option: Option, value: Any) -> ConsoleSettings:
    held = option.default if value is None else value
    if option.key == "recording.directory" and held is not None:
        held = from_home(held)
    if not option.table:
        return replace(settings, **{option.name: held})
    table = replace(getattr(settings, option.table), **{option.name: held})
    return replace(settings, **{option.table: table})
