"""Noticing that the server has silently lost its upstream.

An existing SalesMind server keeps accepting audio when its upstream is gone: no event, no close
(salesmind-api.md, section 3). Silence alone proves nothing, because a server owes nothing while nobody
speaks; so the upstream is sent a probe that changes nothing and must be answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api_client.client_events import ClientEvent

SILENT_AFTER_S = 10.0
"""Silence after speech that triggers a probe."""
IDLE_AFTER_S = 30.0
"""The same while only silence was sent, which needs no answer: probe rarely."""
LATE_AFTER_S = 5.0
"""Unanswered for this long: reported, since a busy server answers late."""

Action = Literal["wait", "probe", "late", "silent"]


class ItemRetrieve(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    """Retrieves an item. For a nonexistent item the answer is an error, and nothing changes.

    The other candidates do change something: ``session.update`` is sent once per connection,
    ``response.cancel`` may meet an answer that has just begun, ``input_audio_buffer.clear`` loses speech.
    """

    item_id: str


def probe(number: int) -> ItemRetrieve:
    """The probe, with an ``event_id`` that its answer will name."""
    return ItemRetrieve(item_id=f"item_probe_{number}", event_id=f"probe_{number}")


@dataclass(slots=True)
class SilenceWatch:
    """Decides from the times passed in, in seconds. One per socket."""

    opened_at: float
    answer_within_s: float
    """No answer and no sign of life by then: lost."""
    silent_after_s: float = SILENT_AFTER_S
    idle_after_s: float = IDLE_AFTER_S
    late_after_s: float = LATE_AFTER_S
    _last_received: float | None = None
    _probed_at: float | None = None
    _late: bool = False
    _told: bool = False
    answered: bool = False
    """Whether a probe was followed by a sign of life."""

    def received(self, at: float) -> None:
        """Something was received from the server."""
        self._last_received = at
        if self._probed_at is not None:
            self.answered = True
        self._probed_at = None
        self._late = False
        self._told = False

    def check(self, now: float, last_sent: float | None, last_audible: float | None) -> Action:
        """What to do now; ``last_sent`` and ``last_audible``: when audio, and audio that could be speech, went out.

        ``late`` and ``silent`` are reported once per silence.
        """
        if self._told:
            return "wait"
        if self._probed_at is not None:
            waited_s = now - self._probed_at
            if waited_s >= self.answer_within_s:
                self._told = True
                return "silent"
            if waited_s >= self.late_after_s and not self._late:
                self._late = True
                return "late"
            return "wait"
        quiet_since = now - self.quiet_s(now)
        spoken = last_audible is not None and last_audible > quiet_since
        wait_s = self.silent_after_s if spoken else self.idle_after_s
        sending = last_sent is not None and now - last_sent < wait_s
        if not sending or now - quiet_since < wait_s:
            return "wait"
        self._probed_at = now
        return "probe"

    @property
    def probed_at(self) -> float | None:
        """When the unanswered probe was sent."""
        return self._probed_at

    def quiet_s(self, now: float) -> float:
        """How long nothing has been received, in seconds."""
        return now - max(self._last_received or self.opened_at, self.opened_at)
