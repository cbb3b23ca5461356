"""The live conversation, on scripted events."""

from __future__ import annotations

import gc
import re
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static

from relay import commands
from relay.stream import (
    Connection,
    InputSettings,
    Item,
    RealtimeMode,
    Recording,
    SourceState,
    Step,
    Transcript,
)
from tests.evil_strings import EVIL, harm_in
from tests.tui import scripted
from tui.conversation.event_log import EventLog
from tui.conversation.transcript import KEPT_TURNS
from tui.conversation.transcript import Transcript as TranscriptView
from tui.frame.confirm import ConfirmScreen
from tui.navigation import Converse
from tui.settings import RecordingSettings


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


@pytest.fixture
def start(make_app: Any, services: Any, session_of: Any, until: Any) -> Any:
    """Opens the live screen and waits until its relay runs."""

    async def go(app: Any, pilot: Any) -> Any:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen" and app.screen.feed is not None)
        return app.screen

    return go


async def test_without_a_microphone_the_sample_lines_are_offered(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True, conversation_language="ja")
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        assert services.relay.config.source == "silence"
        assert services.relay.config.sink == "none"
        assert services.relay.config.token == "t" * 40
        assert "Press n (or F2)\nto speak" in text(app, "#hint")
        services.relay.script = scripted.opening()
        await until(pilot, lambda: app.screen.check_action("sample", ()))
        first, second, *_rest = services.samples("ja")
        await pilot.press("n")
        await until(pilot, lambda: commands.UseSource(spec=f"wav:{first.path}") in services.relay.sent)
        assert first.text in text(app, "#news")
        await pilot.press("f2")  # too early: the first line is still being spoken
        await until(pilot, lambda: "still being spoken" in text(app, "#news"))
        services.now += first.seconds + 0.1
        spec = f"wav:{first.path}"
        services.relay.script = [SourceState(t=9, state="ended", spec=spec, name=first.path.name)]
        await until(pilot, lambda: "has been spoken" in text(app, "#news"))
        await pilot.press("f2")
        await until(pilot, lambda: commands.UseSource(spec=f"wav:{second.path}") in services.relay.sent)


