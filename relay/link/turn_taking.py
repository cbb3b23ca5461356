"""Typed turns that reach the server, and one outstanding response at a time (realtime-protocol, section 15.4)."""

from __future__ import annotations

BEGINS_WITHIN_S = 15.0
"""A requested response that has neither started nor been refused by then is not coming."""
GOES_ON_WITHIN_S = 60.0
"""A response that has been silent this long is over, whatever the server thinks."""


class TypedTurns:
    """Typed texts: each is sent once there is a configured connection, and again on the next one
    if this one is lost before the server has confirmed it."""

    def __init__(self) -> None:
        self._unsaid: list[str] = []
        self._unconfirmed: list[str] = []

    def add(self, text: str) -> None:
        """Add a text."""
        self._unsaid.append(text)

    def take(self) -> list[str]:
        """The texts to send now, in order."""
        texts, self._unsaid = self._unsaid, []
        self._unconfirmed += texts
        return texts

    def confirmed(self, text: str) -> None:
        """The server created an item for ``text``."""
        if text in self._unconfirmed:
            self._unconfirmed.remove(text)

    def connected(self) -> None:
        """A new socket: resend what the server did not confirm on the old one."""
        self._unsaid = self._unconfirmed + self._unsaid
        self._unconfirmed = []


class ResponseTurns:
    """Decides when ``response.create`` may be sent: never while another response is open or requested.

    ``response.created`` does not say who requested it, so a response of the server's VAD that crosses our
    request looks like ours until the request is refused. Times are seconds of the monotonic clock.
    """

    def __init__(self) -> None:
        self.open: set[str] = set()
        """Ids of responses that have begun and not ended."""
        self._requests = 0
        self._asked_at: float | None = None
        self._waiting = False
        self._unsettled = False
        """A request was sent, and no response has ended since: it may still be refused."""
        self._last_sign = 0.0

    @property
    def request_id(self) -> str:
        """``event_id`` of the last request allowed."""
        return f"response_create_{self._requests}"

    @property
    def busy(self) -> bool:
        """Whether a response is open, requested, or wanted."""
        return bool(self.open) or self._waiting or self._asked_at is not None

    def connected(self, *, wanted: bool = False) -> None:
        """A new socket has no responses. A request that waited is still wanted, and so is a ``wanted`` answer."""
        self._waiting = self._waiting or self._asked_at is not None or wanted
        self.open.clear()
        self._asked_at = None

    def request(self, now: float) -> bool:
        """Request an answer; True if ``response.create`` is to be sent now, otherwise it waits."""
        self._waiting = True
        return self._release(now)

    def created(self, response_id: str, now: float) -> None:
        """A response started, ours or one that the server's VAD requested."""
        self._asked_at = None
        self._last_sign = now
        self.open.add(response_id)

    def alive(self, now: float) -> None:
        """A response shows activity."""
        self._last_sign = now

    def done(self, response_id: str, now: float) -> bool:
        """A response ended (unnamed: whichever was open); True if one that waited is to be sent now."""
        if not response_id:
            return self.all_done(now)
        self.open -= {response_id, ""}
        self._unsettled = self._asked_at is not None
        return self._release(now)

    def all_done(self, now: float) -> bool:
        """Responses have ended that cannot be told apart; True if one that waited is to be sent now."""
        self.open.clear()
        self._unsettled = self._asked_at is not None
        return self._release(now)

    def refused(self, event_id: str | None, *, other_is_running: bool, now: float) -> bool:
        """The server answered with an error, to the event ``event_id`` if it says so; True if one that waited is to
        be sent now.

        ``other_is_running`` (``conversation_already_has_active_response``): ours waits for that one's end. Refused
        for any other reason it is not asked for again, but the next one may be.
        """
        unsettled = self._unsettled if other_is_running else self._asked_at is not None
        if not (unsettled if event_id is None else event_id == self.request_id):
            return False
        self._asked_at = None
        if other_is_running:
            self._waiting = True
            self._last_sign = now
            return False
        return self._release(now)

    def resume(self, now: float) -> bool:
        """The session is configured; True if a request waited for it."""
        return self._release(now)

    def expire(self, now: float) -> bool:
        """Give up on overdue responses; True if a waiting request is to be sent now."""
        if self._asked_at is not None:
            if now - self._asked_at >= BEGINS_WITHIN_S:
                self._asked_at = None
        elif now - self._last_sign >= (GOES_ON_WITHIN_S if self.open else BEGINS_WITHIN_S):
            self.open.clear()
        else:
            return False
        return self._release(now)

    def _release(self, now: float) -> bool:
        if not self._waiting or self._asked_at is not None or self.open:
            return False
        self._waiting = False
        self._unsettled = True
        self._asked_at = now
        self._requests += 1
        return True
