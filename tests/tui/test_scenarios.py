"""The screen of scenarios on scripted runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from acceptance.store import StoreError, StoreErrorCode
from scenarios.shipped import shipped
from tests.tui import scripted, scripted_scenarios
from tests.tui.scripted_scenarios import LATE, SCENARIOS
from tui import i18n
from tui.host.scenarios import Shelf, find_scenarios
from tui.scenarios.board import ScenarioBoard, begun, fold, stopped
from tui.scenarios.panel import ScenarioTree


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def lines(app: Any) -> list[str]:
    """The tree as it is painted."""
    tree = app.screen.query_one(ScenarioTree)
    return [
        "".join(segment.text for segment in tree.render_line(y)).rstrip() for y in range(tree.size.height)
    ]


def shown(app: Any, words: str) -> str:
    return next(line for line in lines(app) if words in line)


@pytest.fixture
def opened(services: Any, until: Any) -> Any:
    """Opens the screen as an operator does, with the cursor on the barge-in scenario."""

    async def go(app: Any, pilot: Any) -> Any:
        from tui.sessions.screen import SessionsScreen

        services.shelf = scripted_scenarios.SHELF
        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: app.screen.query("#table"))
        await pilot.press("s")
        await until(pilot, lambda: type(app.screen).__name__ == "ScenariosScreen" and lines(app)[1])
        app.screen.panel.tree_of.choose("scenario:barge-in")
        await pilot.pause()
        return app.screen

    return go


async def test_it_says_what_a_scenario_does_before_it_does_it(
    make_app: Any, services: Any, opened: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        assert "After 1.5 s of the answer, interrupts with the recording sample:en-03-problem" in text(
            app, "#page"
        )
        assert "NOT RUN" in shown(app, "Barge-in")
        assert services.check.requests == []
        assert screen.check_action("abort", ()) is False
        assert screen.check_action("export", ()) is None
        await pilot.press("home")
        page = text(app, "#page")
        assert "/documents/SalesMind/scenarios" in page and "http://127.0.0.1:8000" in page


async def test_expectations_tick_over_and_show_their_evidence(
    make_app: Any, services: Any, opened: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("t")
        await until(pilot, lambda: services.check.running)
        (request,) = services.check.requests
        assert [one.name for one in request.scenarios] == ["barge-in"]
        assert request.account.token == "t" * 40
        services.check.tell(scripted_scenarios.started(), *scripted_scenarios.begun())
        await until(pilot, lambda: "RUNNING" in shown(app, "Barge-in"))
        assert "Speaks sample:en-01-greeting" in text(app, "#news")
        services.check.tell(*scripted_scenarios.answered("barge-in.1.audible", LATE))
        await until(pilot, lambda: "FAIL" in shown(app, "stops within 1500 ms"))
        assert "PASS" in shown(app, "Turn 1: the answer is audible")
        assert "RUNNING" in shown(app, "Turn 2: it is answered")
        services.check.end(*scripted_scenarios.whole_run())
        await until(pilot, lambda: services.check.kept)
        assert "FAIL" in shown(app, "Barge-in") and "NOT RUN" in shown(app, "First meeting")
        assert "0 of 1 scenarios passed" in text(app, "#news")
        screen.panel.tree_of.choose(LATE)
        await pilot.pause()
        assert "The answer stopped 1890 ms after the interruption began" in text(app, "#page")
        assert "replays this moment" in text(app, "#page")
        await pilot.press("f")
        await until(pilot, lambda: len(services.check.requests) == 2)
        assert [one.name for one in services.check.requests[1].scenarios] == ["barge-in"]


async def test_the_conversation_can_be_watched_and_the_run_aborted(
    make_app: Any, services: Any, opened: Any, until: Any
) -> None:
    services.check.on_abort = [scripted_scenarios.whole_run()[0]]
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: services.check.running)
        assert len(services.check.requests[0].scenarios) == len(SCENARIOS)
        services.check.tell(*scripted_scenarios.says(scripted.talk()))
        await pilot.press("w")
        await until(pilot, lambda: type(app.screen).__name__ == "WatchScreen" and app.screen.feed)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("escape")  # asks first
        await until(pilot, lambda: type(app.screen).__name__ == "ConfirmScreen")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("x")
        await until(pilot, lambda: not screen.running)
        assert screen.check_action("run_all", ()) is not False


async def test_results_are_exported_and_what_cannot_be_kept_is_said(
    make_app: Any, services: Any, opened: Any, until: Any
) -> None:
    services.check.fail["keep"] = StoreError(StoreErrorCode.BUSY, path="/x", reason="-")
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("t")
        await until(pilot, lambda: services.check.running)
        services.check.end(*scripted_scenarios.whole_run(late=False))
        await until(pilot, lambda: "Another program is writing" in text(app, "#news"))
        await pilot.press("e")
        await until(pilot, lambda: services.check.exported)
        assert "PASS" in shown(app, "Barge-in")


async def test_files_that_cannot_be_run_are_named_and_read_again(
    make_app: Any, services: Any, opened: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        services.shelf = Shelf(SCENARIOS[:2], ("mine.toml, line 3: turns[1]: nothing [bold]is[/] done.",))
        await pilot.press("n")
        await until(
            pilot, lambda: "mine.toml, line 3: turns[1]: nothing [bold]is[/] done." in text(app, "#page")
        )
        assert len([line for line in lines(app) if "NOT RUN" in line]) == 2


async def test_the_language_changes_with_the_screen(make_app: Any, opened: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await app.action_toggle_language()
        await pilot.pause()
        assert i18n.language() == "ja"
        assert "割り込み" in shown(app, "割り込み")
        assert "録音 sample:en-03-problem を話して割り込みます" in text(app, "#page")


def test_a_run_replaces_only_what_it_runs_again() -> None:
    board = fold(begun(ScenarioBoard(SCENARIOS), {1: "barge-in"}), scripted_scenarios.whole_run(late=False))
    assert board.scenario_mark("barge-in") == "pass"
    again = begun(board, {1: "silence"})
    assert (again.scenario_mark("barge-in"), again.result) == ("pass", None)
    again = fold(again, [*scripted_scenarios.begun()][:1])
    assert again.scenario_mark("silence") == "running"
    assert stopped(again).scenario_mark("silence") == "not_run"
    assert begun(board, {1: "barge-in"}).scenario_mark("barge-in") == "not_run"


def test_ones_own_scenarios_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    assert len(find_scenarios(tmp_path / "missing").scenarios) == len(shipped())
    own = shipped()[0].read_text(encoding="utf-8").replace("割り込み", "自分の割り込み")
    (tmp_path / shipped()[0].name).write_text(own, encoding="utf-8")
    (tmp_path / "bad.toml").write_text("x = 1", encoding="utf-8")
    shelf = find_scenarios(tmp_path)
    assert len(shelf.scenarios) == len(shipped())
    assert next(one for one in shelf.scenarios if one.path.parent == tmp_path).title.ja == "自分の割り込み"
    assert any("bad.toml, line 1: x: unknown field" in sentence for sentence in shelf.mistakes)
