"""What the screen of scenarios looks like during a run.

After a change of looks: ``pytest tests/tui/test_scenarios_snapshots.py --snapshot-update``.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui import scripted_scenarios
from tests.tui.scripted_scenarios import LATE
from tui import i18n
from tui.navigation import BrowseScenarios


@pytest.mark.parametrize(("language", "size"), [("ja", (80, 24)), ("en", (120, 40))], ids=["ja", "en"])
def test_during_the_run(
    make_app: Any,
    services: Any,
    until: Any,
    snap_compare: Any,
    language: i18n.Language,
    size: tuple[int, int],
) -> None:
    i18n.set_language(language)
    services.shelf = scripted_scenarios.SHELF

    async def arrange(pilot: Any) -> None:
        await until(pilot, lambda: ("health",) in services.server.calls)
        pilot.app.post_message(BrowseScenarios())
        await until(pilot, lambda: pilot.app.screen.query("#page"))
        screen = pilot.app.screen
        screen.panel.tree_of.choose("scenario:barge-in")
        await pilot.press("t")
        await until(pilot, lambda: services.check.running)
        done = ("barge-in.1.answered_within_ms", "barge-in.1.audible", LATE)
        services.check.tell(
            scripted_scenarios.started(), *scripted_scenarios.begun(), *scripted_scenarios.answered(*done)
        )
        await until(pilot, lambda: LATE in screen.board.answers)
        screen.panel.tree_of.choose(LATE)
        await pilot.pause()

    assert snap_compare(make_app(logged_in=True), terminal_size=size, run_before=arrange)
