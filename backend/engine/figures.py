"""Figures in what was said, in Japanese and English, in digits and in words: amounts, durations, counts. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_KANJI_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")}
_KANJI_UNITS = {"十": 10, "百": 100, "千": 1_000}
_MYRIADS = {"万": 10**4, "億": 10**8}
_UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "  # noqa: SIM905
        "seventeen eighteen nineteen".split()
    )
}
_TENS = dict(
    zip(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
        range(20, 100, 10),
        strict=True,
    )
)
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9}
_WORD = "|".join((*_UNITS, *_TENS, *_SCALES))

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_COUNTED = (
    "円|ドル|名|人|個|件|台|週|[かヶカケ箇]月|月|日|時|分|秒|%|パーセント|歳|枚|本|社|店|回|年|種|点|割|泊|つ"
)
_NUMBER = re.compile(
    rf"(?P<mixed>(?:(?:{_DIGITS})[千百]?[万億])+(?:(?:{_DIGITS})千?)?|(?:{_DIGITS})千)"
    rf"|(?P<digits>(?<![A-Za-z\d.])(?<![A-Za-z]-)(?:{_DIGITS})(?P<k>[kKmM]\b)?)"
    rf"|(?P<kanji>[〇一二三四五六七八九十百千万億]+)(?=\s*(?:{_COUNTED}))"
    rf"|(?P<words>\b(?:an?\s+(?=(?:hundred|thousand|million)\b))?(?:{_WORD})(?:[\s-]+(?:and\s+)?(?:{_WORD}))*\b)",
    re.IGNORECASE,
)
_CURRENCY_AFTER = re.compile(r"\s*(円|ドル|ユーロ|dollars?|bucks|yen|euros?|pounds?|usd|jpy|eur|gbp)", re.I)
_CURRENCY_BEFORE = re.compile(r"[$¥€£]\s*$")
_DURATION = re.compile(
    r"\s*-?(?:(?P<day>日間|days?)|(?P<week>週間?|weeks?)|(?P<month>[かヶカケ箇]月|months?)|(?P<year>年|years?))",
    re.I,
)
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_COUNTER = re.compile(
    r"\s*-?(?:名|人|個|件|台|時|分|秒|%|パーセント|歳|枚|本|社|店|回|月|percent|people|users?|hours?|minutes?|times)",
    re.I,
)
_LEAST_BARE_AMOUNT = 1_000
_FIRST_CALENDAR_YEAR, _LAST_CALENDAR_YEAR = 1_900, 2_100


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and where it stands in the normalised text."""

    value: int | float
    start: int
    end: int


def normalised(text: str) -> str:
    """``text`` in the width in which figures are looked for."""
    return unicodedata.normalize("NFKC", text)


def figures(text: str) -> Iterator[Figure]:
    """The numbers in ``text`` (``normalised``), in order: "15万", "1万5千", "三週間", "30k", "two hundred"."""
    for match in _NUMBER.finditer(text):
        if match["mixed"]:
            value: int | float = _mixed(match["mixed"])
        elif match["digits"]:
            value = _plain(match["digits"].rstrip("kKmM"))
            value *= {"k": 1_000, "m": 10**6}.get((match["k"] or "").lower(), 1)
        elif match["kanji"]:
            value = _kanji(match["kanji"])
        else:
            value = _english(match["words"])
        yield Figure(value, match.start(), match.end())


def amount(text: str) -> int | float | None:
    """The sum of money that ``text`` names, in whatever currency; None: it names none."""
    text = normalised(text)
    bare = None
    for figure in figures(text):
        if _CURRENCY_AFTER.match(text, figure.end) or _CURRENCY_BEFORE.search(text[: figure.start]):
            return figure.value
        counted = _DURATION.match(text, figure.end) or _COUNTER.match(text, figure.end)
        year = _FIRST_CALENDAR_YEAR <= figure.value <= _LAST_CALENDAR_YEAR
        if bare is None and not counted and not year and figure.value >= _LEAST_BARE_AMOUNT:
            bare = figure.value
    return bare


def duration_days(text: str) -> int | float | None:
    """The time that ``text`` names in days, weeks, months or years, in days; None: it names none."""
    text = normalised(text)
    for figure in figures(text):
        match = _DURATION.match(text, figure.end)
        if match and figure.value < _FIRST_CALENDAR_YEAR:
            return figure.value * _DAYS[str(match.lastgroup)]
    return None


def _plain(digits: str) -> int | float:
    value = float(digits.replace(",", ""))
    return int(value) if value.is_integer() else value


def _mixed(text: str) -> int | float:
    total: int | float = 0
    for match in re.finditer(rf"({_DIGITS})([千百]?)([万億]?)", text):
        total += _plain(match[1]) * {"千": 1_000, "百": 100}.get(match[2], 1) * _MYRIADS.get(match[3], 1)
    return total


def _kanji(text: str) -> int:
    total = section = digit = 0
    for char in text:
        if char in _KANJI_DIGITS:
            digit = digit * 10 + _KANJI_DIGITS[char]
        elif char in _KANJI_UNITS:
            section += (digit or 1) * _KANJI_UNITS[char]
            digit = 0
        else:
            total += (section + digit or 1) * _MYRIADS[char]
            section = digit = 0
    return total + section + digit


def _english(text: str) -> int:
    total = section = 0
    for word in re.split(r"[\s-]+", text.lower()):
        if word in _UNITS or word in _TENS:
            section += _UNITS.get(word, 0) + _TENS.get(word, 0)
        elif word == "hundred":
            section = (section or 1) * 100
        elif word in _SCALES:
            total += (section or 1) * _SCALES[word]
            section = 0
    return total + section
