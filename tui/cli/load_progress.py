"""The progress of a load run on standard error: a live table in a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

import click

from load.controller import WINDOW_ROWS, Watcher
from load.figures import Figures, Row, figures
from load.result import StepResult
from tui.i18n import _
from tui.wording import load as words

LINE_EVERY_ROWS = 5


class Progress:
    """A context around the run; its ``watcher`` is what the run tells."""

    def __init__(self, find_limit: bool) -> None:
        self._live: Any = None
        self._steps: list[str] = []
        self._last_row = 0
        self.watcher = Watcher(self._row, self._step, self._page, self._workers)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def _row(self, rows: list[Row]) -> None:
        recent = figures(rows[-WINDOW_ROWS:])
        if self._live is not None:
            self._live.update(_table(rows[-1], recent), refresh=True)
        elif len(rows) >= self._last_row + LINE_EVERY_ROWS:
            self._last_row = len(rows)
            click.echo(words.progress(rows[-1].t, rows[-1].wanted, recent), err=True)

    def _say(self, line: str) -> None:
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False)
        else:
            click.echo(line, err=True)

    def _step(self, step: StepResult) -> None:
        self._say(words.step(step))

    def _page(self, url: str) -> None:
        self._say(_("Locust's page: {url}").format(url=url))

    def _workers(self, here: int, expected: int) -> None:
        self._say(_("{here} of {expected} workers are here").format(here=here, expected=expected))


def _table(now: Row, recent: Figures) -> Any:
    """The last half minute."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head, *body = words.measure_rows(recent)
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(head):
        table.add_column(Text(heading), justify="left" if number == 0 else "right")
    for row in body:
        table.add_row(*map(Text, row))
    facts = [Text(f"{name}: {value}") for name, value in words.fact_rows(recent)]
    users = _("{seconds:.0f} s: {users} of {wanted} users; the last 30 s:").format(
        seconds=now.t, users=now.users, wanted=now.wanted
    )
    return Group(Text(users), table, *facts)
