"""``python -m tui.cli`` is `salesmind`."""

from tui.cli import main

main()
