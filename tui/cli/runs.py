"""`salesmind runs`: the recorded conversations, to list, show, search, compare, mark, export, delete and repair."""

from __future__ import annotations

import click

from tui.cli.group import SuggestingGroup
from tui.cli.runs_compare import compare_command
from tui.cli.runs_export import export_command
from tui.cli.runs_keep import delete_command, mark_command, note_command, repair_command, undelete_command
from tui.cli.runs_list import list_command, show_command
from tui.i18n import _


@click.group(
    cls=SuggestingGroup,
    help=_("List, search, show, compare, mark, export, delete and repair the recorded conversations."),
    short_help=_("List, show and export the recorded conversations."),
)
def command() -> None:
    """The group; it does nothing by itself."""


for part in (
    list_command,
    show_command,
    compare_command,
    export_command,
    mark_command,
    note_command,
    delete_command,
    undelete_command,
    repair_command,
):
    command.add_command(part)
