"""What the relay process ends with: of its summary, and where it got no further than its own start."""

from __future__ import annotations

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_CONNECTION = 3
EXIT_TIMEOUT = 4
EXIT_INTERRUPTED = 130
