"""Values of a text property among the words of a turn: names, places, codes, addresses. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import Any

EMAIL = "customer@example.com"
UUID = "00000000-0000-4000-8000-000000000000"


class Kind(enum.Enum):
    """What sort of text a property holds, judged by its format, name and description."""

    DATE = "date"
    TIME = "time"
    DATE_TIME = "date-time"
    EMAIL = "email"
    UUID = "uuid"
    URL = "uri"
    PHONE = "phone"
    PERSON = "person"
    PLACE = "place"
    CODE = "code"
    FREE = "free"


_FORMATS = {
    "date": Kind.DATE,
    "time": Kind.TIME,
    "date-time": Kind.DATE_TIME,
    "email": Kind.EMAIL,
    "uuid": Kind.UUID,
    "uri": Kind.URL,
}
_NAMES: tuple[tuple[Kind, str], ...] = (
    (Kind.EMAIL, r"e?mail|メール"),
    (Kind.PHONE, r"phone|telephone|電話"),
    (Kind.DATE, r"date|day|日付|日にち|日程|希望日"),
    (Kind.TIME, r"time|hour|時刻|時間"),
    (Kind.URL, r"url|uri|link"),
    (
        Kind.PLACE,
        r"city|cities|location|place|town|country|destination|origin|address|region"
        r"|都市|場所|地名|地域|住所|行き先",
    ),
    (Kind.CODE, r"id|number|code|sku|番号|型番|品番|コード"),
    (Kind.PERSON, r"name|customer|person|guest|attendee|氏名|名前|お名前|担当者"),
)  # fmt: skip
_SEARCHED = {
    Kind.EMAIL: re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    Kind.URL: re.compile(r"https?://[^\s、。]+"),
    Kind.UUID: re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.I),
    Kind.PHONE: re.compile(r"\+?\d[\d\s()-]{6,}\d"),
    Kind.CODE: re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]+-?)?\d(?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
    Kind.PERSON: re.compile(
        r"(?:my name is|name is|name's|i am|i'm|this is|call me|(?:for|to|with) (?:mr|ms|mrs|dr)\.?)\s+"
        r"(?P<en>[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)*)"
        r"|(?:私は|名前は)?(?P<ja>[一-龥々ァ-ヶー]{1,8}(?:\s?[一-龥々ァ-ヶー]{1,8})?)(?=と申します|といいます|と言います|さん|様)",
        re.I,
    ),
    Kind.PLACE: re.compile(
        r"\b(?:in|at|to|for|near|from|of)\s+(?:the\s+)?(?P<en>[A-Z][\w'-]+(?:[\s-]+[A-Z][\w'-]+)*)"
        r"|(?P<ja>[一-龥々ァ-ヶー]{2,12})(?=の|で|に|へ|まで|では|って)"
    ),
}
_QUOTED = re.compile(r"「([^」]+)」|『([^』]+)』|\"([^\"]+)\"|“([^”]+)”")
_PROPER = re.compile(r"(?<=[a-z,] )[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)*")
_NOT_NAMES = frozenset(
    "i i'm i'll i've monday tuesday wednesday thursday friday saturday sunday january february march april may june "  # noqa: SIM905
    "july august september october november december "
    "今日 明日 明後日 昨日 本日 今週 来週 今月 来月 今 午前 午後".split()
)
_COMMON = frozenset(
    "the a an of to for in on and or is be with by value id number name optional string".split()  # noqa: SIM905
)


def tokens_of(name: str) -> list[str]:
    """The words of an identifier: ``partNumber`` and ``part_number`` are "part" and "number"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\W_]+", spaced.lower()) if word]


def kind_of(name: str, schema: Mapping[str, Any]) -> Kind:
    """What sort of text the property ``name`` holds."""
    if (known := _FORMATS.get(str(schema.get("format")))) is not None:
        return known
    own = tokens_of(name)
    title = f"{name} {schema.get('description') or ''}"
    for kind, pattern in _NAMES:
        if any(re.fullmatch(pattern, token) for token in own):
            return kind
    for kind, pattern in _NAMES:
        japanese = "|".join(part for part in pattern.split("|") if not part.isascii())
        if japanese and re.search(japanese, title):
            return kind
    return Kind.FREE


def spoken_value(kind: Kind, name: str, schema: Mapping[str, Any], words: str) -> str | None:
    """A value of this kind among ``words``; None: there is none."""
    if pattern := _SEARCHED.get(kind):
        matches = list(pattern.finditer(words))
        if kind is Kind.CODE:  # PX-4711 before 12
            matches.sort(key=lambda match: match[0].isdigit())
        for match in matches:
            groups = [group for group in match.groups() if group]
            value = (groups[0] if groups else match[0]).strip()
            if value.lower() not in _NOT_NAMES:
                return value
        if kind not in (Kind.PERSON, Kind.PLACE, Kind.CODE):
            return None
    if quoted := _QUOTED.search(words):
        return next(group for group in quoted.groups() if group)
    if kind in (Kind.PERSON, Kind.PLACE):
        names = (match[0] for match in _PROPER.finditer(words))
        return next((found for found in names if found.lower() not in _NOT_NAMES), None)
    return None


def mentions(name: str, schema: Mapping[str, Any], words: str) -> list[int]:
    """Where ``words`` speak of the property: the offsets of words of its name or description."""
    description = str(schema.get("description") or "")
    wanted = {token for token in tokens_of(name) if token not in _COMMON and len(token) > 2}
    wanted |= {
        word for word in tokens_of(description) if word.isascii() and len(word) > 3 and word not in _COMMON
    }
    wanted |= set(re.findall(r"[一-龥々ァ-ヶー]{2,}", description))
    lowered = words.lower()
    stems = {
        word[:-1] if word.isascii() and word.endswith("s") and len(word) > 4 else word for word in wanted
    }
    return [match.start() for stem in stems for match in re.finditer(re.escape(stem), lowered)]
