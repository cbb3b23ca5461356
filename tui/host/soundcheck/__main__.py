"""``python -m tui.host.soundcheck``."""

from __future__ import annotations

import sys

from tui.host.soundcheck.process import main

if __name__ == "__main__":
    sys.exit(main())
