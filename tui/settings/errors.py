"""Errors in the settings."""

from __future__ import annotations


class SettingsError(Exception):
    """The configuration cannot be used. The sentence names the file and line, the variable or the flag."""

    code = "settings_invalid"
