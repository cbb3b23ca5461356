"""Exit codes of the relay process: the summary's, and those of a failed start."""

from __future__ import annotations

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_CONNECTION = 3
EXIT_TIMEOUT = 4
EXIT_INTERRUPTED = 130
