"""Where one acceptance run keeps its recordings and logs."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tui.host.memory import private_directory


def new_run_directory(state_directory: Path) -> Path:
    """A new directory below ``state_directory``, for its owner only. Raises ``OSError``."""
    checks = private_directory(state_directory / "checks")
    stamp = time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime())
    return Path(tempfile.mkdtemp(prefix=stamp, dir=checks))
