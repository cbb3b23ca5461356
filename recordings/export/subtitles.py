"""SubRip and WebVTT."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recordings.lines import Line

Name = Callable[[str], str]
"""From a role to what the speaker is called."""


def srt(lines: Sequence[Line], name: Name) -> str:
    """SubRip: numbered cues, comma before the milliseconds."""
    cues = (
        f"{number}\n{_time(line.start, ',')} --> {_time(line.end, ',')}\n{name(line.role)}: {_inert(line.text)}\n"
        for number, line in enumerate(lines, start=1)
    )
    return "\n".join(cues)


def vtt(lines: Sequence[Line], name: Name) -> str:
    """WebVTT, with the speaker as a voice span."""
    cues = (
        f"{_time(line.start, '.')} --> {_time(line.end, '.')}\n<v {_escaped(name(line.role))}>{_escaped(line.text)}\n"
        for line in lines
    )
    return "\n".join(["WEBVTT\n", *cues])


def _time(seconds: float, point: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _inert(text: str) -> str:
    """SubRip knows no escaping, and players take <...> and {...} for styling: other characters that look the same."""
    return text.replace("-->", "→").replace("<", "‹").replace(">", "›").replace("{", "(").replace("}", ")")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
