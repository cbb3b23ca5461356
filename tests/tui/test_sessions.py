"""Sessions: the list, its polling, the form, finishing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import DataTable, Select, Static, TextArea

from acceptance.offer import OFFERS
from api_client.errors import NotAuthenticated, ServerFault, ServerTimeout, ValidationFailed
from tui import i18n
from tui.sessions import list_screen as sessions
from tui.sessions import reader
from tui.sessions.table import SessionsTable


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def open_sessions(app: Any) -> None:
    from tui.sessions.screen import SessionsScreen

    app.push_screen(SessionsScreen())


async def at_sessions(app: Any, pilot: Any, until: Any, rows: int) -> SessionsTable:
    await pilot.pause()
    open_sessions(app)
    await until(
        pilot, lambda: app.screen.query("#table") and app.screen.query_one(DataTable).row_count == rows
    )
    table: SessionsTable = app.screen.query_one(SessionsTable)
    return table


async def test_polling_changes_cells_and_keeps_the_cursor(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(n) for n in range(1, 5)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        table = await at_sessions(app, pilot, until, 4)
        await pilot.press("down", "down")
        chosen = session_of(3)
        assert str(table.get_cell(chosen.id, "mode")) == "false"
        services.server.sessions = [session_of(n, realtime_mode=n == 3) for n in range(1, 5)]
        app.screen.action_refresh()
        await until(pilot, lambda: str(table.get_cell(chosen.id, "mode")) == "true")
        assert table.cursor_row == 2
        services.server.sessions.insert(0, session_of(9))
        app.screen.action_refresh()
        await until(pilot, lambda: table.row_count == 5)
        assert table.cursor_row == 3  # still on session 3
        assert "Realtime mode: true" in text(app, "#details-text")


async def test_details_show_stored_turns(make_app: Any, services: Any, session_of: Any, until: Any) -> None:
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        await until(pilot, lambda: "Stored turns: 2" in text(app, "#details-text"))
        assert "今は表計算ソフトで" in text(app, "#details-text")


async def test_details_are_scrolled_by_keyboard(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_sessions(app, pilot, until, 1)
        await until(pilot, lambda: "Stored turns: 2" in text(app, "#details-text"))
        details = app.screen.query_one("#details")
        await pilot.press("tab", "end")
        await until(pilot, lambda: details.scroll_y == details.max_scroll_y > 0)
        assert app.screen.check_action("talk", ())


async def test_stored_turns_stay_while_the_list_is_read_again(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        await until(pilot, lambda: "Stored turns: 2" in text(app, "#details-text"))
        services.server.fail["get_session"] = ServerTimeout("x")  # nothing brings them back
        services.server.sessions = [session_of(1, realtime_mode=True), session_of(2)]
        app.screen.action_refresh()
        await until(pilot, lambda: "Realtime mode: true" in text(app, "#details-text"))
        assert "Stored turns: 2" in text(app, "#details-text")
        await pilot.press("down")
        await until(pilot, lambda: session_of(2).id in text(app, "#details-text"))
        assert "Stored turns" not in text(app, "#details-text")


async def test_pages(make_app: Any, services: Any, session_of: Any, until: Any) -> None:
    services.server.sessions = [session_of(n) for n in range(1, 21)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        table = await at_sessions(app, pilot, until, 15)
        assert "page 1 of 2" in text(app, "#heading")
        assert app.screen.check_action("newer", ()) is False
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: table.row_count == 5)
        assert app.screen.check_action("older", ()) is False
        await pilot.press("f6")
        await until(pilot, lambda: table.row_count == 15)


async def test_lost_server_is_said_and_the_list_stays(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        table = await at_sessions(app, pilot, until, 1)
        services.server.fail["list_sessions"] = ServerTimeout("x")
        await pilot.press("r")
        await until(pilot, lambda: "did not answer in time" in text(app, "#notice"))
        assert table.row_count == 1
        services.server.fail.clear()
        await pilot.press("r")
        await until(pilot, lambda: text(app, "#notice") == "")


async def test_slow_server_is_waited_for(
    make_app: Any, services: Any, session_of: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "POLL_S", 0.01)
    services.server.sessions = [session_of(1)]
    answer, read = asyncio.Event(), services.server.list_sessions
    asked: list[int] = []
    times: list[None] = []

    async def slowly(*page: int) -> Any:
        asked.append(len(times))
        await answer.wait()
        return await read(*page)

    services.server.list_sessions = slowly
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await pilot.pause()
        open_sessions(app)
        await until(pilot, lambda: asked)
        app.set_interval(0.01, lambda: times.append(None))
        await until(pilot, lambda: len(times) > 10)
        assert max(asked) < 3  # nothing is asked again while the first answer is waited for
        answer.set()
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 1)


async def test_withdrawn_token_leads_back_to_login(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        services.server.fail["list_sessions"] = NotAuthenticated("x")
        await pilot.press("r")
        await until(pilot, lambda: type(app.screen).__name__ == "LoginScreen")
        assert app.account is None


async def test_no_sessions_says_how_to_begin(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 0)
        await until(pilot, lambda: app.screen.query_one("#empty").display)
        assert "Press n (or F3)" in text(app, "#empty")
        assert "Press a (or F8)" in text(app, "#empty")
        assert app.screen.check_action("talk", ()) is None
        services.server.sessions = [session_of(1)]
        app.screen.action_refresh()
        await until(pilot, lambda: not app.screen.query_one("#empty").display)


async def test_form_shows_the_servers_messages_at_the_fields(
    make_app: Any, services: Any, until: Any
) -> None:
    messages: dict[str, tuple[str, ...]] = {
        "value_proposition": ("5文字以上で入力してください。",),
        "non_field_errors": ("全体",),
    }
    services.server.fail["start_session"] = ValidationFailed("x", fields=messages)
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 0)
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query("#industry"))
        await pilot.press("f3")
        await until(pilot, lambda: "5文字以上" in text(app, "#value_proposition-error"))
        assert "全体" in text(app, "#form-error")
        assert text(app, "#industry-error") == ""
        assert app.focused is app.screen.query_one("#value_proposition")
        services.server.fail.clear()
        await pilot.press("f2", "enter")
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen")
        sent = next(call for call in reversed(services.server.calls) if call[0] == "start_session")
        assert sent[1].industry == "Manufacturing"
        assert sent[1].mode == "simple"


async def test_messages_go_when_the_example_is_filled_in(make_app: Any, services: Any, until: Any) -> None:
    i18n.set_language("ja")
    messages: dict[str, tuple[str, ...]] = {
        "industry": ("This field may not be blank.",),
        "value_proposition": ("Ensure this field has at least 5 characters.",),
    }
    services.server.fail["start_session"] = ValidationFailed("x", fields=messages)
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 0)
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query("#industry"))
        await pilot.press("f3")
        # In the language of the screen, though the server answers in English.
        await until(pilot, lambda: "5 文字以上" in text(app, "#value_proposition-error"))
        assert "空にできません" in text(app, "#industry-error")
        await pilot.press("f2")
        await until(pilot, lambda: text(app, "#value_proposition-error") == "")
        assert text(app, "#industry-error") == ""


async def test_shrunken_list_shows_its_last_page(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(n) for n in range(1, 61)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        table = await at_sessions(app, pilot, until, 15)
        for page in (2, 3, 4):
            await pilot.press("right_square_bracket")
            await until(pilot, lambda page=page: f"page {page} of 4" in text(app, "#heading"))
        services.server.sessions = services.server.sessions[:20]
        await pilot.press("r")
        await until(pilot, lambda: "20 in all, page 2 of 2" in text(app, "#heading"))
        assert table.row_count == 5
        assert not app.screen.query_one("#empty").display


async def test_server_that_knows_no_page_past_the_end(
    make_app: Any, services: Any, session_of: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAGE_SIZE", 10)
    services.server.sessions = [session_of(n) for n in range(1, 31)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 15)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "page 2 of 2" in text(app, "#heading"))
        services.server.not_found_past = 2
        services.server.sessions.pop()
        await pilot.press("r")
        await until(pilot, lambda: "20 of 29, page 2 of 2" in text(app, "#heading"))
        assert text(app, "#notice") == ""


async def test_language_is_switched_at_the_sessions(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(n) for n in range(1, 4)]
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await at_sessions(app, pilot, until, 3)
        await pilot.press("down", "ctrl+l")
        await until(pilot, lambda: "ロールプレイ" in text(app, "#heading"))
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 3)
        assert "状態" in [str(column.label) for column in app.screen.query_one(DataTable).columns.values()]
        await until(pilot, lambda: "業界" in text(app, "#details-text"))
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "Role-play sessions" in text(app, "#heading"))


async def test_new_session_is_the_chosen_one_after_its_conversation(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(n) for n in range(1, 21)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        table = await at_sessions(app, pilot, until, 15)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: table.row_count == 5)
        await pilot.press("down", "n")
        await until(pilot, lambda: app.screen.query("#industry"))
        await pilot.press("f2", "f3")
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen")
        services.relay.ended = True
        await until(pilot, lambda: app.screen.feed and app.screen.feed.finished)
        await pilot.press("escape")
        await until(pilot, lambda: session_of(21).id in text(app, "#details-text"))
        assert "page 1 of 2" in text(app, "#heading")
        assert table.cursor_row == 0


async def test_finishing_asks_first(make_app: Any, services: Any, session_of: Any, until: Any) -> None:
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        await pilot.press("x")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("n")
        await until(pilot, lambda: not app.screen.query("#question"))
        assert not any(call[0] == "finish_session" for call in services.server.calls)
        await pilot.press("x")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("right", "enter")  # the arrows lead to the other answer
        await until(pilot, lambda: ("finish_session", session_of(1).id) in services.server.calls)


async def test_enter_pressed_twice_starts_one_conversation(
    make_app: Any, services: Any, session_of: Any, until: Any, burst: Any
) -> None:
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        burst(app, "enter", 3)
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen" and app.screen.feed)
        names = [type(screen).__name__ for screen in app.screen_stack]
        assert names == ["LoginScreen", "SessionsScreen", "LiveScreen"]


async def test_what_finishing_says_outlasts_the_next_reading_of_the_list(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(1)]
    services.server.fail["finish_session"] = ServerFault("x")
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        await pilot.press("x")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("y")
        await until(pilot, lambda: app.screen.query("#notice") and "failed" in text(app, "#notice"))
        services.server.sessions.insert(0, session_of(2))
        app.screen.action_refresh()
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 2)
        assert "failed" in text(app, "#notice")
        services.server.fail.clear()
        await pilot.press("x")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("y")
        await until(pilot, lambda: app.screen.query("#notice") and text(app, "#notice") == "")


async def test_finished_session_shows_its_history_instead(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(1, status="finished")]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#history-text"))
        await until(pilot, lambda: "今は表計算ソフトで" in text(app, "#history-text"))
        await pilot.press("y")
        await until(pilot, lambda: "Customer: 今は表計算ソフトで" in services.copied)
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen).__name__ == "SessionsScreen")


async def test_rows_have_what_the_server_tells_only_of_single_sessions(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(1), session_of(2, message_count=7, total_score=64)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        table = await at_sessions(app, pilot, until, 2)

        def cells(number: int) -> list[str]:
            return [str(table.get_cell(session_of(number).id, key)) for key in ("turns", "score", "latency")]

        await until(pilot, lambda: cells(1) == ["2", "-", "-"])
        assert cells(2) == ["7", "64", "-"]
        read = [call[1] for call in services.server.calls if call[0] == "get_session"]
        assert session_of(2).id not in read  # the list has said it


async def test_latency_of_a_recorded_conversation(
    make_app: Any, services: Any, session_of: Any, until: Any, record: Any
) -> None:
    record()
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        table = await at_sessions(app, pilot, until, 1)
        await until(pilot, lambda: str(table.get_cell(session_of(1).id, "latency")).endswith(" ms"))
        await until(pilot, lambda: "newest recording here" in text(app, "#details-text"))


async def test_search_sort_and_filters(make_app: Any, services: Any, session_of: Any, until: Any) -> None:
    services.server.sessions = [
        session_of(4, value_proposition=OFFERS["en"][1]),
        session_of(3, industry="Retail", message_count=1),
        session_of(2, industry="Banking", message_count=9, status="finished"),
        session_of(1, industry="Retail bank", message_count=5),
    ]
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        table = await at_sessions(app, pilot, until, 3)

        def shown() -> list[str]:
            return [key[-1] for key in table.shown]

        assert "1 test session hidden" in text(app, "#heading")
        await pilot.press("t")
        await until(pilot, lambda: shown() == ["4", "3", "2", "1"])
        await pilot.press("t", "slash", *"BANK")
        await until(pilot, lambda: shown() == ["2", "1"])
        await pilot.press("enter", "f")
        await until(pilot, lambda: shown() == ["1"])
        assert 'with "BANK", only active' in text(app, "#heading")
        await pilot.press("escape")
        await until(pilot, lambda: shown() == ["3", "2", "1"])
        await pilot.press("o", "o")
        await until(pilot, lambda: shown() == ["2", "1", "3"])
        assert "sorted by Turns" in text(app, "#heading")
        await pilot.press("slash", *"nothing like it", "enter")
        await until(pilot, lambda: "No session matches. Esc shows all." in text(app, "#empty"))
        await pilot.press("escape")
        await until(pilot, lambda: len(shown()) == 3)
        assert type(app.screen).__name__ == "SessionsScreen"


async def test_the_cursor_stays_on_its_session_when_the_order_changes(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.server.sessions = [session_of(n, message_count=n) for n in (1, 2, 3)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        table = await at_sessions(app, pilot, until, 3)
        assert table.chosen_id == session_of(1).id
        await pilot.press("o", "o")
        await until(pilot, lambda: next(iter(table.shown)) == session_of(3).id)
        assert table.chosen_id == session_of(1).id


async def test_ids_and_transcripts_are_copied(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    services.in_tmux = True
    services.server.sessions = [session_of(1)]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        await pilot.press("y")
        await until(pilot, lambda: services.copied == session_of(1).id)
        await pilot.press("Y")
        await until(pilot, lambda: "You: 在庫は" in services.copied)


async def test_more_than_a_terminal_takes_is_not_cut_in_silence(make_app: Any, services: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(notifications=True) as pilot:
        await app.put_on_clipboard("あ" * 30_000)
        await pilot.pause()
        assert app.clipboard == ""
        assert any("90 kB is more than the 56 kB" in one.message for one in app._notifications)


async def test_a_session_is_duplicated(make_app: Any, services: Any, session_of: Any, until: Any) -> None:
    services.server.sessions = [session_of(1, customer_pain="一行目\n二行目")]
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 1)
        await pilot.press("u")
        await until(pilot, lambda: app.screen.query("#industry"))
        assert app.screen.query_one("#customer_pain", TextArea).text == "一行目\n二行目"
        await pilot.press("f3")
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen")
        sent = next(call[1] for call in services.server.calls if call[0] == "start_session")
        assert sent.customer_pain == "一行目\n二行目"
        assert sent.industry == "製造業"


async def test_a_template_is_saved_used_and_deleted(make_app: Any, services: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await at_sessions(app, pilot, until, 0)
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query("#industry"))
        assert not app.screen.query_one("#template-row").display
        await pilot.press(*"Retail", "tab", *"one", "enter", *"two", "f4")
        await until(pilot, lambda: app.screen.query("#name"))
        await pilot.press("enter")  # named after the industry
        await until(pilot, lambda: app.screen.query("#template-row"))
        await pilot.press("escape", "n")
        await until(
            pilot, lambda: app.screen.query("#template-row") and app.screen.query_one("#template-row").display
        )
        app.screen.query_one("#template", Select).value = "Retail"
        await until(pilot, lambda: app.screen.query_one("#value_proposition", TextArea).text == "one\ntwo")
        await pilot.press("f6")
        await until(pilot, lambda: app.screen.query("#question"))
        await pilot.press("y")
        await until(pilot, lambda: app.screen.query("#industry"))
        await until(pilot, lambda: not app.screen.query_one("#template-row").display)


async def test_damaged_templates_are_told_and_kept(make_app: Any, until: Any, tmp_path: Path) -> None:
    (tmp_path / "templates.json").write_text("[")
    app = make_app(logged_in=True)
    async with app.run_test(notifications=True) as pilot:
        await at_sessions(app, pilot, until, 0)
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query("#industry"))
        await pilot.press("f4")
        await until(pilot, lambda: any("cannot be read" in one.message for one in app._notifications))
    assert (tmp_path / "templates.json").read_text() == "["
