"""Typed turns that reach the server, and one outstanding response at a time (realtime-protocol, section 15.4)."""

from __future__ import annotations


class TypedTurns:
    """Texts that were typed: each is said once there is a configured connection, and said again on the next one
    if this one is lost before the server has confirmed it."""

    def __init__(self) -> None:
        self._unsaid: list[str] = []
        self._unconfirmed: list[str] = []

    def add(self, text: str) -> None:
        """One more."""
        self._unsaid.append(text)

    def take(self) -> list[str]:
        """Those to be said now, in order."""
        texts, self._unsaid = self._unsaid, []
        self._unconfirmed += texts
        return texts

    def confirmed(self, text: str) -> None:
        """The server has made an item of ``text``."""
        if text in self._unconfirmed:
            self._unconfirmed.remove(text)

    def connected(self) -> None:
        """A new socket: what the server has not confirmed on the old one, it may never have got."""
        self._unsaid = self._unconfirmed + self._unsaid
        self._unconfirmed = []


class ResponseTurns:
    """Says when ``response.create`` may be sent: never while another response is open or asked for."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        """Ids of responses that have begun and not ended."""
        self._asked = False
        self._waiting = False

    def connected(self) -> None:
        """A new socket has no responses. A request that waited is still wanted."""
        self._waiting = self._waiting or self._asked
        self.open.clear()
        self._asked = False

    def request(self) -> bool:
        """An answer is wanted; True if ``response.create`` is to be sent now, else it waits."""
        self._waiting = True
        return self._release()

    def created(self, response_id: str) -> None:
        """A response began, ours or one that the server's VAD asked for."""
        self._asked = False
        self.open.add(response_id)

    def done(self, response_id: str) -> bool:
        """A response ended; True if one that waited is to be sent now."""
        self.open.discard(response_id)
        return self._release()

    def refused(self) -> None:
        """``conversation_already_has_active_response``: ours waits for that one's end."""
        if self._asked:
            self._asked = False
            self._waiting = True

    def resume(self) -> bool:
        """The session is configured; True if a request waited for it."""
        return self._release()

    def _release(self) -> bool:
        if not self._waiting or self._asked or self.open:
            return False
        self._waiting = False
        self._asked = True
        return True