async def test_with_a_microphone_it_is_used_and_comes_back_after_a_recording(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    services.microphones = ("Built-in",)
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        assert services.relay.config.source == "mic"
        services.relay.script = [*scripted.opening(), SourceState(t=9, state="ended", spec="wav:x", name="x")]
        await until(pilot, lambda: commands.UseSource(spec="mic") in services.relay.sent)


async def test_readings_show_what_was_measured(make_app: Any, services: Any, start: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        assert "mode" not in text(app, "#audio")
        services.relay.script = scripted.talk()
        await until(pilot, lambda: "25.0/s of 25.0/s" in text(app, "#audio"))
        audio, steps = text(app, "#audio"), text(app, "#connection")
        assert "1920 bytes/chunk" in audio
        assert "-21 dBFS" in text(app, "#meter")
        assert "790 ms (n=2)" in audio
        assert "790 / 812 ms" in audio
        assert "380 ms" in audio
        assert "sent x1" in steps
        assert "Ready for audio 0.16 s" in " ".join(steps.split())
        assert "true 0.2 s ago" in steps
        services.now += 3.0  # nothing comes: the report grows old
        await until(pilot, lambda: "true 3.2 s ago" in text(app, "#connection"))
        assert app.status.recording
        assert app.status.socket == "open"


async def test_mode_is_the_servers_word_and_silence_is_said(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        services.relay.script = [event for event in scripted.opening() if not isinstance(event, RealtimeMode)]
        await until(pilot, lambda: app.status.socket == "open")
        assert "not reported yet" in text(app, "#connection")  # though our socket is open
        services.relay.script = [RealtimeMode(t=2, value=None, phase="during", error="timeout")]
        await until(pilot, lambda: "no answer for" in text(app, "#connection"))


async def test_transcript_is_in_order_and_final_text_replaces_partial(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = scripted.talk()

        def blocks() -> list[str]:
            return [str(block.render()) for block in screen.query(".turn")]

        await until(pilot, lambda: len(blocks()) == 4)
        assert [screen.query(".turn")[n].turn.item_id for n in range(4)] == ["u1", "a1", "u2", "a2"]
        assert "3.2 s of 6.2 s heard" in blocks()[1]
        assert blocks()[3].endswith("二、三回は ...")
        services.relay.script = [
            Transcript(t=14, item_id="a2", role="assistant", text="月に三回です。", final=True),
            Item(t=14, item_id="late", role="user", previous_item_id="u1"),
            Transcript(t=14, item_id="late", role="user", text="間の発言", final=True),
        ]
        await until(pilot, lambda: len(blocks()) == 5)
        await until(pilot, lambda: blocks()[4].endswith("月に三回です。"))
        assert "間の発言" in blocks()[1]


@pytest.mark.parametrize("columns", [80, 91])
async def test_no_line_of_the_transcript_begins_with_punctuation(
    make_app: Any, services: Any, start: Any, until: Any, columns: int
) -> None:
    app = make_app(logged_in=True)
    said = ("在庫は、" * 9 + "数えています。") * 4
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = [Transcript(t=1, item_id="a", role="assistant", text=said, final=True)]
        await until(pilot, lambda: screen.query(".turn") and screen.query(".turn").first().size.height > 5)
        await pilot.resize_terminal(columns, 24)
        block = screen.query(".turn").first()
        await until(pilot, lambda: len(str(block.render()).splitlines()) == block.size.height)
        lines = [block.render_line(y).text.strip() for y in range(block.size.height)][1:]
        assert "".join(lines) == said
        assert not [line for line in lines if line[0] in "、。"]


async def test_transcript_is_pruned(make_app: Any, services: Any, start: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = [
            Transcript(t=n, item_id=f"i{n}", role="user", text=f"turn {n}", final=True)
            for n in range(KEPT_TURNS + 30)
        ]
        await until(pilot, lambda: len(screen.query(".turn")) == KEPT_TURNS)
        services.relay.script = [Transcript(t=999, item_id="last", role="user", text="last", final=True)]
        await until(pilot, lambda: "last" in str(screen.query(".turn").last().render()))
        assert len(screen.query(".turn")) == KEPT_TURNS
        view = screen.query_one(TranscriptView)
        await until(pilot, lambda: view.following)
        await pilot.press("f")
        view.scroll_to(y=0, animate=False)
        await until(pilot, lambda: not view.following)
        await pilot.press("f")
        await until(pilot, lambda: view.following)


async def test_typed_turn(make_app: Any, services: Any, start: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = scripted.opening()
        upper = screen.query_one("#upper").region
        await pilot.press("t")
        field = screen.query_one("#say", Input)
        assert app.focused is field
        assert screen.active_bindings["escape"].binding.description == "Close"
        await until(pilot, lambda: screen.query_one("#upper").region == upper)  # nothing above it moves
        await pilot.press("h", "i", "enter")
        await until(pilot, lambda: commands.Say(text="hi") in services.relay.sent)
        assert field.value == ""
        await pilot.press("enter")  # nothing typed, nothing sent
        await pilot.press("escape")
        assert not field.display
        assert app.screen is screen
        assert screen.active_bindings["escape"].binding.description == "End"
        assert [c for c in services.relay.sent if isinstance(c, commands.Say)] == [commands.Say(text="hi")]


async def test_typed_turn_is_the_news(make_app: Any, services: Any, start: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await start(app, pilot)
        services.relay.script = [*scripted.opening(), scripted.problem(2, "device_busy", device="USB Mic")]
        await until(pilot, lambda: "USB Mic" in text(app, "#news"))
        await pilot.press("t", *"[b]hi", "enter")
        await until(pilot, lambda: text(app, "#news") == "Sent: [b]hi")


async def test_socket_is_open_before_the_session_is(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await start(app, pilot)
        services.relay.script = [Step(t=0.03, step="connecting", connection=1)]
        await until(pilot, lambda: app.status.socket == "connecting")
        services.relay.script = [Step(t=0.05, step="connected", connection=1)]
        await until(pilot, lambda: app.status.socket == "open")


async def test_long_error_is_whole_and_ends_in_the_servers_words(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        assert screen.query_one("#news").region.height == 1
        theirs = "OPENAI_API_KEY not configured\n\u202e[bold] " + "and so on " * 8
        problem = scripted.problem(2, "upstream_lost", said=theirs)
        services.relay.script = [*scripted.opening(), problem]
        await until(pilot, lambda: "OPENAI_API_KEY" in text(app, "#news"))
        said = 'has lost, its speech service. The server says: "OPENAI_API_KEY not configured'
        assert said in text(app, "#news")
        assert "[bold] and so on" in text(app, "#news")
        assert "\u202e" not in text(app, "#news")
        await until(pilot, lambda: screen.query_one("#news").region.height >= 3)
        assert any("OPENAI_API_KEY" in line for line in screen.events.matching)


async def test_after_the_end_r_talks_again(make_app: Any, services: Any, start: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        given_up = Connection(t=13.9, state="given_up")
        lost = scripted.problem(13.8, "upstream_lost")
        services.relay.script = [*scripted.talk(), lost, given_up, *scripted.end()]
        services.relay.ended = True
        await until(pilot, lambda: "talks again" in text(app, "#news"))
        assert "has lost, its speech service" in text(app, "#news")  # why it ended is the last word
        services.relay = type(services.relay)()
        await pilot.press("r")
        await until(pilot, lambda: services.relay.config is not None and screen.running)
        assert services.relay.config.session_id == screen.session.id
        services.relay.script = scripted.opening()
        await until(pilot, lambda: "sent x1" in text(app, "#connection"))
        assert not screen.query(".turn")
        await pilot.press("r")
        await until(pilot, lambda: services.relay.sent == [commands.Reconnect()])


async def test_language_is_switched_in_a_conversation(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = scripted.talk()
        await until(pilot, lambda: len(screen.query(".turn")) == 4)
        lines = screen.events.matching
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "音声" in text(app, "#audio") and "会話" in text(app, "#talk-title"))
        assert [block.turn.item_id for block in screen.query(".turn")] == ["u1", "a1", "u2", "a2"]
        assert "お客様" in str(screen.query(".turn").last().render())
        assert screen.events.matching == lines
        services.relay.script = [scripted.problem(15, "device_busy", device="USB Mic")]
        await until(pilot, lambda: "USB Mic" in text(app, "#news"))


async def test_mute_interrupt_reconnect(make_app: Any, services: Any, start: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = scripted.opening()
        await until(pilot, lambda: screen.check_action("sample", ()))
        assert screen.check_action("interrupt", ()) is None  # nobody answers
        services.relay.script = scripted.talk()[18:]
        await until(pilot, lambda: screen.check_action("interrupt", ()))
        await pilot.press("i", "m", "r")
        await until(pilot, lambda: len(services.relay.sent) == 3)
        assert services.relay.sent == [commands.Interrupt(), commands.Mute(on=True), commands.Reconnect()]
        services.relay.script = [scripted.meters(15.0, muted=True)]
        await until(pilot, lambda: "muted" in text(app, "#meter"))
        labels = {active.binding.description for active in screen.active_bindings.values()}
        assert "Unmute" in labels
        await pilot.press("f4")
        await until(pilot, lambda: services.relay.sent[-1] == commands.Mute(on=False))


async def test_muting_twice_in_one_breath_unmutes(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    """The second press is answered before the relay has reported the first."""
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = scripted.opening()
        await until(pilot, lambda: screen.check_action("sample", ()))
        await pilot.press("m", "m", "m")
        await until(pilot, lambda: len(services.relay.sent) == 3)
        assert services.relay.sent == [commands.Mute(on=on) for on in (True, False, True)]


async def test_push_to_talk_keeps_the_microphone_closed_until_its_key(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = [*scripted.opening(), scripted.meters(2.0)]
        await until(pilot, lambda: "0 dB" in text(app, "#input"))
        assert not screen.check_action("talk", ())
        await pilot.press("space", "k")
        await until(pilot, lambda: services.relay.sent == [commands.Mute(on=True)])
        services.relay.script = [scripted.meters(15.0, muted=True)]
        await until(pilot, lambda: "Push to talk" in text(app, "#meter") and "muted" in text(app, "#meter"))
        await until(pilot, lambda: "space opens it" in text(app, "#health"))
        await pilot.press("space")
        await until(pilot, lambda: services.relay.sent[-1] == commands.Mute(on=False))
        labels = {active.binding.description for active in screen.active_bindings.values()}
        assert "Done" in labels
        await pilot.press("space")
        await until(pilot, lambda: services.relay.sent[-1] == commands.Mute(on=True))
        await pilot.press("f11")
        await until(pilot, lambda: len(services.relay.sent) == 4)
        assert services.relay.sent[-1] == commands.Mute(on=False)
        assert not screen.check_action("talk", ())


async def test_echo_and_gain_are_switched_and_shown_as_the_relay_reports_them(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        services.relay.script = scripted.opening()
        await until(pilot, lambda: "0 dB" in text(app, "#input"))
        await pilot.press("a", "right_square_bracket", "right_square_bracket", "left_square_bracket")
        await until(pilot, lambda: len(services.relay.sent) == 4)
        assert services.relay.sent == [  # each from the one before, though none is answered yet
            commands.UseEcho(mode="half-duplex"),
            commands.UseGain(db=3.0),
            commands.UseGain(db=6.0),
            commands.UseGain(db=3.0),
        ]
        services.relay.script = [
            InputSettings(t=14, echo="half-duplex", gain_db=gain_db) for gain_db in (0.0, 3.0, 6.0, 3.0)
        ]
        await until(pilot, lambda: "+3 dB" in text(app, "#input"))
        assert "half-duplex" in text(app, "#input")
        assert "silence is sent while the customer speaks" in text(app, "#news")
        services.relay.script = [InputSettings(t=15, echo="off", gain_db=3.0)]
        await until(pilot, lambda: "half-duplex" not in text(app, "#input"))
        await pilot.press("a")
        await until(pilot, lambda: services.relay.sent[-1] == commands.UseEcho(mode="half-duplex"))


async def test_the_next_conversation_begins_as_the_last_was_switched(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot)
        assert (services.relay.config.echo, services.relay.config.gain_db) == ("off", 0.0)
        services.relay.script = [*scripted.opening(), InputSettings(t=4, echo="half-duplex", gain_db=-6.0)]
        await until(pilot, lambda: "-6 dB" in text(app, "#input"))
        await pilot.press("k")
        services.relay.script, services.relay.ended = scripted.end(), True
        await until(pilot, lambda: screen._over)
        services.relay.sent.clear()
        services.relay.ended = False
        await pilot.press("r")
        await until(pilot, lambda: services.relay.sent == [commands.Mute(on=True)])
        assert (services.relay.config.echo, services.relay.config.gain_db) == ("half-duplex", -6.0)
        assert app.settings.audio.echo == "off", "only the configuration changes that"


async def test_event_log_is_filtered_frozen_and_copied(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = scripted.talk()
        log = screen.query_one(EventLog)
        await until(pilot, lambda: log.line_count > 20)
        await pilot.press("slash")
        await pilot.press(*"session IN")
        await until(pilot, lambda: log.filter_text == "session IN")
        shown = [line for line in log.lines if line]
        assert len(shown) == 2
        assert all("session." in line for line in shown)
        await pilot.press("enter", "y")
        await until(pilot, lambda: "Sent 2 events to the terminal" in text(app, "#news"))
        assert app.clipboard.splitlines() == shown
        services.in_tmux = True
        await pilot.press("y")
        await until(pilot, lambda: "Copied 2 events." in text(app, "#news"))
        assert services.copied.splitlines() == shown
        await pilot.press("p")
        services.relay.script = [
            Step(t=20, step="closing", connection=1),
            scripted.meters(20, chunk_rate=5.0),
        ]
        await until(pilot, lambda: "5.0/s of 25.0/s" in text(app, "#audio"))  # counting goes on
        assert "Paused (p resumes)" in text(app, "#events-title")
        screen.query_one("#filter", Input).value = "closing"
        await pilot.press("p")
        await until(pilot, lambda: any("closing" in line for line in log.lines))


async def test_both_panes_follow_until_somebody_scrolls_back(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 40)) as pilot:
        screen = await start(app, pilot)
        turns = [
            Transcript(t=20 + n, item_id=f"i{n}", role="user", text=f"turn {n}", final=True)
            for n in range(40)
        ]
        services.relay.script = [*scripted.talk(), *turns]
        log, transcript = screen.events, screen.transcript
        await until(pilot, lambda: log.line_count > 30 and log.scroll_y == log.max_scroll_y > 0)
        await until(pilot, lambda: transcript.following and transcript.max_scroll_y > 0)
        # Neither another size nor an open input line is anybody's scrolling back.
        await pilot.resize_terminal(80, 24)
        await pilot.press("t")
        await until(pilot, lambda: log.scroll_y == log.max_scroll_y and transcript.following)
        await pilot.press("escape")
        await pilot.resize_terminal(80, 40)
        services.relay.script = [scripted.problem(99, "device_busy", device="USB Mic " * 30)]
        await until(pilot, lambda: "USB Mic" in log.lines[-1] and log.scroll_y == log.max_scroll_y)
        await until(pilot, lambda: transcript.following)
        titles = ("#events-title", "#talk-title")
        await until(pilot, lambda: not any("Scrolled back" in text(app, title) for title in titles))
        log.focus()
        await pilot.press("pageup")
        await until(pilot, lambda: "Scrolled back (End follows)" in text(app, "#events-title"))
        services.relay.script = [scripted.problem(100, "device_busy", device="Other")]
        await until(pilot, lambda: "Other" in log.lines[-1])
        assert log.scroll_y < log.max_scroll_y
        await pilot.press("end")
        await until(pilot, lambda: "Scrolled back" not in text(app, "#events-title"))
        transcript.focus()
        await pilot.press("home")
        await until(pilot, lambda: "Scrolled back (End follows)" in text(app, "#talk-title"))
        await pilot.press("end")
        await until(pilot, lambda: "Scrolled back" not in text(app, "#talk-title"))


async def test_errors_and_lost_connections_are_worded(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        services.relay.script = [*scripted.opening(), scripted.problem(2, "device_busy", device="USB Mic")]
        await until(pilot, lambda: "USB Mic" in text(app, "#news"))
        await until(pilot, lambda: "1 error" in text(app, "#audio"))
        assert "1 errors" not in text(app, "#audio")
        services.relay.script = [
            Step(t=3, step="closed", connection=1, close_code=1006),
            Connection(t=3, state="lost", close_code=1006),
            Connection(t=3, state="retrying", attempt=2, delay_s=1.0),
        ]
        await until(pilot, lambda: "in 1.0 s (attempt 2)" in text(app, "#news"))
        await until(pilot, lambda: app.status.socket == "retrying")


async def test_ending_asks_shows_the_summary_and_stays(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    thresholds = gc.get_threshold()
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(app, pilot)
        services.relay.script, services.relay.on_stop = scripted.talk(), scripted.end()
        await until(pilot, lambda: screen.query(".turn"))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("y")
        await until(pilot, lambda: "before" in text_of_summary(screen))
        summary = " ".join(text_of_summary(screen).split())
        assert "before false during true after false" in summary
        assert "24.98/s of 25.00/s" in summary
        assert "Close code 1000" in summary
        assert screen.check_action("sample", ()) is False
        assert app.status.socket == "closed"
        assert app.status.over
        assert app.status.mode is False
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen).__name__ == "LoginScreen")
    assert gc.get_threshold() == thresholds


def text_of_summary(screen: Any) -> str:
    return str(screen.query_one("#summary", Static).render())


async def test_quitting_asks_once_and_a_second_ctrl_q_is_a_yes(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        services.relay.script, services.relay.on_stop = scripted.opening(), scripted.end()
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert not services.relay.ended
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code == 0)
    assert services.relay.ended  # and the conversation was ended cleanly


async def test_relay_that_cannot_start_is_said(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    async def fail(*_: Any) -> None:
        raise OSError(12, "no memory")

    services.start_relay = fail
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: app.screen.query("#news") and "no memory" in text(app, "#news"))
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen).__name__ == "LoginScreen")


async def test_choosing_twice_in_one_breath_leaves_the_conversation_alone(
    make_app: Any, services: Any, start: Any, until: Any, burst: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await start(app, pilot)
        services.relay.script = scripted.opening()
        await pilot.press("d")
        await until(pilot, lambda: app.screen.query("#sources") and "Looking" not in options(app)[0])
        burst(app, "enter")
        await until(pilot, lambda: services.relay.sent)
        await pilot.pause()
        assert app.screen is screen
        assert services.relay.sent == [commands.UseSource(spec="silence")]


async def test_source_picker(make_app: Any, services: Any, start: Any, until: Any, tmp_path: Any) -> None:
    services.microphones = ("Built-in", "USB Mic")
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        services.relay.script = scripted.opening()
        await pilot.press("d")
        await until(pilot, lambda: app.screen.query("#sources") and "Looking" not in options(app)[0])
        assert options(app)[:3] == [
            "Microphone (system default)",
            "Microphone: Built-in",
            "Microphone: USB Mic",
        ]
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: commands.UseSource(spec="mic:USB Mic") in services.relay.sent)
        sound = tmp_path / "a.wav"
        sound.write_bytes(b"")
        await pilot.press("d")
        await until(pilot, lambda: app.screen.query("#path"))
        await pilot.press("f2")
        app.screen.query_one("#path", Input).value = "~nobody-of-that-name/none.wav"
        await pilot.press("enter")
        await until(pilot, lambda: "none.wav" in text(app, "#problem"))
        app.screen.query_one("#path", Input).value = str(sound)
        await pilot.press("enter")
        await until(pilot, lambda: commands.UseSource(spec=f"wav:{sound}") in services.relay.sent)


async def test_where_the_customer_is_heard_can_be_chosen(
    make_app: Any, services: Any, start: Any, until: Any, tmp_path: Any
) -> None:
    services.speakers = ("Desk",)
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await start(app, pilot)
        assert services.relay.config.sink == "speaker"
        services.relay.script = scripted.opening()
        await pilot.press("d")
        await until(pilot, lambda: "Loudspeaker: Desk" in options(app, "#sinks"))
        assert "now: speaker" in text(app, "#sink-now")
        await pilot.press("f3", "down", "enter")
        await until(pilot, lambda: commands.UseSink(spec="none") in services.relay.sent)
        await pilot.press("d")
        await until(pilot, lambda: "Loudspeaker: Desk" in options(app, "#sinks"))
        assert "now: none" in text(app, "#sink-now")
        await pilot.press("f3", "down", "down", "enter")
        await until(pilot, lambda: len(services.relay.sent) == 2)
        path = services.relay.sent[1].spec.removeprefix("wav:")
        assert path.startswith(str(tmp_path / "answers" / "customer-"))
        assert (tmp_path / "answers").is_dir()  # the relay can write there


def options(app: Any, selector: str = "#sources") -> list[str]:
    found = app.screen.query_one(selector).options if app.screen.query(selector) else []
    return [str(option.prompt) for option in found]


async def test_the_recording_is_stopped_and_deleted_after_a_question(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        services.relay.script = scripted.opening()
        await until(pilot, lambda: app.screen.check_action("sample", ()))
        assert not app.screen.check_action("recording", ())
        services.relay.script = [Recording(t=1, state="started", directory="/home/me/recordings/2026")]
        await until(pilot, lambda: app.screen.check_action("recording", ()))
        assert "x stops and deletes it. Directory: /home/me/recordings/2026" in text(app, "#news")
        await until(pilot, lambda: app.status.recording)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")  # the focus is on keeping it
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        assert services.relay.sent == []
        await pilot.press("ctrl+x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: services.relay.sent == [commands.StopRecording(delete=True)])
        services.relay.script = [
            Recording(t=2, state=state, directory="/home/me/recordings/2026")
            for state in ("stopped", "deleted")
        ]
        await until(pilot, lambda: not app.status.recording)
        assert "The recording was deleted" in text(app, "#news")
        assert not app.screen.check_action("recording", ())


async def test_a_directory_with_an_evil_name_does_no_harm(
    make_app: Any, services: Any, start: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        for name, evil in EVIL.items():
            app.screen.attend(Recording(t=1, state="started", directory=f"/{name}/{evil}"))
            shown = text(app, "#news")
            assert f"/{name}/" in shown
            assert not harm_in(shown)


async def test_every_conversation_is_recorded_unless_told_not_to(
    make_app: Any, services: Any, start: Any, tmp_path: Path
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        place = Path(services.relay.config.record_directory)
        assert place.parent == tmp_path / "recordings"
        assert re.fullmatch(r"\d{8}T\d{6}Z-00000000", place.name)


async def test_without_recording_none_is_asked_for(make_app: Any, services: Any, start: Any) -> None:
    app = make_app(logged_in=True, recording=RecordingSettings(on=False))
    async with app.run_test(size=(120, 40)) as pilot:
        await start(app, pilot)
        assert services.relay.config.record_directory is None


async def test_what_retention_removed_is_said_once(
    make_app: Any, services: Any, start: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.expired = [3, 0]
    app = make_app(logged_in=True)
    told: list[str] = []
    monkeypatch.setattr(app, "notify", lambda message, **_how: told.append(message))
    async with app.run_test(size=(120, 40)) as pilot:
        app.expire_recordings()
        await until(pilot, lambda: told)
        await start(app, pilot)  # looks again
        await until(pilot, lambda: not services.expired)
        [words] = told
        assert "3 recordings were deleted" in words
