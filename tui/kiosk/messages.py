"""What the welcome screen asks for, and what becomes of a visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from api_client.box import Visit
    from api_client.errors import ApiError


class Arrived(Message):
    """Somebody wants to begin; ``recorded``: they agree to their conversations being kept."""

    def __init__(self, *, recorded: bool) -> None:
        super().__init__()
        self.recorded = recorded


class GaveUp(Message):
    """Somebody does not want to wait any longer."""


class VisitStands(Message):
    """The box's latest word on the visit; ``arrival`` counts the visits of this kiosk."""

    def __init__(self, visit: Visit, arrival: int) -> None:
        super().__init__()
        self.visit = visit
        self.arrival = arrival


class VisitEnded(Message):
    """The visit is over."""

    def __init__(self, outcome: str) -> None:
        super().__init__()
        self.outcome = outcome


class VisitFailed(Message):
    """The box cannot be reached, or takes nobody in."""

    def __init__(self, error: ApiError) -> None:
        super().__init__()
        self.error = error
