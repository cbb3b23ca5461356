"""The transcript as it came, as an asciicast (version 2) that any player of terminal recordings shows."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from datetime import datetime

from recordings.export.subtitles import Name
from recordings.lines import Line
from relay.recording.manifest import Manifest

WIDTH, HEIGHT = 100, 30
_COLOURS = {"user": "36", "assistant": "33"}


def asciicast(lines: Sequence[Line], manifest: Manifest, name: Name, title: str) -> str:
    """A header, then each turn at the moment it began."""
    header = {"version": 2, "width": WIDTH, "height": HEIGHT, "title": title}
    with contextlib.suppress(ValueError):
        header["timestamp"] = int(datetime.fromisoformat(manifest.started_at).timestamp())
    shown = [json.dumps(header)]
    for line in lines:
        words = f"\x1b[1;{_COLOURS.get(line.role, '0')}m{name(line.role)}\x1b[0m {line.text}\r\n"
        shown.append(json.dumps([round(line.start, 3), "o", words]))
    if lines:
        shown.append(json.dumps([round(max(line.end for line in lines), 3), "o", ""]))
    return "\n".join(shown) + "\n"
