"""Sample recordings: a salesperson's side of a conversation, for people without a microphone.

Ogg Opus files, 24 kHz mono, listed in ``manifest.toml`` beside them; play one with the source ``wav:PATH``.
Each ends with a second of silence, so that a server's VAD hears the end of the turn.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DIRECTORY = Path(__file__).parent
_OPUS_CLOCK_HZ = 48_000
"""The granule position of Ogg Opus counts samples at 48 kHz, whatever the input was (RFC 7845, section 4)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of the salesperson."""

    id: str
    title: str
    """The line's purpose, in the sample's language."""
    text: str
    """The exact words."""
    language: str
    """``ja`` or ``en``."""
    path: Path
    seconds: float
    """Length with the silence before and after the words."""


@cache
def samples(language: str) -> tuple[Sample, ...]:
    """The samples in ``language``, in speaking order; may be empty."""
    manifest = tomllib.loads((DIRECTORY / "manifest.toml").read_text(encoding="utf-8"))
    return tuple(
        Sample(
            id=entry["id"],
            title=entry["title"],
            text=entry["text"],
            language=language,
            path=path,
            seconds=ogg_opus_seconds(path.read_bytes()),
        )
        for entry in manifest["samples"]
        if entry["language"] == language
        for path in [DIRECTORY / language / f"{entry['id']}.opus"]
    )


def language_of(path: str | Path) -> str | None:
    """The language of the sample at ``path``; None for any other file."""
    file = Path(path).resolve()
    spoken = samples(file.parent.name) if file.parent.parent == DIRECTORY.resolve() else ()
    return next((sample.language for sample in spoken if sample.path.resolve() == file), None)


def ogg_opus_seconds(data: bytes) -> float:
    """Length of an Ogg Opus stream in seconds, from its headers alone.

    Raises ``ValueError`` for anything else.
    """
    head = data.find(b"OpusHead")
    last_page = data.rfind(b"OggS")
    if head < 0 or last_page < 0:
        raise ValueError("this is not an Ogg Opus file")
    pre_skip = int.from_bytes(data[head + 10 : head + 12], "little")
    granule = int.from_bytes(data[last_page + 6 : last_page + 14], "little")
    return (granule - pre_skip) / _OPUS_CLOCK_HZ
