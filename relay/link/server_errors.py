"""What the server's ``error`` events mean for one connection."""

from __future__ import annotations

from api_client.error_codes import ErrorMeaning, error_meaning
from api_client.events import ErrorEvent
from relay.output import Output
from relay.stream import Notice, Problem

ACTIVE_RESPONSE = "conversation_already_has_active_response"


class ServerErrors:
    """Reports errors in the stream and remembers the one that decides about the connection. One per socket."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._expected: set[str] = set()
        self.verdict: ErrorMeaning | None = None
        """The gravest error by which this connection is over or dead; of equals the first."""
        self.last: ErrorMeaning | None = None
        """The newest error that is not benign; a close usually follows from it."""
        self.refused_event_ids: set[str] = set()
        """Our events (by ``event_id``) that the server refused."""

    def expect(self, event_id: str) -> None:
        """Expect an error in answer to this event of ours."""
        self._expected.add(event_id)

    def handle(self, event: ErrorEvent, t: float) -> ErrorMeaning | None:
        """Handle and report one error; None for an expected one."""
        detail = event.detail
        meaning = error_meaning(event.code, event.error_type, event.message)
        if detail.event_id is not None and detail.event_id in self._expected:
            self._expected.discard(detail.event_id)
            if not _decides(meaning):
                return None
        if meaning.benign:
            self._output.emit(Notice(t=t, code=meaning.code, message=meaning.message))
            return meaning
        if detail.event_id is not None:
            self.refused_event_ids.add(detail.event_id)
        self.last = meaning
        if _decides(meaning):
            if self.verdict is not None and self.verdict.code == meaning.code:
                return meaning  # told already
            if self.verdict is None or _gravity(meaning) > _gravity(self.verdict):
                self.verdict = meaning
        params = {"message": event.message}
        if meaning.said:
            params["said"] = meaning.said
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
        return meaning


def _decides(meaning: ErrorMeaning) -> bool:
    return meaning.fatal or meaning.upstream_lost


def _gravity(meaning: ErrorMeaning) -> tuple[bool, bool]:
    """Rank an error: one that a new connection cannot fix above one that it can, an explained one above the rest."""
    return (meaning.fatal and not meaning.retry, meaning.fatal)
