"""What every screen looks like, at 80x24 and 120x40, in both languages.

After a change of looks: ``pytest tests/tui/test_snapshots.py --snapshot-update``, and look at the report.
"""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from api_client.errors import ValidationFailed
from tests.tui import prepared_faults, scripted, scripted_check
from tui import i18n
from tui.conversation.live import LiveScreen
from tui.navigation import CheckServer, Converse
from tui.themes import LIGHT, SIXTEEN

SIZES = [(80, 24), (120, 40)]
SMALL = pytest.mark.parametrize(
    "size", SIZES[:1], indirect=True, ids=["80x24"]
)  # dialogs look the same anywhere
EDGES = pytest.mark.parametrize("size", [(60, 20), (200, 60)], indirect=True, ids=["60x20", "200x60"])
LOOKS = [("v",), ("v", "enter"), ("e",), ("e", "5", "up", "enter")]
Arrange = Callable[[Any], Awaitable[None]]


@pytest.fixture(params=i18n.LANGUAGES)
def language(request: pytest.FixtureRequest) -> i18n.Language:
    chosen: i18n.Language = request.param
    i18n.set_language(chosen)
    return chosen


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    chosen: tuple[int, int] = request.param
    return chosen


@pytest.fixture
def look(
    make_app: Any, snap_compare: Any, language: i18n.Language, size: tuple[int, int]
) -> Callable[..., bool]:
    """Compares the screen that ``arrange`` leads to."""

    def compare(arrange: Arrange, **settings: Any) -> bool:
        app = make_app(**settings)
        return bool(snap_compare(app, terminal_size=size, run_before=arrange))

    return compare


@pytest.fixture
def at_sessions(services: Any, session_of: Any, until: Any) -> Arrange:
    services.server.sessions = [
        session_of(
            n,
            realtime_mode=n == 2,
            status="finished" if n % 5 == 4 else "active",
            message_count=n * 7 % 12,
            total_score=40 + n if n % 5 == 4 else None,
        )
        for n in range(1, 20)
    ]

    async def arrange(pilot: Any) -> None:
        from tui.sessions.screen import SessionsScreen

        await until(pilot, lambda: ("health",) in services.server.calls)
        pilot.app.push_screen(SessionsScreen())
        await until(pilot, lambda: any(call[0] == "get_session" for call in services.server.calls))
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return arrange


def painted(pilot: Any) -> str:
    return str(pilot.app.screen.query_one("#connection").render())


@pytest.fixture
def in_conversation(services: Any, session_of: Any, until: Any) -> Callable[..., Arrange]:
    def with_events(script: list[Any], done: Callable[[LiveScreen], object]) -> Arrange:
        async def arrange(pilot: Any) -> None:
            await until(pilot, lambda: ("health",) in services.server.calls)
            pilot.app.post_message(Converse(session_of(1)))
            await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen) and pilot.app.screen.feed)
            services.relay.script = script
            await until(pilot, lambda: done(pilot.app.screen))
            await until(pilot, lambda: "s ago" in painted(pilot) or "秒前" in painted(pilot))
            pilot.app.screen._paint_readings()
            pilot.app.screen.paint_instruments(pilot.app.screen.feed)
            await pilot.pause()

        return arrange

    return with_events


@pytest.mark.parametrize("theme", [LIGHT.name, SIXTEEN.name])
def test_conversation_in_other_colours(
    make_app: Any, snap_compare: Any, in_conversation: Any, theme: str
) -> None:
    arrange = in_conversation(scripted.talk(), lambda screen: len(screen.query(".turn")) == 4)
    app = make_app(logged_in=True, theme=theme)
    assert snap_compare(app, terminal_size=(120, 40), run_before=arrange)


def test_login(look: Any, until: Any, services: Any) -> None:
    async def arrange(pilot: Any) -> None:
        await until(pilot, lambda: ("health",) in services.server.calls)
        await pilot.app.workers.wait_for_complete()
        await pilot.press("f2")

    assert look(arrange, demo=True)


def test_sessions(look: Any, at_sessions: Arrange) -> None:
    assert look(at_sessions, logged_in=True)


@SMALL
@pytest.mark.parametrize("key", ["f13", "ctrl+o"], ids=["tour", "jump"])
def test_teaching(look: Any, at_sessions: Arrange, key: str) -> None:
    async def arrange(pilot: Any) -> None:
        await at_sessions(pilot)
        await pilot.press(key)
        await pilot.pause()

    assert look(arrange, logged_in=True)


@SMALL
def test_session_history(look: Any, at_sessions: Arrange, until: Any) -> None:
    async def arrange(pilot: Any) -> None:
        await at_sessions(pilot)
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: pilot.app.screen.query("#history-text"))
        await pilot.app.workers.wait_for_complete()
        await pilot.press("end")
        await pilot.pause()

    assert look(arrange, logged_in=True)


