"""Where the configuration and the state are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from audio.paths import from_home

APP_NAME = "salesmind"
CONFIG_VARIABLE = "SALESMIND_CONFIG"
STATE_VARIABLE = "SALESMIND_STATE_DIR"


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the configuration file is, or would be."""
    if chosen := environ.get(CONFIG_VARIABLE):
        return from_home(chosen)
    from platformdirs import user_config_path

    return user_config_path(APP_NAME, appauthor=False) / "config.toml"


def state_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where logs, recordings and what the program remembers are kept."""
    if chosen := environ.get(STATE_VARIABLE):
        return from_home(chosen)
    from platformdirs import user_state_path

    return user_state_path(APP_NAME, appauthor=False)
