"""Reports of an acceptance run, written to the given files (``-`` is standard output)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from acceptance.results import RunResult
from tui import i18n
from tui.cli.group import reject
from tui.i18n import _

FORMATS = ("markdown", "junit", "html", "json")
FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)
STANDARD_OUTPUT = Path("-")


def check_files(files: Iterable[Path | None], *, output_taken: bool = False) -> None:
    """Check before a run that its reports can be written. Raises ``Exit`` after reporting why not.

    ``output_taken``: something else is written to standard output.
    """
    named = [path for path in files if path is not None]
    if named.count(STANDARD_OUTPUT) + output_taken > 1:
        raise reject(_("Only one thing can be written to standard output."))
    for path in named:
        if path != STANDARD_OUTPUT:
            _check_file(path)


def _check_file(path: Path) -> None:
    existed = os.path.lexists(path)
    if existed and not path.is_file():
        return  # opening a pipe would be noticed at its other end
    try:
        path.open("ab").close()  # what is in it stays until there is a report
        if not existed:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def write_reports(result: RunResult, files: Mapping[str, Path | None]) -> None:
    """Write each format of ``files`` that has a path, in the current language.

    A failure is reported and does not stop the others; then ``Exit`` is raised.
    """
    from acceptance import reports

    language = i18n.language()
    formats: dict[str, Callable[[], str]] = {
        "markdown": lambda: reports.markdown(result, language),
        "junit": lambda: reports.junit(result, language),
        "html": lambda: reports.html(result, language),
        "json": lambda: reports.as_json(result),
    }
    failure: click.exceptions.Exit | None = None
    for name, path in files.items():
        if path is None:
            continue
        try:
            write_file(path, formats[name]().encode("utf-8", "replace"))
        except click.exceptions.Exit as exit_:
            failure = exit_
    if failure is not None:
        raise failure


def write_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write ``data``, a new file with ``mode`` as far as the umask allows. Raises ``Exit`` after reporting why."""
    if path == STANDARD_OUTPUT:
        click.echo(data, nl=False)
        return
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> click.exceptions.Exit:
    sentence = _("The file {path} cannot be written: {reason}")
    return reject(sentence.format(path=path, reason=error.strerror))
