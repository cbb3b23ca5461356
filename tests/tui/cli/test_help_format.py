"""Help fits a terminal of 80 columns, in Japanese too."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.cli.group import salesmind
from tui.cli.help_format import HelpContext, HelpFormatter, wrap
from tui.wording.cells import cells


def pages(command: click.Command, parent: click.Context | None = None) -> Iterator[str]:
    """The help of ``command`` and of everything below it."""
    context = HelpContext(command, parent=parent, info_name=command.name, terminal_width=78)
    yield command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from pages(below, context)


def test_no_help_is_wider_than_a_terminal() -> None:
    found = list(pages(salesmind))
    assert len(found) > 10
    assert [line for page in found for line in page.splitlines() if cells(line) > 80] == []


def test_summaries_of_commands_are_not_cut_short() -> None:
    assert "..." not in next(pages(salesmind)).partition("Commands:")[2]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two three", 7, ["one two", "three"]),
        ("unbreakable", 4, ["unbreakable"]),
        ("日本語の説明です。", 10, ["日本語の説", "明です。"]),
        ("日本語です。", 10, ["日本語で", "す。"]),
        ("録音（原音）", 6, ["録音", "（原", "音）"]),
        ("tone[:HZ]、silence", 12, ["tone[:HZ]、", "silence"]),
    ],
)
def test_lines_break_where_they_may(text: str, width: int, lines: list[str]) -> None:
    assert list(wrap(text, width)) == lines


@given(st.text(alphabet="ab 日本語、。（）[:].", max_size=60), st.integers(8, 30))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    assert "".join("".join(wrap(text, width)).split()) == "".join(text.split())


def test_columns_are_measured_in_cells() -> None:
    formatter = HelpFormatter(width=40)
    formatter.write_dl([("--log ファイル", "x"), ("--host TEXT", "y")])
    first, second = formatter.getvalue().splitlines()
    assert cells(first[: first.index("x")]) == cells(second[: second.index("y")])
