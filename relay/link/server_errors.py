"""What the server's ``error`` events mean for this connection."""

from __future__ import annotations

from api_client.error_codes import ErrorMeaning, error_meaning
from api_client.events import ErrorEvent
from relay.output import Output
from relay.stream import Problem

ACTIVE_RESPONSE = "conversation_already_has_active_response"


class ServerErrors:
    """Tells the reader of the stream, and remembers what decides about the connection. One per socket."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._expected: set[str] = set()
        self.verdict: ErrorMeaning | None = None
        """The first error by which this connection is over or dead."""
        self.last: ErrorMeaning | None = None
        """The newest error that is not benign; a close usually follows from it."""
        self.refused_event_ids: set[str] = set()
        """Our events (by ``event_id``) that the server refused."""

    def connected(self) -> None:
        """A new socket: nothing is known against it."""
        self._expected.clear()
        self.refused_event_ids.clear()
        self.verdict = None
        self.last = None

    def expect(self, event_id: str) -> None:
        """The answer to this event of ours is an error, and that is what we want to hear."""
        self._expected.add(event_id)

    def handle(self, event: ErrorEvent, t: float) -> bool:
        """Take one error in; True if it says that another response is still running."""
        detail = event.detail
        if detail.event_id is not None and detail.event_id in self._expected:
            self._expected.discard(detail.event_id)
            return False
        meaning = error_meaning(event.code, event.error_type, event.message)
        if meaning.benign:
            self._output.notice(meaning.code, meaning.message)
            return meaning.code == ACTIVE_RESPONSE
        if detail.event_id is not None:
            self.refused_event_ids.add(detail.event_id)
        self.last = meaning
        if self.verdict is None and (meaning.fatal or meaning.upstream_lost):
            self.verdict = meaning
        params = {"message": event.message}
        if detail.param:
            params["param"] = detail.param
        self._output.problem(
            Problem(
                t=t,
                where="server",
                code=meaning.code,
                message=meaning.message,
                fatal=meaning.fatal and not meaning.retry,
                params=params,
            )
        )
        return False
