"""The transcript as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from api_client.harmless import one_line
from recordings.export.subtitles import Name
from recordings.lines import Line
from relay.recording.manifest import Manifest

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")


def transcript(lines: Sequence[Line], manifest: Manifest, name: Name, title: str) -> str:
    """A heading, where and when, and a paragraph for each turn with its time."""
    facts = [
        one_line(fact) for fact in (manifest.started_at, manifest.server_url, manifest.session_id) if fact
    ]
    head = [f"# {_plain(one_line(title))}", "", _plain(" · ".join(facts)), ""]
    turns = (f"**{_clock(line.start)} {_plain(name(line.role))}** {_plain(line.text)}\n" for line in lines)
    return "\n".join([*head, *turns])


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def _plain(text: str) -> str:
    """``text`` with nothing in it that Markdown or HTML would act on."""
    return _SPECIAL.sub(r"\\\1", text)
