"""The console's settings: flags, environment, configuration file.

Each setting is declared once, in ``tui.settings.values``. The file is TOML, and a mistake in it is an error that names
the line. What the program remembers itself is in ``tui.host.memory``. Neither contains passwords or tokens.
"""

from __future__ import annotations

from tui.settings.errors import SettingsError
from tui.settings.load import load_settings
from tui.settings.places import APP_NAME, config_path, state_directory
from tui.settings.values import (
    DEFAULT_SERVER_URL,
    AudioDefaults,
    ConnectionSettings,
    ConsoleSettings,
    Echo,
    Profile,
    RecordingSettings,
)

__all__ = [
    "APP_NAME",
    "DEFAULT_SERVER_URL",
    "AudioDefaults",
    "ConnectionSettings",
    "ConsoleSettings",
    "Echo",
    "Profile",
    "RecordingSettings",
    "SettingsError",
    "config_path",
    "load_settings",
    "state_directory",
]
