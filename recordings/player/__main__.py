"""``python -m recordings.player``."""

from __future__ import annotations

import sys

from recordings.player.process import main

if __name__ == "__main__":
    sys.exit(main())