def test_no_sessions(look: Any, services: Any, until: Any) -> None:
    async def arrange(pilot: Any) -> None:
        from tui.sessions.screen import SessionsScreen

        await until(pilot, lambda: ("health",) in services.server.calls)
        pilot.app.push_screen(SessionsScreen())
        await until(pilot, lambda: ("list_sessions", 1) in services.server.calls)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    assert look(arrange, logged_in=True)


def test_new_session_refused(look: Any, at_sessions: Arrange, services: Any, until: Any) -> None:
    services.server.fail["start_session"] = ValidationFailed(
        "x", fields={"industry": ("この項目は必須です。",), "value_proposition": ("この項目は必須です。",)}
    )

    async def arrange(pilot: Any) -> None:
        await at_sessions(pilot)
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen.query("#industry"))
        await pilot.press("f3")
        await until(pilot, lambda: pilot.app.screen.query_one("#industry-error").display)
        await pilot.app.workers.wait_for_complete()

    assert look(arrange, logged_in=True)


def test_conversation_before_the_first_word(look: Any, in_conversation: Any, services: Any) -> None:
    done = lambda screen: screen.feed.state.gate_open  # noqa: E731
    assert look(in_conversation(scripted.opening(), done), logged_in=True, conversation_language="ja")


def test_conversation(look: Any, in_conversation: Any) -> None:
    done = lambda screen: len(screen.query(".turn")) == 4  # noqa: E731
    assert look(in_conversation(scripted.talk(), done), logged_in=True)


@pytest.mark.parametrize("fault", ["wrong_rate", "microphone_silent", "upstream_slow", "line_lossy", "echo"])
def test_a_fault_can_be_read_from_the_screen(look: Any, in_conversation: Any, fault: str) -> None:
    done = lambda screen: screen.feed.state.gate_open  # noqa: E731
    assert look(in_conversation(prepared_faults.FAULTS[fault](), done), logged_in=True)


@SMALL
def test_signals_in_ascii(look: Any, in_conversation: Any, until: Any) -> None:
    talk = in_conversation(prepared_faults.well(), lambda screen: len(screen.query(".turn")) == 6)

    async def arrange(pilot: Any) -> None:
        await talk(pilot)
        await pilot.press("x", "x")
        await until(
            pilot, lambda: "Latency" in pilot.app.screen.signals.plain_text or i18n.language() == "ja"
        )

    assert look(arrange, logged_in=True, plain=True)


@pytest.mark.parametrize("size", [(100, 30), (120, 40)], indirect=True, ids=["100x30", "120x40"])
def test_conversation_of_some_length(look: Any, in_conversation: Any) -> None:
    done = lambda screen: len(screen.query(".turn")) == 6  # noqa: E731
    assert look(in_conversation(prepared_faults.well(), done), logged_in=True)


@pytest.mark.parametrize(
    "keys",
    [("v",), ("v", "enter"), ("e",), ("e", "5", "up", "enter")],
    ids=["turns", "turn", "events", "event"],
)
def test_looking_into_a_conversation(
    look: Any, in_conversation: Any, until: Any, keys: tuple[str, ...]
) -> None:
    talk = in_conversation(prepared_faults.slow_upstream(), lambda screen: len(screen.query(".turn")) == 4)

    async def arrange(pilot: Any) -> None:
        await talk(pilot)
        for key in keys:
            before = pilot.app.screen
            await pilot.press(key)
            if key in ("v", "e", "enter"):
                await until(pilot, lambda before=before: pilot.app.screen is not before)
        await pilot.pause()

    assert look(arrange, logged_in=True)


@EDGES
def test_conversation_on_a_small_and_a_large_terminal(look: Any, in_conversation: Any) -> None:
    done = lambda screen: len(screen.query(".turn")) == 4  # noqa: E731
    assert look(in_conversation(scripted.talk(), done), logged_in=True)


@EDGES
def test_sessions_on_a_small_and_a_large_terminal(look: Any, at_sessions: Any) -> None:
    assert look(at_sessions, logged_in=True)


def test_summary(look: Any, in_conversation: Any, services: Any, until: Any) -> None:
    talk = in_conversation(scripted.talk(), lambda screen: len(screen.query(".turn")) == 4)

    async def arrange(pilot: Any) -> None:
        await talk(pilot)
        services.relay.script = scripted.end()
        services.relay.ended = True
        await until(pilot, lambda: pilot.app.screen.feed.finished)
        await pilot.pause()

    assert look(arrange, logged_in=True)


@SMALL
def test_quit_question_over_a_conversation(look: Any, in_conversation: Any, until: Any) -> None:
    talk = in_conversation(scripted.talk(), lambda screen: len(screen.query(".turn")) == 4)

    async def arrange(pilot: Any) -> None:
        await talk(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: pilot.app.screen.query("#question"))

    assert look(arrange, logged_in=True)


