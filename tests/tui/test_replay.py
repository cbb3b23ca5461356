"""A recording in the live screen, by a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from recordings.player.protocol import Failed, Opened, Pause, Play
from relay.conversation import fold
from relay.conversation_state import ConversationState
from relay.recording.reader import RecordingReader
from tests.tui import scripted
from tui.conversation.event_log import EventLog
from tui.navigation import Replay
from tui.recordings.bar import position_cells
from tui.recordings.replay import ReplayScreen


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def head(app: Any) -> Any:
    return app.screen.replay.head


@pytest.fixture
def start(until: Any) -> Any:
    """Opens the replay of a recording and waits until it is read and painted."""

    async def go(app: Any, pilot: Any, directory: Path, at: float = 0.0) -> ReplayScreen:
        await pilot.pause()
        app.post_message(Replay(directory, at))
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.replay is not None)
        await until(pilot, lambda: " / " in text(app, "#place-words"))
        screen: ReplayScreen = app.screen
        return screen

    return go


async def test_it_ends_in_the_state_that_the_live_screen_had(
    make_app: Any, services: Any, start: Any, until: Any, record: Callable[..., Path]
) -> None:
    directory = record()
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot, directory)
        assert not screen.replay.state.turns
        services.now += 6.0
        await until(pilot, lambda: "playing 1x   0:06 / 0:14   10:05:06" in text(app, "#place-words"))
        assert [turn.item_id for turn in screen.replay.state.turns] == ["u1", "a1"]
        services.now += 1.0
        await until(pilot, lambda: head(app).t == 7.0)
        services.now += 60.0
        await until(pilot, lambda: screen.replay.finished)
        await until(pilot, lambda: "Summary of the conversation" in text(app, "#summary"))
        live = fold(ConversationState(), RecordingReader(directory).events())
        assert screen.replay.state == live
        assert screen.replay.state == fold(ConversationState(), scripted.talk() + scripted.end())
        lines = screen.query_one("#events", EventLog).matching
        assert sum("vad   started" in line for line in lines) == 2
        assert not app.status.recording, "nothing is being recorded now"
        await pilot.press("space")  # once more
        await until(pilot, lambda: head(app).t == 0.0 and head(app).playing)
        assert screen.query_one("#connection").display
        assert not screen.query_one("#summary").display


async def test_keys_move_it(
    make_app: Any, services: Any, start: Any, until: Any, record: Callable[..., Path]
) -> None:
    events = [*scripted.talk(), scripted.problem(13.5, "device_lost", device="Mic"), *scripted.end()]
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot, record(events=events))
        await pilot.press("space")
        assert not head(app).playing
        services.now += 9
        for key, t in [
            ("right_square_bracket", 2.0), ("right_square_bracket", 5.5), ("f6", 9.0), ("left_square_bracket", 5.5),
            ("right", 10.5), ("left", 5.5), ("exclamation_mark", 13.5), ("f7", 13.5), ("home", 0.0), ("end", 14.5),
            ("left", 9.5), ("left", 4.5), ("left", 0.0), ("n", 2.0), ("b", 2.0),
        ]:  # fmt: skip
            await pilot.press(key)
            await until(pilot, lambda t=t: head(app).t == t)
        await until(pilot, lambda: "Nothing before this moment (turns)" in text(app, "#news"))
        await pilot.press("k", "k")
        await until(pilot, lambda: "jumps go to: interruptions" in text(app, "#place-words"))
        await pilot.press("n")
        await until(pilot, lambda: head(app).t == 9.0)
        await until(pilot, lambda: len(screen.transcript.query("TurnBlock")) == 3)
        await pilot.press("home")
        await until(pilot, lambda: len(screen.transcript.query("TurnBlock")) == 0)
        assert not head(app).playing
        for key, speed in [("full_stop", 1.5), ("f4", 2.0), ("comma", 1.5), ("f3", 1.0), ("comma", 0.75)]:
            await pilot.press(key)
            assert head(app).speed == speed
        await pilot.press("space")
        services.now += 2.0
        await until(pilot, lambda: head(app).t == 1.5)


async def test_with_a_filter_the_jumps_go_to_what_it_shows(
    make_app: Any, start: Any, until: Any, record: Callable[..., Path]
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot, record())
        await pilot.press("space", "slash", *"latency 79")
        assert screen.typing
        await pilot.press("left", "home", "end", "space")  # belong to the input
        assert head(app).t == 0.0 and not head(app).playing
        await pilot.press("enter", "n")
        await until(pilot, lambda: head(app).t == 12.9)
        await until(pilot, lambda: "what the filter shows" in text(app, "#place-words"))
        assert screen.events.matching == [line for line in screen.events.matching if "790 ms" in line]


async def test_a_loop_is_played_again_and_again(
    make_app: Any, services: Any, start: Any, until: Any, record: Callable[..., Path]
) -> None:
    services.player.script = [Opened(name="Built-in", seconds=14.0)]
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot, record(), at=2.0)
        await pilot.press("l", "right", "l")
        await until(pilot, lambda: head(app).loop == (2.0, 7.0) and head(app).playing)
        await until(pilot, lambda: "A 0:02 - B 0:07" in text(app, "#place-words"))
        assert "B" in text(app, "#place-cells")
        services.player.told.clear()
        services.now += 6.0
        await until(pilot, lambda: head(app).t == pytest.approx(3.0))
        await until(pilot, lambda: services.player.told)
        told = services.player.told[-1]
        assert isinstance(told, Play)
        assert told.t == pytest.approx(3.0)
        assert told.speed == 1.0
        await pilot.press("l")
        await until(pilot, lambda: head(app).loop is None)
        services.now += 6.0
        await until(pilot, lambda: head(app).t == pytest.approx(9.0))


async def test_the_sound_follows(
    make_app: Any, services: Any, start: Any, until: Any, record: Callable[..., Path]
) -> None:
    app = make_app(logged_in=True)
    directory = record()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot, directory, at=1.0)
        await until(pilot, lambda: services.player_asked == [(directory, "speaker")])
        assert services.player.told == []
        services.player.script = [Opened(name="Built-in", seconds=14.0)]
        await until(pilot, lambda: "Audio: Built-in" in text(app, "#place-words"))
        assert services.player.told == [Play(t=1.0, speed=1.0)]
        for key, told in [
            ("full_stop", Play(t=1.0, speed=1.5)), ("right", Play(t=6.0, speed=1.5)), ("space", Pause()),
            ("left", Pause()), ("space", Play(t=1.0, speed=1.5)),
        ]:  # fmt: skip
            services.player.told.clear()
            await pilot.press(key)
            await until(pilot, lambda told=told: services.player.told == [told])
        services.player.script = [Failed(code="device_lost", message="", params={"device": "Built-in"})]
        await until(pilot, lambda: "No audio: Built-in was disconnected" in text(app, "#place-words"))
        assert screen.replay.head.playing, "it goes on in silence"
        await pilot.press("escape")
        await until(pilot, lambda: services.player.stopped)


async def test_without_a_loudspeaker_it_is_silent_and_says_so(
    make_app: Any, services: Any, start: Any, until: Any, record: Callable[..., Path]
) -> None:
    services.player.script = [Failed(code="no_device", message="", params={"direction": "output"})]
    app = make_app(logged_in=True)
    async with app.run_test(size=(200, 40)) as pilot:
        await start(app, pilot, record())
        await until(pilot, lambda: "No audio: There is no sound device" in text(app, "#place-words"))
        services.now += 3.0
        await until(pilot, lambda: head(app).t == 3.0)


@pytest.mark.parametrize(
    "make", [lambda path: None, lambda path: (path / "events.jsonl").mkdir(parents=True)]
)
async def test_what_is_no_recording_is_said(
    make_app: Any, until: Any, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "x")
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.post_message(Replay(tmp_path / "x"))
        await until(pilot, lambda: app.screen.query("#news") and "no recording in" in text(app, "#news"))
        await pilot.press("space", "right", "n", "l")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, ReplayScreen))


async def test_an_empty_recording_and_one_without_an_end(
    make_app: Any, services: Any, start: Any, until: Any, record: Callable[..., Path]
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        for events in ([], scripted.talk()):
            screen = await start(app, pilot, record(f"r{len(events)}", events=events))
            services.now += 99.0
            await until(pilot, lambda screen=screen: screen.replay.finished)
            await until(pilot, lambda: "The end of the recording" in text(app, "#news"))
            await pilot.press("home", "n", "escape")
            await until(pilot, lambda: not isinstance(app.screen, ReplayScreen))


async def test_the_one_screen_that_was_asked_for_ends_the_program(
    services: Any, until: Any, record: Callable[..., Path], make_app: Any
) -> None:
    from tui.app import SalesMindApp

    directory = record()
    settings = make_app().settings
    app = SalesMindApp(settings, services, ReplayScreen(directory, 3.0))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.replay)
        await until(pilot, lambda: head(app).t == 3.0)
        assert app.status.place == "127.0.0.1:8000"
        await pilot.press("escape")
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 0
    assert services.asked == [], "no server is asked"


def test_the_bar_marks_turns_errors_and_the_loop() -> None:
    cells = position_cells(20, 20.0, 5.0, turns=[1.0, 5.2, 9.0], errors=[9.5, 20.0], loop=(2.0, 12.0))
    assert cells == "=|A==>---!--B------!"
    assert position_cells(0, 1.0, 0.0) == ""
    assert position_cells(5, 0.0, 0.0) == ">----"
    assert position_cells(5, 10.0, 99.0) == "====>"
    assert len(position_cells(7, 1e9, 1e8, turns=[-1.0, 2e9])) == 7
