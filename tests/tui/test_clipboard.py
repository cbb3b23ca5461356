"""Copying through what stands between us and the terminal."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.host.clipboard import LONGEST, into_tmux, multiplexer, newest_that_fit, wrapped


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, "tmux"),
        ({"TERM": "tmux-256color"}, "tmux"),  # over SSH: the variable stays on the other side
        ({"TERM": "screen", "STY": "1.pts-0.host"}, "screen"),
        ({}, None),
    ],
)
def test_multiplexer_is_told_by_what_it_leaves_behind(environ: dict[str, str], expected: str | None) -> None:
    assert multiplexer(environ) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=2_000))
def test_wrapping_for_screen_comes_apart_again(text: str) -> None:
    pieces = wrapped(text, "screen").split("\x1b\\")
    assert pieces.pop() == ""
    assert all(piece.startswith("\x1bP") and len(piece) <= 768 for piece in pieces)
    sequence = "".join(piece.removeprefix("\x1bP") for piece in pieces)
    assert base64.b64decode(sequence.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == text


def test_wrapping_for_tmux_doubles_escapes() -> None:
    assert wrapped("a", "tmux") == "\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30)), st.integers(1, 50))
def test_what_is_left_out_is_the_oldest(lines: list[str], times: int) -> None:
    lines = lines * times
    kept = newest_that_fit(lines)
    assert list(kept) == lines[len(lines) - len(kept) :]
    assert len(base64.b64encode("\n".join(kept).encode())) <= LONGEST


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux")
async def test_a_real_tmux_takes_it_as_it_comes(tmp_path: Path) -> None:
    socket = tmp_path / "tmux"

    def tmux(*arguments: str) -> str:
        command = ["tmux", "-S", str(socket), "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    tmux("new-session", "-d", "-s", "case", "sleep 60")
    try:
        assert "external" in tmux("show-options", "-s", "set-clipboard")  # it drops OSC 52 of programs
        in_it = {"TMUX": tmux("display-message", "-p", "#{socket_path},#{pid},0").strip()}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMUX", in_it["TMUX"])
            assert await into_tmux("二行\nof text", in_it)
        assert tmux("show-buffer") == "二行\nof text"
    finally:
        tmux("kill-server")


async def test_without_tmux_nothing_is_tried() -> None:
    assert not await into_tmux("text", {})
