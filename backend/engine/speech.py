"""Speech to be recognised, and what is known of it beforehand. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Chosen on half of the recordings that ship; docs/engine.md has the count on the other half.
_ODDS = 10.0
"""So many times likelier than what was expected has a language to be which is possible, but was not."""
_LEAST = 0.3
"""And so likely at least."""
_BEYOND_DOUBT = 0.95
"""So likely has any other language to be: in a short "ah" Whisper hears any of the world."""
_WORD = re.compile("[A-Za-z]+")
_SENTENCE_WORDS = 3


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is known of speech before it is heard."""

    languages: tuple[str, ...]
    """Those it may be in (``ja``, ``en``...), the likeliest first; at least one."""
    others: tuple[str, ...] = ()
    """Those that are possible as well."""
    limited: bool = False
    """Whether it can be in no language but ``languages``."""
    vocabulary: Mapping[str, str] = field(default_factory=dict)
    """Words to expect, as text, by language."""

    @property
    def settled(self) -> str | None:
        """The language, where there is nothing to find out."""
        return self.languages[0] if self.limited and len(self.languages) == 1 else None

    def candidates(self, probabilities: Mapping[str, float]) -> tuple[str, ...]:
        """The language of speech that sounds like each one with these ``probabilities``.

        It may be followed by another to try where no sense can be made of the speech in the first.
        """

        def likeliest(languages: Iterable[str]) -> tuple[float, str]:
            known = ((probabilities.get(language, 0.0), language) for language in languages)
            return max(known, key=lambda pair: pair[0], default=(0.0, ""))

        expected, language = likeliest(self.languages)
        if not self.limited:
            possible, other = likeliest(self.others)
            certain, foreign = likeliest(probabilities)
            if possible >= max(_LEAST, _ODDS * expected):
                language = other
            elif certain >= _BEYOND_DOUBT:
                language = foreign
        known = self.languages if self.limited else (*self.languages, *self.others)
        fair, second = likeliest(name for name in known if name != language)
        return (language, second) if fair >= _LEAST else (language,)

    def written_in(self, text: str, language: str) -> str:
        """The language of ``text``, which Whisper was told to write in ``language``.

        Clear English it writes as English all the same.
        """
        english = "en" in (*self.languages, *self.others)
        if language == "ja" and english and len(_WORD.findall(text)) >= _SENTENCE_WORDS and text.isascii():
            return "en"
        return language


@dataclass(slots=True, eq=False)
class Speech:
    """A stretch of a turn whose words are wanted."""

    pcm: bytes = field(repr=False)
    """PCM16 24 kHz mono."""
    expectation: Expectation
    before: str = ""
    """What was said before it in the same turn."""
    urgent: bool = False
    """Whether somebody waits for the words; may become true while they are being made out."""


@dataclass(frozen=True, slots=True)
class Words:
    """What was said, empty where nothing was, and in which language."""

    text: str
    language: str


def joined(stretches: list[Words]) -> Words:
    """The words of the stretches of one turn, at least one, as those of the whole."""
    language = next((words.language for words in stretches if words.text), stretches[0].language)
    texts = [words.text for words in stretches if words.text]
    return Words(separator(language).join(texts), language)


def separator(language: str) -> str:
    """What stands between sentences of ``language``."""
    return "" if language in ("ja", "zh", "yue", "th", "lo", "my") else " "
