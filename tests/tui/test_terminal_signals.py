"""The window's title, the bell and desktop notifications."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.evil_strings import EVIL
from tests.tui import scripted_check
from tui.host.terminal_signals import BELL, alert, title_of
from tui.navigation import CheckServer
from tui.status import Status, title


@pytest.mark.parametrize("text", EVIL)
def test_no_text_ends_a_sequence_early(text: str) -> None:
    for sequence in (title_of(text), alert("notification", text, None)):
        inside = sequence.removeprefix(BELL).removeprefix("\x1b]").removesuffix("\x1b\\").removesuffix("\x07")
        assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in inside)


def test_alerts() -> None:
    assert alert("off", "lost", None) == ""
    assert alert("bell", "lost", "tmux") == "\x07"
    assert alert("notification", "lost", None) == "\x07\x1b]9;lost\x07"
    assert alert("notification", "lost", "tmux") == "\x07\x1bPtmux;\x1b\x1b]9;lost\x07\x1b\\"


def test_the_title_leaves_out_what_changes_all_the_time() -> None:
    status = Status("demo@host", "admin", socket="open", recording=True, mode_reported=True, mode=True)
    assert title(status) == "SalesMind - demo@host - WS open - REC"
    assert title(replace(status, mode_age_s=3.0)) == title(status)
    assert title(Status()) == "SalesMind"


@pytest.fixture
def written(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes an app, and the list of what it writes beside the screen."""

    def make(**settings: Any) -> tuple[Any, list[str]]:
        app = make_app(logged_in=True, **settings)
        sequences: list[str] = []
        monkeypatch.setattr(app, "write_to_terminal", sequences.append)
        return app, sequences

    return make


async def test_a_lost_connection_is_told_once(written: Any) -> None:
    app, sequences = written(alert="bell")
    async with app.run_test() as pilot:
        await pilot.pause()
        status = Status("host", socket="open")
        app.status = status
        app.status = replace(status, mode_age_s=1.0)
        assert sequences[-1] == title_of("SalesMind - host - WS open")
        app.status = replace(status, socket="lost")
        app.status = replace(status, socket="lost", mode_age_s=2.0)
        assert sequences.count(BELL) == 1
        assert sequences[-2] == title_of("SalesMind - host - WS lost")


async def test_nothing_is_written_unless_wished(written: Any) -> None:
    app, sequences = written(terminal_title=False)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.status = Status("host", socket="lost")
    assert "".join(sequences) == ""


async def test_a_failed_acceptance_run_calls_the_operator(written: Any, services: Any, until: Any) -> None:
    app, sequences = written(alert="bell")
    async with app.run_test() as pilot:
        await pilot.pause()
        app.post_message(CheckServer())
        await until(pilot, lambda: app.screen.query("#news") and app.screen.options)
        await pilot.press("a")
        await until(pilot, lambda: services.check.running)
        services.check.end(*scripted_check.whole_run(frozenset({"t1.order"})))
        await until(pilot, lambda: BELL in sequences)
