"""The JSON lines between controller, swarm and crowd."""

from __future__ import annotations

from typing import Literal

import msgspec

Measure = Literal["session", "connect", "gate", "answer", "gap", "lateness"]
"""In ms. session: ``POST /api/session/start/``; connect: the WebSocket handshake; gate: from dialling to
``session.updated``; answer: from the end of the spoken words to the first audio of the answer; gap: silence in an
answer because its audio came late; lateness: of this machine's own sends."""
Count = Literal[
    "turns", "transcripts", "answers", "mode_true", "mode_not_true", "mode_false", "mode_not_false"
]
"""mode_*: what ``realtime_mode`` read during a conversation (true is right) and after it (false is right)."""


class _Line(msgspec.Struct, frozen=True, tag_field="kind"):
    pass


class Start(_Line, frozen=True, tag="start"):
    """To the crowd: one more user."""

    user: int


class Stop(_Line, frozen=True, tag="stop"):
    """To the crowd: this user goes."""

    user: int


class Users(_Line, frozen=True, tag="users"):
    """To the swarm: be so many, joining at this rate per second."""

    users: int
    rate: float


class Second(_Line, frozen=True, tag="second"):
    """From a crowd, once a second: what happened since the last one."""

    users: int
    """In a conversation: past the gate, and not closed."""
    crowd: int
    """Which crowd reports: a number that no other has."""
    samples: dict[Measure, list[float]] = {}
    counts: dict[Count, int] = {}
    errors: dict[str, int] = {}
    """By code: ours of ``api_client.errors``, the server's, or ``closed_CODE``, ``no_gate``, ``no_answer``."""


class Failed(_Line, frozen=True, tag="failed"):
    """From a crowd that cannot begin, or from the swarm: why. ``code`` has a sentence in ``tui.wording``."""

    code: str
    message: str
    params: dict[str, str] = {}


class Page(_Line, frozen=True, tag="page"):
    """From the swarm: Locust's page is there."""

    url: str


class Workers(_Line, frozen=True, tag="workers"):
    """From a master: so many workers have come."""

    here: int


ToCrowd = Start | Stop
FromSwarm = Second | Failed | Page | Workers


def encode(line: _Line) -> bytes:
    """One line, with its end."""
    return msgspec.json.encode(line) + b"\n"
