"""Flags over environment over file over defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audio.paths import from_home
from tui.encoding import is_text
from tui.i18n import _
from tui.settings.config_file import ConfigFile, check_profile, read_config
from tui.settings.declaration import Option
from tui.settings.errors import SettingsError
from tui.settings.places import CONFIG_VARIABLE, config_path, state_directory
from tui.settings.values import (
    AUDIO_OPTIONS,
    CONNECTION_OPTIONS,
    OPTIONS,
    RECORDING_OPTIONS,
    AudioDefaults,
    ConnectionSettings,
    ConsoleSettings,
    Origin,
    Profile,
    RecordingSettings,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting's value and its source."""

    option: Option
    value: Any
    origin: Origin


def load_settings(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ConsoleSettings:
    """The effective settings.

    ``flags`` are named like the fields of ``ConsoleSettings`` and its tables; None means not given. Raises
    ``SettingsError``.
    """
    file = read_file(environ)
    file.check()
    flags = flags or {}
    found = list(settings_of(file, flags, environ))
    given = {one.option.name: one.value for one in found}
    profiles = tuple(Profile(**profile) for profile in file.profiles)
    check_profile(given["profile"], [profile.name for profile in profiles])
    recording = {one.name: given.pop(one.name) for one in RECORDING_OPTIONS}
    directory = recording.pop("directory")
    audio = AudioDefaults(**{one.name: given.pop(one.name) for one in AUDIO_OPTIONS})
    connection = ConnectionSettings(**{one.name: given.pop(one.name) for one in CONNECTION_OPTIONS})
    return ConsoleSettings(
        profiles=profiles,
        audio=audio,
        connection=connection,
        keys=file.keys,
        recording=RecordingSettings(directory=from_home(directory) if directory else None, **recording),
        demo=bool(flags.get("demo", False)),
        config_path=file.path,
        origins={one.option.key: one.origin for one in found},
        state_directory=state_directory(environ),
        **given,
    )


def read_file(environ: Mapping[str, str] = os.environ) -> ConfigFile:
    """The configuration file, not yet checked. Raises ``SettingsError``."""
    return read_config(config_path(environ), must_exist=bool(environ.get(CONFIG_VARIABLE)))


def settings_of(
    file: ConfigFile, flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ
) -> Iterator[Setting]:
    """Every single-valued setting with its source; ``file`` has been checked. Raises ``SettingsError``."""
    for one in OPTIONS:
        if (value := flags.get(one.name)) is not None:
            yield _checked(Setting(one, value, "flag"), one.flag or one.name)
        elif one.variable and (raw := environ.get(one.variable)):
            yield _from_environment(one, one.variable, raw)
        elif one.in_file and (value := file.value(one)) is not None:
            yield Setting(one, value, "file")
        else:
            yield Setting(one, one.default, "default")


def _from_environment(option: Option, variable: str, raw: str) -> Setting:
    if not is_text(raw):
        raise SettingsError(_("{variable}: not UTF-8.").format(variable=variable))
    try:
        value = option.from_text(raw)
    except ValueError as error:
        raise SettingsError(f"{variable}: {error}") from None
    return _checked(Setting(option, value, "environment"), variable)


def _checked(setting: Setting, named: str) -> Setting:
    if problem := setting.option.problem(setting.value):
        raise SettingsError(f"{named}: {problem}")
    return setting
