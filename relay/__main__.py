"""``python -m relay``."""

from __future__ import annotations

import sys

from relay.process import main

if __name__ == "__main__":
    sys.exit(main())
