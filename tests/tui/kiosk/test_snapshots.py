"""What the welcome looks like."""

from __future__ import annotations

from typing import Any

import pytest

from tui import i18n


@pytest.mark.parametrize(
    "language, size", [("ja", (80, 24)), ("en", (120, 40))], ids=["ja-80x24", "en-120x40"]
)
def test_welcome(make_kiosk: Any, snap_compare: Any, language: i18n.Language, size: tuple[int, int]) -> None:
    i18n.set_language(language)
    app = make_kiosk(stay_minutes=20, keep_recordings=language == "ja", once=True)
    assert snap_compare(app, terminal_size=size)
