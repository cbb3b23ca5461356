"""Which turn of the transcript an item of the server's is.

A server counts its items per connection: what it is told again gets new ids, and an id that an earlier connection
used may come again for something else. In the stream an item has one id for as long as the conversation lasts.
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
        """The id in the stream of what the server calls ``item_id``."""
        shown = self._replayed.get(item_id) or self._shown.get(item_id)
        if shown is None:
            shown = f"{item_id}#{self._connection}" if item_id in self._taken else item_id
            self._shown[item_id] = shown
            self._of_server[shown] = item_id
            if len(self._shown) > KEPT_IDS:
                self._of_server.pop(self._shown.pop(next(iter(self._shown))), None)
        return shown

    def replayed(self, item_id: str, original: str) -> None:
        """The server calls the earlier turn ``original`` by this id now."""
        self._replayed[item_id] = original
        self._last_replayed = item_id

    def is_replayed(self, item_id: str) -> bool:
        """It was said on an earlier connection."""
        return item_id in self._replayed

    def predecessor(self, item_id: str | None) -> str | None:
        """The id in the stream of the item that stands before another.

        What follows the last replayed turn follows everything that was said before, unfinished turns included,
        of which the server knows nothing.
        """
        if item_id is None:
            return None
        if item_id == self._last_replayed:
            return self._newest
        return self._replayed.get(item_id) or self._shown.get(item_id, item_id)

    def on_server(self, shown: str) -> str | None:
        """What the server of this connection calls the item; None if it knows no such item, or only its text."""
        return self._of_server.get(shown)
