"""What a visitor cannot do, whatever is pressed or sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relay import commands
from relay.stream import Notice, Problem, Recording, SinkState, SourceState, Started
from tests.tui.fake_services import FakeRelay
from tests.tui.kiosk.conftest import FakeVisitorServices
from tests.tui.test_keys import SCREENS
from tui.app import SalesMindApp
from tui.conversation.live import LiveScreen
from tui.conversation.voice_picker import VoicePicker
from tui.frame.help import HelpScreen
from tui.kiosk.allowed import VISITOR
from tui.kiosk.app import KioskApp
from tui.kiosk.services import WalledRelay
from tui.kiosk.still_there import StillThereScreen
from tui.kiosk.welcome import WelcomeScreen
from tui.navigation import BrowseRecordings, BrowseScenarios, CheckServer, Replay, TakeTour
from tui.sessions.screen import SessionsScreen

WITHHELD = {
    # leaving, the shell, the machine's disk
    "app.quit", "app.suspend", "app.screenshot",
    # another account, or the box's server as a whole
    "login.submit", "login.demo", "login.check", "again.submit", "again.close", "sessions.acceptance",
    "sessions.show_acceptance", "sessions.scenarios",
    # files and devices
    "source.path", "source.sink", "source.cancel", "sessions.recordings",
    "app.devices", "app.settings", "new.save_template", "new.delete_template",
    # screens that are never reached
    "watch.back", "app.tour", "help.tour", "choice.cancel",
}  # fmt: skip
FOREIGN_ROOMS = ("acceptance.", "question.", "note.", "run.", "options.", "recordings.", "replay.", "export.",
                 "devices.", "settings.", "profile.", "scenarios.", "template.", "tour.")  # fmt: skip


def test_every_action_has_been_decided_on() -> None:
    owners: list[Any] = [SalesMindApp, KioskApp, *SCREENS, VoicePicker, WelcomeScreen, StillThereScreen]
    ids = {action.id for owner in owners for action in owner.ACTIONS}
    assert VISITOR.ids is not None
    undecided = {one for one in ids - VISITOR.ids - WITHHELD if not one.startswith(FOREIGN_ROOMS)}
    assert undecided == set(), "a visitor's (tui/kiosk/allowed.py), or withheld (here)?"
    assert VISITOR.ids - ids == set()
    assert not VISITOR.ids & WITHHELD


SAMPLE = commands.UseSource(spec="wav:hello")
RELAY_OF = {"sources": frozenset({"tcp:127.0.0.1:7001", "silence"}), "sinks": frozenset({"none"})}


def walled(relay: FakeRelay) -> WalledRelay:
    return WalledRelay(relay, **RELAY_OF, lines={"wav:hello": "wav:/opt/samples/ja/hello.opus"})


@pytest.mark.parametrize(
    "command",
    [
        commands.UseSource(spec="wav:/etc/passwd"),
        commands.UseSource(spec="wav:/opt/samples/ja/hello.opus"),
        commands.UseSource(spec="wav:hello?loop"),
        commands.UseSource(spec="tcp:127.0.0.1:7002"),
        commands.UseSource(spec="mic"),
        commands.UseSource(spec=""),
        commands.UseSink(spec="wav:/tmp/x.wav"),
        commands.UseSink(spec="speaker"),
        commands.UseSink(spec="tcp:127.0.0.1:7002"),
        commands.UseToken(token="t" * 40),
        commands.UseEcho(mode="cancel"),
        commands.UseGain(db=60),
        commands.ProvokeError(),
    ],
)
async def test_the_relay_takes_no_path_device_or_port(command: Any) -> None:
    relay = FakeRelay()
    await walled(relay).send(command)
    assert relay.sent == []


async def test_the_relay_takes_what_a_visitor_has() -> None:
    relay = FakeRelay()
    own: list[Any] = [
        commands.UseSource(spec="tcp:127.0.0.1:7001"),
        commands.UseSink(spec="none"),
        commands.Say(text="a"),
    ]
    for command in (*own, SAMPLE, commands.Interrupt()):
        await walled(relay).send(command)
    real = commands.UseSource(spec="wav:/opt/samples/ja/hello.opus")
    assert relay.sent == [*own, real, commands.Interrupt()]


def test_what_the_relay_tells_has_no_places_in_it() -> None:
    place = "/var/lib/box"
    started = Started(
        t=0, version="1", server_url="http://10.0.0.1:8000", session_id=None, source="wav:/var/lib/box/own.wav",
        sink="none", chunk_bytes=1920, expected_chunk_rate=25.0, wall_time="",
    )  # fmt: skip
    params = {"log": f"{place}/relay.log", "path": place, "directory": place}
    relay = FakeRelay(
        script=[
            started,
            SourceState(t=1, state="opened", spec="wav:/opt/samples/ja/hello.opus", name="hello.opus"),
            SourceState(t=1, state="opened", spec=f"wav:{place}/own.wav", name="own.wav"),
            SinkState(t=1, state="opened", spec=f"wav:{place}/out.wav", name="out.wav"),
            Recording(t=1, state="started", directory=place),
            Problem(
                t=1, where="relay", code="relay_crashed", message=f"See {place}/relay.log", params=params
            ),
            Notice(t=1, code="log_unwritable", message=f"No {place}.", params=params),
        ]
    )
    shown = walled(relay).drain()
    assert place not in repr(shown)
    assert "/opt" not in repr(shown)
    assert "10.0.0.1" not in repr(shown)
    assert shown[1] == SourceState(t=1, state="opened", spec="wav:hello", name="hello")


async def test_neither_devices_nor_the_multiplexer_are_the_visitors() -> None:
    services = FakeVisitorServices("silence", "none")
    services.microphones = ("Built-in",)
    services.in_tmux = True
    assert (await services.devices()).microphones == ()
    assert not await services.into_tmux("x")
    assert services.copied == ""
    assert all(not sample.path.is_absolute() for sample in services.samples("ja"))


def assert_empty(directory: Path) -> None:
    assert not list(directory.rglob("*"))


async def test_no_key_and_no_command_leads_outside(
    make_kiosk: Any, enter: Any, until: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []
    for name in ("save_screenshot", "action_suspend_process", "action_save_screenshot"):
        monkeypatch.setattr(SalesMindApp, name, lambda *_a, _n=name, **_k: stopped.append(_n))
    app = make_kiosk()
    async with app.run_test(size=(120, 40)) as pilot:
        await enter(app, pilot)
        sessions = app.screen
        shortcuts = "ctrl+z ctrl+g a f8 v f9 ctrl+n ctrl+y shift+f1 f20 f21 ctrl+c ctrl+backslash ctrl+d"
        for key in shortcuts.split():
            await pilot.press(key)
        for message in (CheckServer(), BrowseRecordings(), BrowseScenarios(), TakeTour(), Replay(Path("/"))):
            app.post_message(message)
        for name in ("suspend_process", "save_screenshot", "screenshot", "app.bell", "app.switch_mode('x')",
                     "screen.acceptance", "screen.recordings", "screen.scenarios", "push_screen('x')"):  # fmt: skip
            assert not await app.run_action(name)
        await pilot.pause()
        assert app.screen is sessions
        assert stopped == []
        assert_empty(tmp_path)

        listed = {command.title for command in app.get_system_commands(app.screen)}
        assert not {title for title in listed if title.startswith(("Acceptance", "Recordings", "Program"))}
        assert {"Session: Start talking", "Visit: End"} <= listed
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        screen = app.screen.query_one("#keys")
        words = " ".join(
            str(getattr(one, "visual", "")) + str(one.render()) for one in screen.query("Static")
        )
        assert "acceptance" not in words and "configuration" not in words


async def test_the_picker_offers_no_files_and_no_devices(
    make_kiosk: Any, enter: Any, until: Any, box: Any
) -> None:
    app = make_kiosk(source="tcp:127.0.0.1:7001")
    async with app.run_test(size=(120, 40)) as pilot:
        await enter(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        assert app.services.relay.config.source == "tcp:127.0.0.1:7001"
        assert app.services.relay.config.record_directory is None
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, VoicePicker))
        offered = [option.id for option in app.screen.query_one("OptionList").options]
        assert offered[:2] == ["tcp:127.0.0.1:7001", "silence"]
        assert all(one.startswith("wav:") and "/" not in one for one in offered[2:])
        assert not app.screen.query("Input")
        for key in ("f2", "f3"):
            await pilot.press(key)
        assert isinstance(app.screen, VoicePicker)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
        await until(pilot, lambda: box.reports and box.reports[-1]["microphone"] == "tcp")


async def test_a_crash_names_no_log(make_kiosk: Any, enter: Any) -> None:
    app = make_kiosk()
    async with app.run_test() as pilot:
        await enter(app, pilot)
        assert "log" not in app.unexpected()
        assert isinstance(app.screen, SessionsScreen)
