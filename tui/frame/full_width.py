"""Keys pressed while a Japanese input method is on.

It sends what it composes as characters: ``ｎ`` for the n key, or a kana where one key makes one. Outside text
fields they stand for the key that was pressed. Pure.
"""

from __future__ import annotations

import unicodedata

from textual.events import Key
from textual.keys import KEY_NAME_REPLACEMENTS

_TYPED_WITH = {
    "　": " ", "。": ".", "、": ",", "・": "/", "「": "[", "」": "]", "ー": "-", "￥": "\\", "〜": "~", "～": "~",
    "’": "'", "”": '"', "あ": "a", "い": "i", "う": "u", "え": "e", "お": "o", "ん": "n",
}  # fmt: skip
"""What the romaji modes of Japanese input methods make of a single key."""
_FIRST, _LAST, _TO_ASCII = 0xFF01, 0xFF5E, 0xFEE0
"""Full-width forms of ``!`` to ``~``, in the order of ASCII (Unicode 15, chapter 18.5)."""


def meant(character: str) -> str | None:
    """The ASCII character on the key that ``character`` was typed with; None if it is none of these."""
    if character in _TYPED_WITH:
        return _TYPED_WITH[character]
    if len(character) == 1 and _FIRST <= ord(character) <= _LAST:
        return chr(ord(character) - _TO_ASCII)
    return None


def as_pressed(event: Key) -> Key:
    """``event``, or the press of the key that it was typed with."""
    character = meant(event.character or "")
    return event if character is None else Key(key_name(character), character)


def key_name(character: str) -> str:
    """Textual's name of the key for an ASCII character."""
    if character.isalnum():
        return character
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)
