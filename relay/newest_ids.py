"""A set of ids that forgets the oldest, so that hours of them take no more room than the newest."""

from __future__ import annotations

from collections.abc import Iterator

KEPT_IDS = 1_000
"""Items or responses: more than an hour of them. No server names one again after so long."""


class NewestIds:
    """Holds the ``kept`` ids that were added last."""

    def __init__(self, kept: int = KEPT_IDS) -> None:
        self._kept = kept
        self._ids: dict[str, None] = {}

    def add(self, item_id: str) -> None:
        """One more; an id that is there keeps its place."""
        self._ids[item_id] = None
        if len(self._ids) > self._kept:
            del self._ids[next(iter(self._ids))]

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
