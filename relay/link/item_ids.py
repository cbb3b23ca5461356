"""Maps the server's items to turns of the transcript.

A server numbers its items per connection: replayed turns get new ids, and an id that an earlier connection
used may come back for something else. In the stream an item keeps one id for the whole conversation.
"""

from __future__ import annotations

from collections.abc import Container


class ItemIds:
    """The ids of one connection. ``taken``: the items of the connections before; ``newest`` is the last of them."""

    def __init__(self, connection: int = 1, taken: Container[str] = (), newest: str | None = None) -> None:
        self._connection = connection
        self._taken = taken
        self._newest = newest
        self._shown: dict[str, str] = {}
        self._of_server: dict[str, str] = {}
        self._last_replayed: str | None = None

    def shown(self, item_id: str) -> str:
        """The stream's id for the server's ``item_id``."""
        shown = self._shown.get(item_id)
        if shown is None:
            shown = f"{item_id}#{self._connection}" if item_id in self._taken else item_id
            self._shown[item_id] = shown
            self._of_server[shown] = item_id
        return shown

    def replayed(self, item_id: str, original: str) -> None:
        """The server now uses this id for the earlier turn ``original``."""
        self._shown[item_id] = original
        self._last_replayed = item_id

    def is_replayed(self, item_id: str) -> bool:
        """Whether it is from an earlier connection."""
        shown = self._shown.get(item_id)
        return shown is not None and shown in self._taken

    def predecessor(self, item_id: str | None) -> str | None:
        """The stream's id of the item before another.

        What follows the last replayed turn follows everything said before, including unfinished turns,
        which the server does not know.
        """
        if item_id is None:
            return None
        if item_id == self._last_replayed:
            return self._newest
        return self._shown.get(item_id, item_id)

    def on_server(self, shown: str) -> str | None:
        """This connection's server id for the item; None if the server does not know it, or only its text."""
        return self._of_server.get(shown)
