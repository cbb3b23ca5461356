"""File names as typed by users."""

from __future__ import annotations

import os
from pathlib import Path


def from_home(path: str) -> Path:
    """``path`` with a leading ``~`` or ``~user`` replaced; one that names no user is part of the file's name."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises RuntimeError for those
