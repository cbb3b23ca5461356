"""Everyday words of a language, which every customer makes sense of: ``everyday/<language>.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from backend.engine.keywords import Keyword, keyword
from backend.engine.persona import Rank

_DIRECTORY = Path(__file__).parent / "everyday"


@dataclass(frozen=True, slots=True)
class EverydaySpeech:
    """Keywords by topic, the ranks of the topics that have another than matters, and what is said of itself."""

    keywords: Mapping[str, tuple[Keyword, ...]] = field(default_factory=dict)
    ranks: Mapping[str, Rank] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


@cache
def everyday_speech(language: str) -> EverydaySpeech:
    """Of ``language``; empty where there is no file for it."""
    path = _DIRECTORY / f"{language}.toml"
    if not path.is_file():
        return EverydaySpeech()
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    keywords: dict[str, tuple[Keyword, ...]] = {}
    ranks: dict[str, Rank] = {}
    for rank in Rank:
        for topic_id, words in data[rank.value].items():
            keywords[topic_id] = tuple(keyword(text, language) for text in words)
            ranks[topic_id] = rank
    return EverydaySpeech(keywords, ranks, data["texts"])
