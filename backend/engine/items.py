"""The conversation: an ordered list of items and the audio that belongs to them. Pure.

Items are the protocol's own dictionaries. Events show them without audio; only ``retrieved`` has it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from backend.engine.item_schema import OTHERS, check_item
from backend.engine.protocol import BYTES_PER_MS, ProtocolError, decode_audio, encode_audio, new_id

Item = dict[str, Any]

ROOT = "root"


class Conversation:
    """Items in their order, found by id."""

    def __init__(self) -> None:
        self.id = new_id("conv")
        self._order: list[str] = []
        self._items: dict[str, Item] = {}
        self._audio: dict[tuple[str, int], bytearray] = {}
        self._truncated: set[tuple[str, int]] = set()

    def __len__(self) -> int:
        return len(self._order)

    @property
    def last_id(self) -> str | None:
        """The id of the last item; None in an empty conversation."""
        return self._order[-1] if self._order else None

    def in_order(self) -> list[Item]:
        """The items as they follow one another."""
        return [self._items[item_id] for item_id in self._order]

    def get(self, item_id: str) -> Item | None:
        """The item with this id, or None."""
        return self._items.get(item_id)

    def audio_of(self, item_id: str, content_index: int = 0) -> bytes:
        """PCM16 of one content part; empty when it has none."""
        return bytes(self._audio.get((item_id, content_index), b""))

    def audio_ms(self, item_id: str, content_index: int = 0) -> int:
        """Length in ms of the audio of one content part."""
        return len(self._audio.get((item_id, content_index), b"")) // BYTES_PER_MS

    def add(self, item: Item, previous_item_id: str | None = None) -> str | None:
        """Insert ``item`` at the end, at the front (``root``) or after an id; returns the id before it.

        Raises ``ProtocolError`` for an id that is taken or a predecessor that does not exist.
        """
        if item["id"] in self._items:
            raise ProtocolError(
                "item_create_duplicate_item_id", f"An item '{item['id']}' already exists.", "item.id"
            )
        position = len(self._order)
        if previous_item_id == ROOT:
            position = 0
        elif previous_item_id is not None:
            if previous_item_id not in self._items:
                raise ProtocolError(
                    "item_create_invalid_previous_item_id",
                    f"There is no item '{previous_item_id}' to insert after.",
                    "previous_item_id",
                )
            position = self._order.index(previous_item_id) + 1
        self._order.insert(position, item["id"])
        self._items[item["id"]] = item
        return self._order[position - 1] if position else None

    def has_call(self, call_id: str) -> bool:
        """Whether one of the items is the call of a function with this id."""
        return any(
            item["type"] == "function_call" and item.get("call_id") == call_id
            for item in self._items.values()
        )

    def append_audio(self, item_id: str, pcm: bytes, content_index: int = 0) -> None:
        """Put ``pcm`` at the end of the audio of one content part.

        Of an item that has been deleted, or a part that has been truncated, nothing more is kept.
        """
        if item_id not in self._items or (item_id, content_index) in self._truncated:
            return
        self._audio.setdefault((item_id, content_index), bytearray()).extend(pcm)

    def retrieved(self, item_id: str, encode: Callable[[bytes, str], bytes]) -> Item:
        """A copy of the item with its audio as base64. Raises ``ProtocolError`` for an unknown id.

        ``encode`` turns PCM16 24 kHz of an item of a role (second argument) into the session's format.
        """
        item = copy.deepcopy(self._known(item_id, "item_retrieve_invalid_item_id"))
        for index, part in enumerate(item.get("content", ())):
            if audio := self._audio.get((item_id, index)):
                part["audio"] = encode_audio(encode(bytes(audio), item["role"]))
        return item

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Keep the first ``audio_end_ms`` of an assistant item's audio, and none of its transcript.

        Raises ``ProtocolError`` when there is no such item, it is not assistant audio, or it is shorter.
        """
        item = self._known(item_id, "item_truncate_invalid_item_id")
        content = item.get("content", [])
        part = content[content_index] if content_index < len(content) else {}
        if item.get("role") != "assistant" or part.get("type") != "output_audio":
            raise ProtocolError(
                "unsupported_content_type", "Only assistant audio items can be truncated.", "item_id"
            )
        length_ms = self.audio_ms(item_id, content_index)
        if audio_end_ms > length_ms:
            message = f"Audio content of {length_ms}ms is already shorter than {audio_end_ms}ms"
            raise ProtocolError("invalid_value", message, "audio_end_ms")
        del self._audio.setdefault((item_id, content_index), bytearray())[audio_end_ms * BYTES_PER_MS :]
        part["transcript"] = None
        self._truncated.add((item_id, content_index))

    def is_truncated(self, item_id: str, content_index: int = 0) -> bool:
        """Whether a part has been cut to what was heard of it: nothing is added to it any more."""
        return (item_id, content_index) in self._truncated

    def delete(self, item_id: str) -> None:
        """Forget an item. Raises ``ProtocolError`` for an unknown id."""
        self._known(item_id, "item_delete_invalid_item_id")
        del self._items[item_id]
        self._order.remove(item_id)
        for key in [key for key in self._audio if key[0] == item_id]:
            del self._audio[key]
        self._truncated = {key for key in self._truncated if key[0] != item_id}

    def _known(self, item_id: str, code: str) -> Item:
        if item_id not in self._items:
            raise ProtocolError(code, f"There is no item '{item_id}' in the conversation.", "item_id")
        return self._items[item_id]


def client_item(given: Item, path: str = "item", *, strict: bool = True) -> tuple[Item, dict[int, bytes]]:
    """The item that a client asks for, and the audio of its parts by content index.

    Raises ``ProtocolError`` naming the field, below ``path``, that is missing or wrong.
    """
    check_item(given, path, strict)
    kind = given["type"]
    base = {"id": given.get("id") or new_id("item"), "object": "realtime.item", "type": kind}
    if kind == "message":
        content, audio = _message_content(given["content"], f"{path}.content")
        return {**base, "status": "completed", "role": given["role"], "content": content}, audio
    if kind == "function_call":
        call_id = given.get("call_id") or new_id("call")
        fields = {"call_id": call_id, "name": given["name"], "arguments": given["arguments"]}
        return {**base, "status": "completed", **fields}, {}
    if kind == "function_call_output":
        return {**base, "call_id": given["call_id"], "output": given["output"]}, {}
    fields = {key: value for key, value in given.items() if key in OTHERS[kind].fields and key != "object"}
    return {**fields, "id": base["id"]}, {}


def _message_content(parts: list[dict[str, Any]], path: str) -> tuple[list[dict[str, Any]], dict[int, bytes]]:
    content: list[dict[str, Any]] = []
    audio: dict[int, bytes] = {}
    for index, part in enumerate(parts):
        kind = part["type"]
        if kind == "input_audio":
            if part.get("audio") is not None:
                audio[index] = decode_audio(part["audio"], f"{path}[{index}].audio")
            content.append({"type": kind, "transcript": part.get("transcript")})
        else:
            field = "image_url" if kind == "input_image" else "text"
            content.append({"type": kind, field: part[field]})
    return content, audio


def words_of(item: Item) -> str | None:
    """What a message says: its texts and transcripts. None when nothing of it is known in words."""
    parts = [part.get("text") or part.get("transcript") for part in item.get("content", ())]
    known = [part for part in parts if part]
    return " ".join(known) if known else None
