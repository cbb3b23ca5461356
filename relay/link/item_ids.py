"""Maps the server's items to turns of the transcript.

A server numbers its items per connection: replayed turns get new ids, and an id that an earlier connection
used may come back for something else. In the stream an item keeps one id for the whole conversation.
"""

from __future__ import annotations

from collections.abc import Container

from relay.newest_ids import KEPT_IDS


class ItemIds:
    """The ids of one connection. ``taken``: the items of the connections before; ``newest`` is the last of them."""

    def __init__(self, connection: int = 1, taken: Container[str] = (), newest: str | None = None) -> None:
        self._connection = connection
        self._taken = taken
        self._newest = newest
        self._replayed: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._of_server: dict[str, str] = {}
        """The newest that were named, both ways."""
        self._last_replayed: str | None = None

    def shown(self, item_id: str) -> str:
        """The stream's id for the server's ``item_id``."""
        shown = self._replayed.get(item_id) or self._shown.get(item_id)
        if shown is None:
            shown = f"{item_id}#{self._connection}" if item_id in self._taken else item_id
            self._shown[item_id] = shown
            self._of_server[shown] = item_id
            if len(self._shown) > KEPT_IDS:
                self._of_server.pop(self._shown.pop(next(iter(self._shown))), None)
        return shown

    def replayed(self, item_id: str, original: str) -> None:
        """The server now uses this id for the earlier turn ``original``."""
        self._replayed[item_id] = original
        self._last_replayed = item_id

    def is_replayed(self, item_id: str) -> bool:
        """Whether it is from an earlier connection."""
        return item_id in self._replayed

    def predecessor(self, item_id: str | None) -> str | None:
        """The stream's id of the item before another.

        What follows the last replayed turn follows everything said before, including unfinished turns,
        which the server does not know.
        """
        if item_id is None:
            return None
        if item_id == self._last_replayed:
            return self._newest
        return self._replayed.get(item_id) or self._shown.get(item_id, item_id)

    def on_server(self, shown: str) -> str | None:
        """This connection's server id for the item; None if the server does not know it, or only its text."""
        return self._of_server.get(shown)