@SMALL
def test_source_and_sink(
    look: Any, in_conversation: Any, services: Any, until: Any, monkeypatch: Any
) -> None:
    services.microphones, services.speakers = ("USB Mic",), ("Desk",)
    monkeypatch.setattr(LiveScreen, "_answer_file", lambda _self: Path("answers/customer.wav"))
    talk = in_conversation(scripted.opening(), lambda screen: screen.feed.state.gate_open)

    async def arrange(pilot: Any) -> None:
        await talk(pilot)
        await pilot.press("d")
        await until(pilot, lambda: pilot.app.screen.query("#sinks"))
        await pilot.app.workers.wait_for_complete()

    assert look(arrange, logged_in=True, conversation_language="ja")


@SMALL
def test_help(look: Any, in_conversation: Any, until: Any) -> None:
    talk = in_conversation(scripted.opening(), lambda screen: screen.feed.state.gate_open)

    async def arrange(pilot: Any) -> None:
        await talk(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: pilot.app.screen.query("#keys"))

    assert look(arrange, logged_in=True)


@pytest.fixture
def at_tests(services: Any, until: Any) -> Callable[..., Arrange]:
    """The acceptance screen with the cursor on ``choose``, after ``events`` of a run (None: no run)."""

    def with_run(events: list[Any] | None, choose: str | None = None) -> Arrange:
        async def arrange(pilot: Any) -> None:
            await until(pilot, lambda: ("health",) in services.server.calls)
            pilot.app.post_message(CheckServer())
            await until(pilot, lambda: pilot.app.screen.query("#page") and pilot.app.screen.options)
            screen = pilot.app.screen
            if events is not None:
                await pilot.press("a")
                await until(pilot, lambda: services.check.running)
                services.check.tell(*events)
                await until(pilot, lambda: screen.board.run_id)
            if choose:
                screen.panel.checks.choose(choose)
            await pilot.pause()

        return arrange

    return with_run


def test_acceptance_before_the_run(look: Any, at_tests: Any) -> None:
    assert look(at_tests(None), logged_in=True)


def test_acceptance_during_the_run(look: Any, at_tests: Any) -> None:
    events = [
        scripted_check.started(),
        *scripted_check.over(1, frozenset({"t1.order"})),
        *scripted_check.begun(2),
    ]
    assert look(at_tests(events, "t1.session_updated"), logged_in=True)


def test_acceptance_after_the_run(look: Any, at_tests: Any, services: Any, until: Any) -> None:
    bad = frozenset({"t3.mode_after", "t4.half_open"})
    run = at_tests(scripted_check.whole_run(bad))

    async def arrange(pilot: Any) -> None:
        await run(pilot)
        services.check.end()
        await until(pilot, lambda: services.check.kept)
        await pilot.app.workers.wait_for_complete()
        pilot.app.screen.panel.checks.scroll_home(animate=False)
        await pilot.pause()

    assert look(arrange, logged_in=True)


@SMALL
def test_acceptance_question(look: Any, at_tests: Any, services: Any, until: Any) -> None:
    run = at_tests([scripted_check.started(), *scripted_check.begun(2), scripted_check.asked()])

    async def arrange(pilot: Any) -> None:
        await run(pilot)
        await until(pilot, lambda: pilot.app.screen.query("#question"))

    assert look(arrange, logged_in=True)


@SMALL
def test_acceptance_options(look: Any, at_tests: Any, until: Any) -> None:
    async def arrange(pilot: Any) -> None:
        await at_tests(None)(pilot)
        await pilot.press("o")
        await until(pilot, lambda: pilot.app.screen.query("#second"))

    assert look(arrange, logged_in=True)


def test_watching_the_run(look: Any, at_tests: Any, until: Any) -> None:
    said = scripted_check.says("t2", 2, scripted.talk())
    run = at_tests([scripted_check.started(), *scripted_check.begun(2), *said])

    async def arrange(pilot: Any) -> None:
        await run(pilot)
        await pilot.press("w")
        await until(pilot, lambda: len(pilot.app.screen.query(".turn")) == 4)
        await until(pilot, lambda: "s ago" in painted(pilot) or "秒前" in painted(pilot))
        pilot.app.screen._paint_readings()
        await pilot.pause()

    assert look(arrange, logged_in=True)


def test_no_picture_holds_a_block_character() -> None:
    """Their width is ambiguous: on many Japanese terminals they push what follows a cell aside."""
    pictures = list(Path(__file__).with_name("__snapshots__").rglob("*.svg"))
    assert len(pictures) > 50
    for picture in pictures:
        found = {c for c in html.unescape(picture.read_text(encoding="utf-8")) if "\u2580" <= c <= "\u259f"}
        assert not found, picture.name
