"""The request of a run of scenarios."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from acceptance.request import Credentials
from scenarios.model import Language, Scenario

Voice = Callable[[str, Language], Awaitable[bytes]]
"""A text as PCM16, 24 kHz mono; empty where no voice speaks that language."""


@dataclass(frozen=True, slots=True)
class ScenarioRequest:
    """One run."""

    server_url: str
    account: Credentials
    directory: Path
    """Recordings and logs of the run go here; made if missing."""
    scenarios: tuple[Scenario, ...]
    insecure: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    """Over all conversations, by name of the figure (``scenarios.figures``)."""
    repeat: int = 1
    parallel: int = 1
    seed: int | None = None
    """Of the order of the attempts; None: in the order of ``scenarios``."""
    shard: tuple[int, int] | None = None
    """(2, 5): the second of five parts of the scenarios."""
    voice: Voice | None = None
    """Speaks the texts of ``speak_text``."""
    patience: Patience = field(default_factory=lambda: Patience())


@dataclass(frozen=True, slots=True)
class Patience:
    """How long (s) the run waits for what is not the scenario's own business."""

    connect_s: float = 20.0
    """From starting to the open gate."""
    recover_s: float = 20.0
    """From a cut to the open gate of the next connection."""
    half_open_s: float = 45.0
    """The same when nothing says that the connection is dead."""
    resumed_s: float = 3.0
    """From the open gate of the next connection to the answer that was cut off."""
    words_s: float = 10.0
    """From the end of an answer to the transcripts of its turn."""
    mode_s: float = 5.0
    """For ``realtime_mode`` to become what is expected."""
    stored_s: float = 5.0
    """From the end to messages that hold what was shown."""
