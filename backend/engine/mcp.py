"""MCP servers named in ``tools``: the engine reaches none, and says so as of one that does not answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from backend.engine.items import Conversation
from backend.engine.protocol import Event, event, new_id


class McpServers:
    """The servers of one connection whose tools have been asked for."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._asked: set[str] = set()

    def asked_for(self, tools: Iterable[dict[str, Any]]) -> Iterator[Event]:
        """The events of listing the tools of each server in ``tools`` that is new, which fails."""
        labels = [tool["server_label"] for tool in tools if tool.get("type") == "mcp"]
        for label in dict.fromkeys(labels):
            if label not in self._asked:
                self._asked.add(label)
                yield from self._failed_listing(label)

    def _failed_listing(self, label: str) -> Iterator[Event]:
        item = {"id": new_id("mcpl"), "type": "mcp_list_tools", "server_label": label, "tools": []}
        previous = self._conversation.add(item)
        yield event("conversation.item.added", previous_item_id=previous, item=item)
        yield event("mcp_list_tools.in_progress", item_id=item["id"])
        yield event("mcp_list_tools.failed", item_id=item["id"])
        yield event("conversation.item.done", previous_item_id=previous, item=item)
