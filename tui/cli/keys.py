"""`salesmind keys`: every key of the console, and any problem with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from tui.cli.group import reject
from tui.cli.text_table import table_lines
from tui.i18n import N_, _
from tui.settings import SettingsError, load_settings


@dataclass(frozen=True, slots=True)
class Holder:
    """A program between the keyboard and us that intercepts keys by default."""

    name: str
    variable: str | None
    """The environment variable it sets for programs inside it; None: present in every terminal."""
    keys: tuple[str, ...]


HOLDERS = (
    Holder("tmux", "TMUX", ("ctrl+b",)),
    Holder("screen", "STY", ("ctrl+a",)),
    Holder(
        "Zellij", "ZELLIJ", ("ctrl+g", "ctrl+h", "ctrl+n", "ctrl+o", "ctrl+p", "ctrl+q", "ctrl+s", "ctrl+t")
    ),
    Holder(N_("VS Code's terminal"), "VSCODE_INJECTION", ("f1", "f11", "ctrl+p", "ctrl+e", "ctrl+f")),
    Holder(N_("many terminal windows"), None, ("f11", "alt+f4", "ctrl+tab", "f10")),
)


@click.command(
    help=_("List every key of the console: what it does, what it conflicts with, and what may intercept it."),
    short_help=_("List every key of the console, and any conflicts."),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object per line."))
def command(as_json: bool) -> None:
    """Print the table on standard output and problems on standard error; exit 1 for a conflict."""
    try:
        keymap = load_settings({}).keys
    except SettingsError as error:
        raise reject(str(error)) from None
    from tui.exit_codes import ExitCode
    from tui.keymap import conflicts, unknown_ids
    from tui.wording.errors import sentence

    rows = list(key_rows(keymap, os.environ))
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False).encode())
    else:
        for line in table_lines([(_("Name"), _("Keys"), _("What it does")), *map(_cells, rows)]):
            click.echo(line)
    for row in rows:
        for key, holder in row["kept_by"].items():
            sentence_ = _(
                "{key} ({name}) may not arrive: {holder} intercepts it. Use another key, or change that program's "
                "setting."
            )
            click.echo(sentence_.format(key=key, name=row["name"], holder=holder), err=True)
    if unknown := unknown_ids(keymap):
        click.echo(sentence("keys_unknown", {"ids": ", ".join(unknown)}), err=True)
    clashes = conflicts(keymap)
    for key, names in clashes:
        words = _("{key} is assigned to several actions: {names}.")
        click.echo(words.format(key=key, names=", ".join(names)), err=True)
    if clashes or unknown:
        raise click.exceptions.Exit(ExitCode.CHECK_FAILED)


def key_rows(keymap: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """One object per action, in the order of the screens."""
    from tui.actions import keys_of
    from tui.keymap import action_groups

    for action in dict.fromkeys(action for actions in action_groups() for action in actions):
        keys = keys_of(action, keymap)
        kept = {key: held for key in keys if (held := kept_by(key, environ)) is not None}
        others = [key for key in keys if key not in kept]
        yield {
            "name": action.id,
            "keys": keys,
            "help": _(action.help),
            "changed": action.id in keymap,
            "kept_by": {} if others else kept,
        }


def kept_by(key: str, environ: Mapping[str, str]) -> str | None:
    """What intercepts ``key`` here, or None."""
    for holder in HOLDERS:
        if key in holder.keys and (holder.variable is None or environ.get(holder.variable)):
            return _(holder.name)
    return None


def _cells(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["name"], ", ".join(row["keys"]) + (" *" if row["changed"] else ""), row["help"]
