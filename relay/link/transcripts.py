"""Transcripts from the server: items in order, and their text."""

from __future__ import annotations

from api_client import events as ev
from api_client.event_parts import ConversationItem
from relay.link.item_ids import ItemIds
from relay.link.replay import Replay
from relay.link.turn_taking import TypedTurns
from relay.newest_ids import NewestIds
from relay.output import Output
from relay.stream import Item, Role, Transcript, TranscriptFailed


class Transcripts:
    """Handles the items and texts of every connection of a run, one after the other."""

    def __init__(self, output: Output, typed: TypedTurns) -> None:
        self._output = output
        self._typed = typed
        self._replay = Replay()
        self._ids = ItemIds()
        self._final = NewestIds()
        self._parts: dict[str, dict[int, str]] = {}
        """Finished texts of the running answer, by item and content part."""

    def connected(self, replay: Replay, ids: ItemIds) -> None:
        """A new socket, which is told ``replay``."""
        self._replay = replay
        self._ids = ids
        self._parts.clear()

    def answer_delta(self, item_id: str, text: str, t: float) -> None:
        """More text of an answer."""
        self._say(item_id, "assistant", text, t, final=False)

    def answer_done(self, item_id: str, part: int, text: str, t: float) -> None:
        """The complete text of one content part of an answer."""
        parts = self._parts.setdefault(item_id, {})
        parts[part] = text
        self._say(item_id, "assistant", "".join(parts[n] for n in sorted(parts)), t, final=True)

    def answers_over(self) -> None:
        """A response ended: its items get no more parts."""
        self._parts.clear()

    def committed(self, event: ev.InputAudioCommitted, t: float) -> None:
        """The user's speech became an item."""
        previous = self._ids.predecessor(event.previous_item_id)
        item_id = self._ids.shown(event.item_id)
        self._output.emit(Item(t=t, item_id=item_id, role="user", previous_item_id=previous))

    def user_delta(self, event: ev.InputTranscriptionDelta, t: float) -> None:
        """More of the user's transcript."""
        self._say(self._ids.shown(event.item_id), "user", event.delta or "", t, final=False)

    def user_done(self, event: ev.InputTranscriptionCompleted, t: float) -> None:
        """The user's complete transcript."""
        self._say(self._ids.shown(event.item_id), "user", event.transcript or "", t, final=True)

    def user_failed(self, event: ev.InputTranscriptionFailed, t: float) -> None:
        """The user's speech could not be transcribed."""
        self._output.emit(
            TranscriptFailed(
                t=t,
                item_id=self._ids.shown(event.item_id),
                code=event.error.code or event.error.type or "transcription_failed",
                message=event.error.message or "",
            )
        )

    def added(self, event: ev.ItemAdded, t: float) -> None:
        """An item was added: a typed turn, an answer, or the echo of a replayed turn."""
        item = event.item
        role = _role(item)
        if role is None or self._is_echo(item, role):
            return
        if role == "user":
            self._typed.confirmed(item.text)
        item_id = self._ids.shown(item.id)
        previous = self._ids.predecessor(event.previous_item_id)
        self._output.emit(Item(t=t, item_id=item_id, role=role, previous_item_id=previous))
        if role != "assistant" and item.text and item_id not in self._final:
            self._say(item_id, role, item.text, t, final=True)

    def done(self, event: ev.ItemDone, t: float) -> None:
        """An item is complete. Its text usually came before; a server may send only the finished item."""
        item = event.item
        role = _role(item)
        if role is None or not item.text or self._is_echo(item, role):
            return
        item_id = self._ids.shown(item.id)
        if item_id not in self._final:
            self._say(item_id, role, item.text, t, final=True)

    def _is_echo(self, item: ConversationItem, role: Role) -> bool:
        if self._ids.is_replayed(item.id):
            return True
        original = self._replay.echoed(item, role)
        if original is not None:
            self._ids.replayed(item.id, original)
        return original is not None

    def _say(self, item_id: str, role: Role, text: str, t: float, *, final: bool) -> None:
        if final:
            self._final.add(item_id)
        self._output.emit(Transcript(t=t, item_id=item_id, role=role, text=text, final=final))


def _role(item: ConversationItem) -> Role | None:
    """The speaker; None for items without one, such as a function call."""
    match item.role:
        case "user" | "assistant" | "system" as role:
            return role
        case _:
            return None
