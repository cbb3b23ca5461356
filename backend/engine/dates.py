"""Dates and times of day in what was said, in Japanese and English. Pure."""

from __future__ import annotations

import re
from datetime import date, time, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS_EN = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS_JA = "月火水木金土日"
_NEAR = (
    (r"day after tomorrow|明後日|あさって", 2),
    (r"\btomorrow\b|明日|あした", 1),
    (r"\btoday\b|\btonight\b|今日|本日", 0),
    (r"day before yesterday|一昨日|おととい", -2),
    (r"\byesterday\b|昨日|きのう", -1),
)
_ISO = re.compile(r"\b(\d{4})[-/](\d{1,2})[-/](\d{1,2})\b")
_MONTH_DAY_JA = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日")
_MONTH_NAME = "(" + "|".join(_MONTHS) + r")[a-z]*\.?"
_MONTH_DAY_EN = re.compile(rf"\b{_MONTH_NAME}\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?", re.I)
_DAY_MONTH_EN = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH_NAME}\b(?:,?\s+(\d{{4}}))?", re.I
)
_WEEKDAY_EN = re.compile(rf"\b({'|'.join(_WEEKDAYS_EN)})\b", re.I)
_WEEKDAY_JA = re.compile(rf"([{_WEEKDAYS_JA}])曜")
_NEXT_WEEK = re.compile(r"来週|\bnext week\b", re.I)
_CLOCK = re.compile(
    r"(?P<half>午前|午後)?(?P<hour>\d{1,2})時(?:(?P<minute>\d{1,2})分|(?P<thirty>半))?"
    r"|\b(?P<hour_en>\d{1,2})(?::(?P<minute_en>\d{2}))?\s*(?P<half_en>[ap])\.?m\b"
    r"|\b(?P<hour_24>\d{1,2}):(?P<minute_24>\d{2})\b",
    re.I,
)


def date_in(text: str, today: date) -> date | None:
    """The day that ``text`` names, counted from ``today``; None: it names none. A weekday is the next one."""
    for found in (_written_out(text, today), _near(text, today), _weekday(text, today)):
        if found is not None:
            return found
    return today + timedelta(days=7) if _NEXT_WEEK.search(text) else None


def time_in(text: str) -> time | None:
    """The time of day that ``text`` names; None: it names none."""
    match = _CLOCK.search(text)
    if match is None:
        return None
    hour = int(match["hour"] or match["hour_en"] or match["hour_24"])
    minute = 30 if match["thirty"] else int(match["minute"] or match["minute_en"] or match["minute_24"] or 0)
    half = (match["half"] or match["half_en"] or "").lower()
    if half in ("午後", "p") and hour < 12:
        hour += 12
    elif half in ("午前", "a") and hour == 12:
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


def spans(text: str) -> list[tuple[int, int]]:
    """Where ``text`` speaks of days of the calendar and of the clock: the figures there count nothing else."""
    patterns = (_ISO, _MONTH_DAY_JA, _MONTH_DAY_EN, _DAY_MONTH_EN, _CLOCK)
    return [match.span() for pattern in patterns for match in pattern.finditer(text)]


def _written_out(text: str, today: date) -> date | None:
    if match := _ISO.search(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _MONTH_DAY_JA.search(text):
        return _coming(match[1], int(match[2]), int(match[3]), today)
    if match := _MONTH_DAY_EN.search(text):
        return _coming(match[3], _MONTHS.index(match[1].lower()) + 1, int(match[2]), today)
    if match := _DAY_MONTH_EN.search(text):
        return _coming(match[3], _MONTHS.index(match[2].lower()) + 1, int(match[1]), today)
    return None


def _coming(year: str | None, month: int, day: int, today: date) -> date | None:
    if year is not None:
        return _date(int(year), month, day)
    this_year = _date(today.year, month, day)
    return _date(today.year + 1, month, day) if this_year and this_year < today else this_year


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # 30 February
        return None


def _near(text: str, today: date) -> date | None:
    days = next((days for pattern, days in _NEAR if re.search(pattern, text, re.I)), None)
    return None if days is None else today + timedelta(days=days)


def _weekday(text: str, today: date) -> date | None:
    if match := _WEEKDAY_EN.search(text):
        weekday = _WEEKDAYS_EN.index(match[1].lower())
    elif match := _WEEKDAY_JA.search(text):
        weekday = _WEEKDAYS_JA.index(match[1])
    else:
        return None
    if _NEXT_WEEK.search(text):
        return today + timedelta(days=7 - today.weekday() + weekday)
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
