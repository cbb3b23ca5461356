"""Scenarios and windows made by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from relay.stream import Item, Latency, Meters, Playback, Response, Role, Speech, StreamEvent, Transcript
from scenarios.model import Scenario
from scenarios.reading import scenario_of
from scenarios.window import Window
from tests.acceptance.made_streams import CLOSED, CONNECTED, meters, record

SMALL = """
language = "en"
[session]
value_proposition = "Stock"
industry = "Manufacturing"
[[turns]]
say = "Hello"
"""


def document(text: str = "", **changes: Any) -> dict[str, Any]:
    """A small scenario as TOML gives it, with more of it in ``text``."""
    return tomllib.loads(SMALL + text) | changes


def scenario(text: str = "", name: str = "small") -> Scenario:
    """The same, read."""
    return scenario_of(document(text), Path(f"{name}.toml"))


def spoken(role: Role, item: str, text: str, t: float, *, final: bool = True) -> list[StreamEvent]:
    """An item and its words."""
    return [
        Item(t=t, item_id=item, role=role),
        Transcript(t=t, item_id=item, role=role, text=text, final=final),
    ]


def loud(t: float, dbfs: float) -> Meters:
    """Meters that show an answer of that level."""
    import msgspec

    return msgspec.structs.replace(meters(t, 10), speaker_rms_dbfs=dbfs)


ANSWERED: list[StreamEvent] = [
    Speech(t=1.0, state="started", item_id="u1", audio_ms=100),
    Speech(t=1.5, state="stopped", item_id="u1", audio_ms=900),
    *spoken("user", "u1", "How do you track stock?", 1.6),
    Response(t=1.7, response_id="r1", state="created"),
    Item(t=1.7, item_id="a1", role="assistant"),
    Playback(t=1.8, item_id="a1", state="started", heard_ms=0, received_ms=200),
    Latency(t=1.8, turn=1, item_id="a1", response_latency_ms=420.0, basis="speech"),
    loud(2.0, -18.0),
    Transcript(t=2.1, item_id="a1", role="assistant", text="We use spreadsheets.", final=True),
    Response(t=2.2, response_id="r1", state="done", status="completed"),
    Playback(t=2.6, item_id="a1", state="finished", heard_ms=800, received_ms=800),
]
"""A turn that was spoken, answered and heard."""


def window(*events: StreamEvent, closed: bool = True, **fields: Any) -> Window:
    """A turn that begins once the conversation stands; ``closed``: the conversation ends after it."""
    whole = [*CONNECTED, *events, *(CLOSED if closed else [])]
    last = len(CONNECTED) + len(events) if closed else None
    return Window(record(whole), **{"first": len(CONNECTED), "last": last, **fields})
