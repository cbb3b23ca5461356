"""Reports of losses and retries in the stream: each loss at once, a long outage as one problem."""

from __future__ import annotations

from relay.link.ending import Ending
from relay.output import Output
from relay.stream import Connection, Problem


class LossReports:
    """One per run."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._said: str | None = None
        """Code of the last problem that was told since the gate was open."""
        self._lost = False
        self.restored = 0
        """Losses after which the gate opened again."""

    def ended(self, ending: Ending, *, opened: bool) -> None:
        """A connection has ended; ``opened``: its WebSocket had been accepted."""
        if ending.kind in ("stopped", "closed") or not opened:
            return
        self._lost = True
        if ending.kind == "asked":
            return
        self._output.emit(
            Connection(
                t=self._output.now(),
                state="lost",
                close_code=ending.close_code,
                reason=ending.reason or ending.code,
            )
        )

    def gate_opened(self, attempt: int, *, first: bool) -> None:
        """The gate opened, after ``attempt`` attempts."""
        self._said = None
        if self._lost:
            self._lost = False
            self.restored += 0 if first else 1
            self._output.emit(Connection(t=self._output.now(), state="restored", attempt=attempt))

    def problem(self, ending: Ending, *, fatal: bool) -> None:
        """Report why the connection ended; ``fatal``: there will be no other."""
        # An outage of a minute is ninety failed attempts and one problem.
        if not fatal and (ending.told or ending.code == self._said):
            return
        if fatal and ending.told and not ending.retry:
            return  # told as fatal already, in the server's words
        self._said = ending.code
        self._output.problem(
            Problem(
                t=self._output.now(),
                where="connection",
                code=ending.code,
                message=ending.message,
                fatal=fatal,
                params=ending.params | ({"said": ending.reason} if ending.reason else {}),
            )
        )

    def retrying(self, ending: Ending, attempt: int, delay_s: float) -> None:
        """Report another attempt in ``delay_s``."""
        now = self._output.now()
        self._output.emit(
            Connection(t=now, state="retrying", attempt=attempt, delay_s=delay_s, reason=ending.code)
        )

    def given_up(self, ending: Ending, attempt: int) -> None:
        """Report that there will be no more attempts."""
        self._output.emit(
            Connection(
                t=self._output.now(),
                state="given_up",
                attempt=attempt,
                close_code=ending.close_code,
                reason=ending.reason or ending.code,
            )
        )
