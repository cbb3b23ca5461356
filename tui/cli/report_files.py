"""Reports of an acceptance run, written to the files that somebody named (``-`` is standard output)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from acceptance.results import RunResult
from tui import i18n
from tui.cli.group import reject
from tui.i18n import _

FORMATS = ("markdown", "junit", "html", "json")
FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


def write_reports(result: RunResult, files: Mapping[str, Path | None]) -> None:
    """Write each format of ``files`` that has a path, in the language in force. Raises ``Exit`` after saying why."""
    from acceptance import reports

    language = i18n.language()
    formats: dict[str, Callable[[], str]] = {
        "markdown": lambda: reports.markdown(result, language),
        "junit": lambda: reports.junit(result, language),
        "html": lambda: reports.html(result, language),
        "json": lambda: reports.as_json(result),
    }
    for name, path in files.items():
        if path is not None:
            write_file(path, formats[name]().encode("utf-8", "replace"))


def write_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write ``data``, a new file with ``mode`` as far as the umask allows. Raises ``Exit`` after saying why."""
    if str(path) == "-":
        click.echo(data, nl=False)
        return
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
    except OSError as error:
        sentence = _("The file {path} cannot be written: {reason}")
        raise reject(sentence.format(path=path, reason=error.strerror)) from None
