"""A visit from the welcome to the farewell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from api_client.errors import BoxFull, ServerUnreachable, VisitOver
from relay.stream import Speech
from tests.tui import scripted
from tests.tui.kiosk.conftest import ADMITTED, WAITING
from tui import i18n
from tui.conversation.live import LiveScreen
from tui.frame.confirm import ConfirmScreen
from tui.kiosk import holding
from tui.kiosk.still_there import StillThereScreen
from tui.kiosk.welcome import WelcomeScreen
from tui.sessions.screen import SessionsScreen


def text(app: Any, selector: str) -> str:
    """What is shown there; nothing, before the screen is composed."""
    return "".join(str(one.render()) for one in app.screen.query(selector))


def assert_empty(directory: Path) -> None:
    assert not list(directory.rglob("*"))


def state(app: Any) -> str:
    return text(app, "#state")


async def test_a_visit_begins_with_a_session_that_is_ready(
    make_kiosk: Any, enter: Any, box: Any, until: Any
) -> None:
    app = make_kiosk(stay_minutes=20)
    async with app.run_test(size=(120, 40)) as pilot:
        await enter(app, pilot)
        assert box.arrivals == [("en", 1200.0)]
        assert app.account.token == ADMITTED.token
        await until(pilot, lambda: "20 min left" in text(app, "StatusLine"))
        status = text(app, "StatusLine")
        assert "visitor-1" in status
        assert "127.0.0.1" not in status


async def test_one_key_changes_the_language_before_the_visit(make_kiosk: Any, until: Any, box: Any) -> None:
    app = make_kiosk()
    async with app.run_test(size=(80, 24)) as pilot:
        assert "日本語" in text(app, "#other")
        await pilot.press("l")
        await until(pilot, lambda: "English" in text(app, "#other"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        assert box.arrivals[0][0] == "ja"


async def test_ending_a_visit_asks_and_leaves_nothing(
    make_kiosk: Any, enter: Any, box: Any, until: Any, tmp_path: Path
) -> None:
    app = make_kiosk()
    async with app.run_test(size=(120, 40)) as pilot:
        await enter(app, pilot)
        await pilot.press("ctrl+t", "ctrl+l")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        relay = app.services.relay
        app.copy_to_clipboard("what was said")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
        assert box.left == []
        await pilot.press("ctrl+q", "ctrl+q")
        # In the visitor's language, though the kiosk is back in its own.
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen) and "ありがとう" in state(app))
        assert box.left == [("v1", "left")]
        assert relay.ended
        assert app.account is None
        assert app.clipboard == ""
        await until(pilot, lambda: i18n.language() == "en")
        assert_empty(tmp_path)


async def test_over_ssh_the_end_of_a_visit_is_the_end(make_kiosk: Any, enter: Any, box: Any) -> None:
    app = make_kiosk(once=True)
    async with app.run_test() as pilot:
        await enter(app, pilot)
        await pilot.press("ctrl+q", "ctrl+q")
        await pilot.pause()
    assert (app.return_code, box.left) == (0, [("v1", "left")])


async def test_all_places_taken_shows_the_place_and_comes_in_by_itself(
    make_kiosk: Any, box: Any, until: Any
) -> None:
    app = make_kiosk()
    box.standing = WAITING
    async with app.run_test() as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "number 3 in the queue" in state(app))
        box.standing = replace(WAITING, place=1, message="Tea is in the hall.")
        await until(pilot, lambda: "number 1" in state(app) and "Tea" in state(app))
        box.standing = ADMITTED
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))


async def test_waiting_can_be_given_up(make_kiosk: Any, box: Any, until: Any) -> None:
    app = make_kiosk()
    box.standing = WAITING
    async with app.run_test() as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "in the queue" in state(app))
        await pilot.press("escape")
        await until(pilot, lambda: box.left == [("v1", "left")] and "queue" not in state(app))
        assert app.screen.check_action("start", ())


async def test_a_full_queue_is_told_kindly(make_kiosk: Any, box: Any, until: Any) -> None:
    app = make_kiosk()
    box.fail = BoxFull("full")
    async with app.run_test() as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "come back a little later" in state(app))


@pytest.mark.parametrize(
    "outcome, words", [("kicked", "looks after this box"), ("time_up", "time for this visit")]
)
async def test_the_box_ends_a_visit_in_the_middle_of_a_conversation(
    make_kiosk: Any, enter: Any, box: Any, until: Any, outcome: str, words: str
) -> None:
    app = make_kiosk()
    async with app.run_test(size=(120, 40)) as pilot:
        await enter(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        await pilot.press("f1")
        box.fail = VisitOver("over", outcome=outcome)
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen) and words in state(app))
        assert app.services.relay.ended


async def test_a_server_that_restarts_costs_no_visit_and_one_that_is_gone_is_told(
    make_kiosk: Any, enter: Any, box: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_kiosk()
    async with app.run_test() as pilot:
        await enter(app, pilot)
        box.fail = ServerUnreachable("away")
        n = len(box.reports)
        await until(pilot, lambda: len(box.reports) > n + 3)
        box.fail = None
        n = len(box.reports)
        await until(pilot, lambda: len(box.reports) > n + 3)
        assert app.visiting
        monkeypatch.setattr(holding, "PATIENCE_S", 0.0)
        box.fail = ServerUnreachable("away")
        await until(
            pilot, lambda: isinstance(app.screen, WelcomeScreen) and "No server answers" in state(app)
        )


async def test_nobody_there_is_asked_and_then_ended(
    make_kiosk: Any, enter: Any, box: Any, until: Any
) -> None:
    app = make_kiosk(idle_minutes=5)
    async with app.run_test(size=(120, 40)) as pilot:
        await enter(app, pilot)
        app.services.now += 250
        await until(
            pilot, lambda: isinstance(app.screen, StillThereScreen) and "50 s" in text(app, "#countdown")
        )
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        app.services.now += 245
        await until(pilot, lambda: isinstance(app.screen, StillThereScreen))
        app.services.now += 60
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen) and "nobody was there" in state(app))
        assert box.left == [("v1", "idle")]


async def test_who_speaks_is_there(make_kiosk: Any, enter: Any, until: Any) -> None:
    app = make_kiosk(idle_minutes=5, source="tcp:127.0.0.1:7001")
    async with app.run_test(size=(120, 40)) as pilot:
        await enter(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        speech = Speech(t=3.0, state="started", item_id="i1", audio_ms=100)
        app.services.relay.script = [*scripted.opening(), speech]
        await until(pilot, lambda: app.screen.feed.state.speech_item_id)
        app.services.now += 290
        for _ in range(5):
            await pilot.pause(0.02)
        assert isinstance(app.screen, LiveScreen)


async def test_the_operators_message_is_shown_once(make_kiosk: Any, enter: Any, box: Any, until: Any) -> None:
    app = make_kiosk()
    async with app.run_test() as pilot:
        await enter(app, pilot)
        box.standing = replace(ADMITTED, message="We close at six. \x1b[2J")
        await until(pilot, lambda: len(app._notifications) == 1)
        [shown] = app._notifications
        assert shown.message.startswith("We close at six.")
        assert "\x1b" not in shown.message
        n = len(box.reports)
        await until(pilot, lambda: len(box.reports) > n + 3)
        assert len(app._notifications) == 1


async def test_recordings_are_kept_only_of_those_who_agree(
    make_kiosk: Any, enter: Any, box: Any, until: Any
) -> None:
    app = make_kiosk(keep_recordings=True)
    async with app.run_test(size=(120, 40)) as pilot:
        assert "Yours are not recorded; r agrees" in text(app, "#recording")
        await enter(app, pilot)
        assert not app.settings.recording.on
        await pilot.press("ctrl+q", "ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen) and "Thank you" in state(app))
        await pilot.press("r")
        assert "takes it back" in text(app, "#recording")
        await enter(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        assert app.services.relay.config.record_directory
        await pilot.press("ctrl+q", "ctrl+q")
        await until(
            pilot, lambda: isinstance(app.screen, WelcomeScreen) and "recordings you agreed to" in state(app)
        )
        assert "Yours are not recorded" in text(app, "#recording")  # the next visitor has agreed to nothing


async def test_without_the_option_nobody_is_asked(make_kiosk: Any) -> None:
    app = make_kiosk()
    async with app.run_test():
        assert not app.screen.query_one("#recording").display
        assert not app.screen.check_action("record", ())


async def test_esc_in_the_sessions_asks_to_end_the_visit(make_kiosk: Any, enter: Any, until: Any) -> None:
    app = make_kiosk()
    async with app.run_test(size=(120, 40)) as pilot:
        await enter(app, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        await pilot.press("escape", "y")
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen) and "Thank you" in state(app))
