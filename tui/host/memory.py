"""What the app remembers between runs: the last profile, the servers used, language, theme and panels. No secrets.

One JSON file in the state directory, replaced in one step and readable by its owner only. A file that
cannot be read is treated as missing: nothing in it is worth stopping for.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RECENT_SERVERS = 8


@dataclass(slots=True)
class Panels:
    """How the live screen was arranged; None: as there is room."""

    signals: str | None = None
    """How much of the signals is shown."""
    window_s: int | None = None
    """Over how long."""
    readings: bool | None = None
    """Whether the column of readings is shown."""
    enlarged: str | None = None
    """The panel that is shown in place of all."""


@dataclass(slots=True)
class Memory:
    """The app's own state."""

    last_profile: str | None = None
    last_username: str = ""
    recent_servers: list[str] = field(default_factory=list)
    language: str | None = None
    """As chosen by key; the settings take precedence."""
    theme: str | None = None
    panels: Panels = field(default_factory=Panels)
    tour_over: bool = False
    """The tour was taken, or refused for good: it is not offered any more."""

    def used(self, server_url: str, profile: str | None, username: str) -> None:
        """Remember a login to this server."""
        self.last_profile = profile
        self.last_username = username
        others = [url for url in self.recent_servers if url != server_url]
        self.recent_servers = [server_url, *others][:RECENT_SERVERS]


def private_directory(path: Path) -> Path:
    """``path``, created if needed, closed to others."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def load(directory: Path) -> Memory:
    """The memory stored in ``directory``, or an empty one."""
    try:
        raw = json.loads((directory / "state.json").read_text(encoding="utf-8"))
        servers = [str(url) for url in raw.get("recent_servers", [])]

        def text(name: str) -> str | None:
            value = raw.get(name)
            return value if isinstance(value, str) and value else None

        return Memory(
            last_profile=text("last_profile"),
            last_username=str(raw.get("last_username", "")),
            recent_servers=servers[:RECENT_SERVERS],
            language=text("language"),
            theme=text("theme"),
            panels=_panels(raw.get("panels")),
            tour_over=raw.get("tour_over") is True,
        )
    except (OSError, ValueError, AttributeError, TypeError):
        return Memory()


def _panels(raw: Any) -> Panels:
    """What is usable of ``raw``; whoever arranges the panels checks the names."""
    held = raw if isinstance(raw, dict) else {}

    def of(name: str, kind: type) -> Any:
        value = held.get(name)
        return value if type(value) is kind else None

    return Panels(of("signals", str), of("window_s", int), of("readings", bool), of("enlarged", str))


def save(directory: Path, memory: Memory) -> None:
    """Store ``memory`` in ``directory``. Raises ``OSError``."""
    write_private(directory / "state.json", json.dumps(asdict(memory), ensure_ascii=False, indent=1))


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` in one step, readable by its owner only. Raises ``OSError``."""
    private_directory(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}.", suffix=".tmp")  # mkstemp: 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
