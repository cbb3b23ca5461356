"""The list of recordings, on real ones in a temporary directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.widgets import DataTable, Static

from recordings.library import Library
from relay.recording.reader import RecordingReader
from relay.recording.repair import needs_repair
from relay.stream import Transcript
from tests.evil_strings import EVIL, harm_in
from tests.tui import scripted
from tui.navigation import BrowseRecordings, Compare
from tui.recordings.compare import CompareScreen
from tui.recordings.export import FORMATS, ExportScreen
from tui.recordings.replay import ReplayScreen
from tui.recordings.screen import RecordingsScreen


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def names(app: Any) -> list[str]:
    return [kept.entry.name for kept in app.screen.table.shown.values()]


@pytest.fixture
def open_list(until: Any) -> Any:
    """Opens the list and waits until it is read."""

    async def go(app: Any, pilot: Any) -> RecordingsScreen:
        await pilot.pause()
        app.post_message(BrowseRecordings())
        await until(pilot, lambda: isinstance(app.screen, RecordingsScreen) and app.screen._read_once)
        screen: RecordingsScreen = app.screen
        return screen

    return go


@pytest.fixture
def three(record: Callable[..., Path]) -> None:
    """The newest first: a good one, one of another server with an error, one that was cut off."""
    record("c", started_at="2026-11-24T10:05:00+00:00")
    events = [*scripted.talk(), scripted.problem(13.5, "device_lost", device="Mic"), *scripted.end()]
    record("b", events, started_at="2026-11-23T10:05:00+00:00", server_url="https://other.example")
    record("a", scripted.talk(), started_at="2026-11-22T10:05:00+00:00", cut_off=True)


async def test_the_sessions_lead_to_it_and_an_empty_list_explains_itself(
    make_app: Any, until: Any, tmp_path: Path
) -> None:
    from tui.sessions.screen import SessionsScreen

    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: app.screen.query("#table"))
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, RecordingsScreen) and app.screen._read_once)
        assert "No recordings yet." in text(app, "#empty")
        assert str(tmp_path / "recordings") in text(app, "#empty")
        await pilot.press("enter", "m", "n", "x", "e", "z", "s")  # on nothing
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))


async def test_each_is_a_row_and_filters_leave_some_out(
    make_app: Any, until: Any, open_list: Any, three: None
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_list(app, pilot)
        assert names(app) == ["c", "b", "a"]
        rows = [[str(cell).strip() for cell in screen.table.get_row(key)] for key in screen.table.shown]
        assert rows[1] == ["11-23 10:05", "other.example", "00000000", "0:14", "3", "ended", "1", ""]
        assert rows[2][5] == "cut off"
        await pilot.press("f")
        await until(pilot, lambda: names(app) == ["b"])
        assert "1 of 3   only with errors" in text(app, "#heading")
        await until(pilot, lambda: "device_lost" in text(app, "#facts"))
        await pilot.press("f", "s")
        await until(pilot, lambda: "only https://other.example" in text(app, "#heading"))
        assert names(app) == ["b"]
        await pilot.press("o")
        await until(pilot, lambda: names(app) == [])
        assert "Esc shows all" in text(app, "#empty")
        await pilot.press("escape")
        await until(pilot, lambda: names(app) == ["c", "b", "a"])


async def test_words_that_were_said_are_found_and_replayed_from_there(
    make_app: Any, until: Any, open_list: Any, three: None, record: Callable[..., Path]
) -> None:
    record("d", [Transcript(t=7.5, item_id="u", role="user", text="Excel で管理", final=True)])
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_list(app, pilot)
        await pilot.press("slash", *"EXCEL", "enter")
        await until(pilot, lambda: names(app) == ["d"] and not screen._searching)
        assert 'with "EXCEL"' in text(app, "#heading")
        await until(pilot, lambda: "0:07 Excel で管理" in text(app, "#facts"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.replay is not None)
        assert app.screen.replay.head.t == pytest.approx(6.5)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("slash", "enter")  # the same words again
        await until(pilot, lambda: names(app) == ["d"])
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == 4)


async def test_a_mark_and_a_note_are_kept(make_app: Any, until: Any, open_list: Any, three: None) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_list(app, pilot)
        await pilot.press("down", "m")
        await until(pilot, lambda: screen.chosen.entry.notes.marked)
        assert screen.chosen.entry.name == "b"
        await pilot.press("n", *"noise", "enter")
        await until(pilot, lambda: screen.chosen.entry.notes.note == "noise")
        row = [str(cell) for cell in screen.table.get_row(screen.chosen.key)]
        assert row[0].startswith("* ") and row[-1] == "noise"
        await pilot.press("m")
        await until(pilot, lambda: not screen.chosen.entry.notes.marked)
        notes = screen.chosen.entry.directory / "notes.json"
        assert json.loads(notes.read_bytes()) == {"note": "noise"}


async def test_what_is_deleted_can_be_brought_back(
    make_app: Any, until: Any, open_list: Any, three: None, tmp_path: Path
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_list(app, pilot)
        await pilot.press("down", "x")
        await until(pilot, lambda: names(app) == ["c", "a"])
        assert not (tmp_path / "recordings" / "b").exists()
        assert "z restores it" in text(app, "#notice")
        await pilot.press("delete")
        await until(pilot, lambda: names(app) == ["c"])
        await pilot.press("z")
        await until(pilot, lambda: names(app) == ["c", "a"])
        await pilot.press("z")
        await until(pilot, lambda: names(app) == ["c", "b", "a"] and screen.chosen.entry.name == "b")
        await until(pilot, lambda: "Restored: b" in text(app, "#notice"))
        assert not screen.check_action("undo", ())
        await pilot.press("x")
        await until(pilot, lambda: names(app) == ["c", "a"])
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen)
    # Later, too: `salesmind runs undelete`.
    assert [one.name for one in Library(tmp_path / "recordings").deleted()] == ["b"]


async def test_a_change_that_fails_is_said(
    make_app: Any, until: Any, open_list: Any, three: None, tmp_path: Path
) -> None:
    (tmp_path / "recordings" / ".deleted").write_text("in the way")
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_list(app, pilot)
        await pilot.press("x")
        await until(pilot, lambda: "Error:" in text(app, "#notice"))
        assert names(app) == ["c", "b", "a"]


async def test_one_that_was_cut_off_is_repaired(
    make_app: Any, until: Any, open_list: Any, three: None
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_list(app, pilot)
        assert not screen.check_action("repair", ())
        await pilot.press("down", "down")
        await until(pilot, lambda: "r repairs it" in text(app, "#facts"))
        directory = screen.chosen.entry.directory
        assert needs_repair(directory)
        await pilot.press("r")
        await until(pilot, lambda: "Repaired: a" in text(app, "#notice"))
        assert not needs_repair(directory)
        assert screen.chosen.entry.complete
        assert "repairs it" not in text(app, "#facts")


@pytest.mark.parametrize("suffix", FORMATS)
async def test_it_is_exported_as_chosen(
    make_app: Any,
    services: Any,
    until: Any,
    open_list: Any,
    record: Callable[..., Path],
    tmp_path: Path,
    suffix: str,
) -> None:
    services.documents = tmp_path / "documents"
    record()
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_list(app, pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, ExportScreen))
        await pilot.press(*["down"] * list(FORMATS).index(suffix), "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordingsScreen))
        await until(pilot, lambda: "Written:" in text(app, "#notice"))
    written = tmp_path / "documents" / f"20261122-a.{suffix}"
    assert written.stat().st_size > 0
    assert written.stat().st_mode & 0o077 == 0


async def test_an_export_without_sound_says_so_and_leaves_nothing(
    make_app: Any, services: Any, until: Any, open_list: Any, record: Callable[..., Path], tmp_path: Path
) -> None:
    services.documents = tmp_path / "documents"
    for track in record().glob("*.flac"):
        track.unlink()
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_list(app, pilot)
        await pilot.press("e", "enter")
        await until(pilot, lambda: "has no audio" in text(app, "#notice"))
    assert list((tmp_path / "documents").iterdir()) == []


async def test_text_of_others_does_no_harm(
    make_app: Any, until: Any, open_list: Any, record: Callable[..., Path]
) -> None:
    evil_strings = [text.encode("utf-8", "replace").decode() for text in EVIL.values()]
    for number, evil in enumerate(evil_strings):
        events = [Transcript(t=1.0, item_id="u", role="user", text=f"said {evil}", final=True)]
        record(f"r{number:03}", events, session_id=evil, server_url=evil, devices=(evil,))
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_list(app, pilot)
        await pilot.press("slash", *"said", "enter")
        await until(pilot, lambda: len(names(app)) == len(EVIL) and not screen._searching)
        for key in screen.table.shown:
            screen.table.choose(key)
            await pilot.pause()
            shown = text(app, "#facts") + "".join(map(str, screen.table.get_row(key)))
            assert harm_in(shown.replace("\n", "")) == []


async def test_hundreds_are_listed(
    make_app: Any, until: Any, open_list: Any, record: Callable[..., Path], tmp_path: Path
) -> None:
    import shutil

    first = record("0000", [])
    for number in range(1, 400):
        copy = tmp_path / "recordings" / f"{number:04}"
        copy.mkdir()
        for name in ("manifest.json", "events.jsonl"):
            shutil.copy(first / name, copy / name)
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_list(app, pilot)
        assert screen.table.row_count == 400
        await pilot.press("ctrl+end")
        await until(pilot, lambda: screen.table.cursor_row == 399)
        assert RecordingReader(screen.chosen.entry.directory).manifest is not None


async def test_two_recordings_side_by_side(
    make_app: Any, open_list: Any, record: Callable[..., Path], until: Any
) -> None:
    record("new", started_at="2026-11-24T10:05:00+00:00")
    changed: list[Any] = [*scripted.talk(), *scripted.end()]
    for n, event in enumerate(changed):
        if isinstance(event, Transcript) and event.role == "assistant":
            changed[n] = replace(event, text="まったく別の答えです")
    record("old", changed, started_at="2026-11-22T10:05:00+00:00")
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_list(app, pilot)
        await pilot.press("c")
        await until(pilot, lambda: "Choose the recording to compare with" in text(app, "#notice"))
        await pilot.press("c")  # the same one: forgotten
        await until(pilot, lambda: text(app, "#notice") == "")
        await pilot.press("c", "down", "c")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and app.screen._ready)
        assert "Turns" in text(app, "#figures")
        table = app.screen.query_one("#pairs", DataTable)
        rows = [[str(cell) for cell in table.get_row_at(n)] for n in range(table.row_count)]
        assert {row[1] for row in rows} == {"=", "~"}
        assert any("まったく別の答えです" in row[2].replace("\n", "") for row in rows)
        everything = table.row_count
        await pilot.press("f")
        await until(pilot, lambda: 0 < table.row_count < everything)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen))
        assert app.screen.directory.name == "old"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


async def test_a_comparison_with_what_cannot_be_read_says_so(
    make_app: Any, until: Any, tmp_path: Path
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Compare(tmp_path / "none", tmp_path / "neither"))
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await until(pilot, lambda: str(tmp_path / "none") in text(app, "#notice").replace("\n", ""))
        await pilot.press("enter", "b", "f", "escape")
        await until(pilot, lambda: not isinstance(app.screen, CompareScreen))
