"""The acceptance screen on scripted runs: what it says before, during and after."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from textual.widgets import Input, Static

from acceptance.comparison import Change, Comparison
from acceptance.store import StoreError, StoreErrorCode
from api_client.errors import BadCredentials
from tests.tui import scripted, scripted_check
from tui import i18n
from tui.acceptance.check_tree import CheckTree
from tui.host.services import OwnServer


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def lines(app: Any) -> list[str]:
    """The tree as it is painted."""
    tree = app.screen.query_one(CheckTree)
    return [
        "".join(segment.text for segment in tree.render_line(y)).rstrip() for y in range(tree.size.height)
    ]


def shown(app: Any, words: str) -> str:
    return next(line for line in lines(app) if words in line)


@pytest.fixture
def opened(services: Any, until: Any) -> Any:
    """Opens the screen as an operator does."""

    async def go(app: Any, pilot: Any) -> Any:
        from tui.sessions.screen import SessionsScreen

        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: app.screen.query("#table"))
        await pilot.press("a")
        await until(pilot, lambda: type(app.screen).__name__ == "AcceptanceScreen" and lines(app)[1])
        return app.screen

    return go


@pytest.fixture
def begun(services: Any, opened: Any, until: Any) -> Any:
    """Opens the screen and starts a run of all tests."""

    async def go(app: Any, pilot: Any) -> Any:
        screen = await opened(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: services.check.running)
        return screen

    return go


async def test_says_beforehand_what_it_will_do(make_app: Any, services: Any, opened: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        page = text(app, "#page")
        assert "This will be done on http://127.0.0.1:8000" in page
        assert "Test 4:\nIn a new session, send a few typed turns" in page
        assert "stay in the list" in page
        assert services.check.requests == []  # and nothing has been done
        assert "NOT RUN" in shown(app, "session.created is received")
        assert "Minimum NOT RUN" in text(app, "#verdicts")
        assert screen.check_action("abort", ()) is False
        assert screen.check_action("run_failed", ()) is False
        assert screen.check_action("export", ()) is None


@pytest.mark.parametrize(
    ("own", "offered"), [("http://127.0.0.1:8000", True), ("http://127.0.0.1:9", False), (None, False)]
)
async def test_only_our_own_server_is_restarted(
    make_app: Any, services: Any, opened: Any, own: str | None, offered: bool
) -> None:
    async def restart() -> str:
        return "http://127.0.0.1:8000"

    services.own_server = OwnServer(own, restart) if own else None
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        assert ("Kill and restart" in text(app, "#page")) is offered  # said before it is done
        assert (services.restart_of("http://127.0.0.1:8000") is restart) is offered


async def test_checkpoints_tick_over_and_show_their_evidence(
    make_app: Any, services: Any, begun: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await begun(app, pilot)
        assert services.check.requests[0].tests == (1, 2, 3, 4)
        assert services.check.requests[0].account.token == "t" * 40
        services.check.tell(scripted_check.started(), *scripted_check.begun(1))
        await until(pilot, lambda: "RUNNING" in shown(app, "session.updated is received"))
        assert "RUNNING" in shown(app, "Test 1:")
        assert "NOT RUN" in shown(app, "Test 2:")
        assert "Connecting by WebSocket" in text(app, "#news")
        screen.panel.checks.choose("t1.session_updated")
        await until(pilot, lambda: "Checking..." in text(app, "#page"))
        services.check.tell(*scripted_check.over(1, frozenset({"t1.order"})))
        await until(pilot, lambda: shown(app, "session.updated is received").split()[0] == "PASS")
        page = text(app, "#page")
        assert "Evidence:\n10:05:01.250 event t1 0.19 s\nReceived 71 ms after session.update" in page
        assert "Other evidence:" in page
        assert "FAIL" in shown(app, "* The steps happen in order")
        assert shown(app, "Test 1:").split()[1] == "PASS"  # the document is met; what failed is beyond it
        screen.panel.checks.choose("t1.order")
        await until(pilot, lambda: "Beyond the document" in text(app, "#page"))
        assert "did not arrive within 20 s" in text(app, "#page")


async def test_verdicts_result_and_change_since_the_run_before(
    make_app: Any, services: Any, opened: Any, until: Any
) -> None:
    bad = frozenset({"t3.mode_after", "t4.half_open"})
    services.check.changes = Comparison(
        before="x",
        after="y",
        tests=(1,),
        changes=(Change(checkpoint="t3.mode_after", before="pass", after="fail"),),
    )
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("f2")
        await until(pilot, lambda: services.check.running)
        services.check.end(*scripted_check.whole_run(bad))
        await until(pilot, lambda: services.check.kept)
        verdicts = " ".join(text(app, "#verdicts").split())
        assert verdicts == "Minimum FAIL Ideal PASS Document FAIL Beyond FAIL"
        await until(pilot, lambda: "0 better, 1 worse" in text(app, "#news"))
        page = text(app, "#page")
        assert "FAIL  realtime_mode is updated correctly" in page
        assert "PASS  The spoken answer is played" in page
        assert "realtime_mode=false" in page  # what is left on the server
        assert screen.board.to_run_again == (3, 4)
        await pilot.press("f")
        await until(pilot, lambda: len(services.check.requests) == 2)
        assert services.check.requests[1].tests == (3, 4)


async def test_one_test_alone(make_app: Any, services: Any, opened: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("t")
        await until(pilot, lambda: "Select a test first" in text(app, "#news"))
        screen.panel.checks.choose("t2.audio_sent")
        await pilot.press("t")
        await until(pilot, lambda: services.check.running)
        assert services.check.requests[0].tests == (2,)


async def test_abort_keeps_what_was_found(make_app: Any, services: Any, begun: Any, until: Any) -> None:
    services.check.on_abort = scripted_check.finished(scripted_check.result((1,), aborted=True))
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begun(app, pilot)
        services.check.tell(scripted_check.started(), *scripted_check.over(1))
        await until(pilot, lambda: screen.check_action("abort", ()))
        await pilot.press("x")
        await until(pilot, lambda: services.check.kept)
        assert services.check.kept[0].aborted
        assert "aborted" in text(app, "#news")
        await until(pilot, lambda: screen.check_action("run_all", ()))


async def test_leaving_during_a_run_asks_and_aborts(
    make_app: Any, services: Any, begun: Any, until: Any
) -> None:
    services.check.on_abort = scripted_check.finished(scripted_check.result((1,), aborted=True))
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begun(app, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
        assert screen.running
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "quit" in text(app, "#question"))
        await pilot.press("n", "escape")
        await until(pilot, lambda: app.screen.query("#question") and "go back" in text(app, "#question"))
        await pilot.press("y")
        await until(pilot, lambda: type(app.screen).__name__ == "SessionsScreen")
        assert services.check.kept[0].aborted


async def test_quitting_during_a_run_keeps_what_was_found(
    make_app: Any, services: Any, begun: Any, until: Any
) -> None:
    services.check.on_abort = scripted_check.finished(scripted_check.result((1,), aborted=True))
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begun(app, pilot)
        screen.panel.checks.choose("test:1")
        screen.notes[1] = "会議室で実施"
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code == 0)
    assert [result.aborted for result in services.check.kept] == [True]
    assert services.check.kept[0].tests[0].note == "会議室で実施"


async def test_operator_is_asked_and_recorded_by_name(
    make_app: Any, services: Any, opened: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: app.screen.query("#operator"))
        app.screen.query_one("#operator", Input).value = "鈴木"
        await pilot.press("f3")
        await until(pilot, lambda: type(app.screen).__name__ == "AcceptanceScreen")
        await pilot.press("a")
        await until(pilot, lambda: services.check.running)
        assert services.check.operator.name == "鈴木"
        for key, reply in (("y", "pass"), ("f3", "fail"), ("s", "not_applicable")):
            question = scripted_check.asked()
            services.check.tell(question)
            answer = app.run_worker(services.check.operator.ask(question))
            await until(pilot, lambda: app.screen.query("#question"))
            assert "Did you hear the answer?" in text(app, "#question")
            assert "鈴木" in text(app, "#operator")
            await pilot.press(key)
            assert await answer.wait() == reply
            await until(pilot, lambda: not app.screen.query("#question"))


async def test_operator_who_is_asked_to_do_something_has_nothing_to_judge(
    make_app: Any, services: Any, begun: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await begun(app, pilot)
        question = scripted_check.asked(asks="act")
        services.check.tell(scripted_check.started(), question)
        answer = app.run_worker(services.check.operator.ask(question))
        await until(pilot, lambda: app.screen.query("#question"))
        assert not app.screen.query("#no")
        await pilot.press("n")
        assert app.screen.query("#question"), "no is no answer to a request"
        await pilot.press("y")
        assert await answer.wait() == "pass"


async def test_question_goes_away_when_the_run_is_aborted(
    make_app: Any, services: Any, begun: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begun(app, pilot)
        services.check.tell(scripted_check.started(), scripted_check.asked())
        await until(pilot, lambda: app.screen.query("#question"))
        services.check.end(*scripted_check.finished(scripted_check.result(aborted=True)))
        await until(pilot, lambda: app.screen is screen)


async def test_question_that_lies_under_the_palette_goes_away_with_it(
    make_app: Any, services: Any, begun: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begun(app, pilot)
        services.check.tell(scripted_check.started(), scripted_check.asked())
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.query("CommandInput"))
        services.check.end(*scripted_check.finished(scripted_check.result(aborted=True)))
        await until(pilot, lambda: not screen.running)
        await until(pilot, lambda: services.check.kept)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


async def test_notes_go_into_the_result_before_and_after_the_end(
    make_app: Any, services: Any, begun: Any, until: Any
) -> None:
    app = make_app(logged_in=True)

    async def write(pilot: Any, note: str) -> None:
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query("#note"))
        app.screen.query_one("#note", Input).value = note
        await pilot.press("enter")
        await until(pilot, lambda: not app.screen.query("#note"))

    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begun(app, pilot)
        services.check.tell(scripted_check.started())
        screen.panel.checks.choose("test:2")
        await write(pilot, "会議室で実施")
        await until(pilot, lambda: "会議室で実施" in text(app, "#page"))
        services.check.end(*scripted_check.whole_run()[1:])
        await until(pilot, lambda: services.check.kept)
        assert [test.note for test in services.check.kept[0].tests] == ["", "会議室で実施", "", ""]
        screen.panel.checks.choose("t4.pause")
        await write(pilot, "proxy")
        await until(pilot, lambda: len(services.check.kept) == 2)
        assert [test.note for test in services.check.kept[1].tests] == ["", "会議室で実施", "", "proxy"]
        await pilot.press("e")
        await until(pilot, lambda: services.check.exported)
        assert services.check.exported[0].tests[3].note == "proxy"
        await until(pilot, lambda: f"/reports/{scripted_check.RUN_ID}" in text(app, "#news"))


async def test_what_goes_wrong_is_said(make_app: Any, services: Any, begun: Any, until: Any) -> None:
    services.check.fail = {
        "keep": StoreError(StoreErrorCode.BUSY, path="results.sqlite3"),
        "export": OSError(28, "No space left on device", "/full"),
    }
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await begun(app, pilot)
        services.check.end(*scripted_check.whole_run())
        await until(pilot, lambda: "Another program is writing to results.sqlite3" in text(app, "#news"))
        await pilot.press("e")
        await until(pilot, lambda: "No space left on device" in text(app, "#news"))
        services.check.fail = {"run": RuntimeError("a defect of the runner")}
        await pilot.press("a")
        await until(pilot, lambda: services.check.running)
        services.check.end(scripted_check.started(), *scripted_check.begun(1))
        await until(pilot, lambda: screen.check_action("run_all", ()))
        await until(pilot, lambda: "RUNNING" not in "".join(lines(app)))
        assert any("unexpected" in notice.message for notice in app._notifications)


async def test_second_user_is_logged_in_and_the_password_kept_nowhere(
    make_app: Any, services: Any, opened: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: app.screen.query("#second"))
        app.screen.query_one("#second", Input).value = "admin"
        await pilot.press("f3")
        await until(pilot, lambda: "someone other than you" in text(app, "#problem"))
        app.screen.query_one("#second", Input).value = "tester"
        app.screen.query_one("#password", Input).value = "s3cret-word"
        services.server.fail["login"] = BadCredentials("no")
        await pilot.press("f3")
        await until(
            pilot, lambda: "Error" in text(app, "#problem") and "Logging" not in text(app, "#problem")
        )
        services.server.fail.clear()
        await pilot.press("f3")
        await until(pilot, lambda: app.screen is screen)
        assert ("login", "tester", "s3cret-word") in services.server.calls
        assert screen.options.second_account.username == "tester"
        assert "s3cret-word" not in repr(vars(screen.options.second_account.__class__))
        assert "s3cret-word" not in repr(screen.options)
        assert "t" * 40 not in repr(screen.options)
        await pilot.press("o")  # and it stays logged in
        await until(pilot, lambda: app.screen.query("#password"))
        assert app.screen.query_one("#password", Input).value == ""
        await pilot.press("f3")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("a")
        await until(pilot, lambda: services.check.running)
        assert services.check.requests[0].second_account.username == "tester"


async def test_conversation_of_the_run_is_watched(
    make_app: Any, services: Any, begun: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await begun(app, pilot)
        services.check.tell(scripted_check.started(), *scripted_check.begun(1))
        await until(pilot, lambda: screen.check_action("watch", ()))
        await pilot.press("w")
        await until(pilot, lambda: type(app.screen).__name__ == "WatchScreen")
        assert "not started a conversation yet" in text(app, "#news")
        services.check.tell(*scripted_check.says("t1", 1, [*scripted.talk(), *scripted.end()]))
        await until(pilot, lambda: "before" in text(app, "#summary"))
        assert "conversation t1" in text(app, "#talk-title")
        assert len(app.screen.query(".turn")) == 4
        services.check.tell(*scripted_check.says("t2", 2, scripted.opening()))
        await until(pilot, lambda: "conversation t2" in text(app, "#talk-title"))
        await until(pilot, lambda: not app.screen.query(".turn"))
        await until(pilot, lambda: "sent x1" in text(app, "#connection"))
        assert app.screen.query_one("#connection").display
        assert not any("speech_started" in line for line in app.screen.events.matching)  # of t1
        await pilot.press("m", "i", "t", "r")  # nothing can be done to it
        assert services.relay.sent == []
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert screen.running
        assert app.status.socket == "none"


@pytest.mark.parametrize("language", i18n.LANGUAGES)
async def test_no_title_is_cut_where_there_is_room(
    make_app: Any, begun: Any, language: i18n.Language
) -> None:
    i18n.set_language(language)
    app = make_app(logged_in=True)
    async with app.run_test(size=(200, 60)) as pilot:
        tree = (await begun(app, pilot)).panel.checks
        assert tree.virtual_size.width <= tree.size.width


@pytest.mark.parametrize("language", i18n.LANGUAGES)
async def test_most_titles_are_whole_at_eighty_columns(
    make_app: Any, begun: Any, language: i18n.Language
) -> None:
    i18n.set_language(language)
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        tree = (await begun(app, pilot)).panel.checks
        # 13 cells before the title: margin, icon and mark.
        widths = [13 + cell_len(str(node.label)) for test in tree.root.children for node in test.children]
        assert len(widths) > 30
        assert sum(width > tree.size.width for width in widths) < len(widths) / 3


async def test_what_decided_is_replayed_from_its_moment(
    make_app: Any, services: Any, begun: Any, until: Any, record: Any
) -> None:
    from acceptance.results import ConversationRecord
    from tui.recordings.replay import ReplayScreen

    directory = record("t1")
    whole = msgspec.structs.replace(
        scripted_check.result(bad=frozenset({"t1.order"})),
        directory=str(directory.parent),
        conversations=(ConversationRecord(name="t1", test=1, session_id="s", directory="t1"),),
    )
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await begun(app, pilot)
        services.check.end(*scripted_check.finished(whole))
        await until(pilot, lambda: screen.board.over)
        assert not screen.check_action("moment", ())
        screen.panel.checks.choose("t1.order")  # nothing came, so there is no moment
        await until(pilot, lambda: "did not arrive" in text(app, "#page"))
        assert "replays this moment" not in text(app, "#page")
        await pilot.press("r")
        assert app.screen is screen
        screen.panel.checks.choose("t1.websocket_accepted")
        await until(pilot, lambda: "r replays this moment" in text(app, "#page"))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.replay is not None)
        assert app.screen.replay.recording.directory == directory
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
