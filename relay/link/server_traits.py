"""What one connection learns about the server for the next one."""

from __future__ import annotations

from dataclasses import replace

from api_client.session_update import Dialect
from relay.codes import RelayCode
from relay.link.connection import LiveConnection
from relay.link.ending import Ending


class ServerTraits:
    """One per run."""

    def __init__(self) -> None:
        self.dialect: Dialect | None = None
        """The shape it speaks, if it does not say so itself and refused the other one."""
        self.answers_probes = True
        """False once it has left one without an answer, and never answered any."""

    def learn(self, ended: LiveConnection, ending: Ending) -> Ending:
        """Learn from ``ended``; returns its ending, which may now be worth another attempt."""
        if ending.code in (RelayCode.UPSTREAM_SILENT, RelayCode.SERVER_SILENT):
            # A server that has never answered a probe may not know the question: ask, but do not conclude.
            self.answers_probes = ended.answers_probes
        if ending.other_dialect and ended.guessed_dialect is not None and self.dialect is None:
            self.dialect = "beta" if ended.guessed_dialect == "ga" else "ga"
            return replace(ending, retry=True)
        return ending
