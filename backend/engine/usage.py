"""Tokens by the documented rules, and the rate limit that follows from them.

Audio counts one token for each 100 ms in and each 50 ms out. Text is counted by an approximation: real tokens
need the model's vocabulary, so Japanese script counts one token a character and other text one for four.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections import deque
from itertools import accumulate

from backend.engine.items import Conversation, Item
from backend.engine.protocol import Event

TOKENS_PER_MINUTE = 40_000
INPUT_MS_PER_TOKEN = 100
OUTPUT_MS_PER_TOKEN = 50


def text_tokens(text: str) -> int:
    """Roughly how many tokens ``text`` has."""
    return _quarters(text)[-1] + 3 >> 2


def first_tokens(text: str, count: int) -> str:
    """The beginning of ``text`` that has no more than ``count`` tokens."""
    return text[: bisect_right(_quarters(text), 4 * count) - 1]


def _quarters(text: str) -> list[int]:
    """Quarters of a token in each beginning of ``text``, from the empty one on."""
    return list(accumulate((4 if char > "\u2e7f" else 1 for char in text), initial=0))


def input_tokens(conversation: Conversation, instructions: str) -> tuple[int, int]:
    """Text and audio tokens of everything a response is generated from."""
    text, audio = text_tokens(instructions), 0
    for item in conversation.in_order():
        item_text, item_audio = _item_tokens(conversation, item)
        text += item_text
        audio += item_audio
    return text, audio


def _item_tokens(conversation: Conversation, item: Item) -> tuple[int, int]:
    text = audio = 0
    per_token = OUTPUT_MS_PER_TOKEN if item.get("role") == "assistant" else INPUT_MS_PER_TOKEN
    for index, part in enumerate(item.get("content", ())):
        if part["type"] in ("input_audio", "output_audio"):
            audio += math.ceil(conversation.audio_ms(item["id"], index) / per_token)
        else:
            text += text_tokens(part.get("text") or "")
    text += text_tokens(item.get("arguments") or item.get("output") or "")
    return text, audio


def response_usage(read: tuple[int, int], written_text: str, written_audio_ms: int) -> Event:
    """The ``usage`` of a response that read (text, audio) tokens and wrote this much."""
    text, audio = read
    out_text, out_audio = text_tokens(written_text), math.ceil(written_audio_ms / OUTPUT_MS_PER_TOKEN)
    return {
        "total_tokens": text + audio + out_text + out_audio,
        "input_tokens": text + audio,
        "output_tokens": out_text + out_audio,
        "input_token_details": {
            "text_tokens": text,
            "audio_tokens": audio,
            "image_tokens": 0,
            "cached_tokens": 0,
            "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": out_text, "audio_tokens": out_audio},
    }


class RateLimit:
    """Tokens used in the last minute against what is allowed. Shown, never enforced."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, int]] = deque()

    def exhaust(self) -> None:
        """Use up what is left of this minute."""
        self._spent.append((time.monotonic(), TOKENS_PER_MINUTE))

    def spend(self, tokens: int) -> Event:
        """Count ``tokens`` and return the entry for ``rate_limits.updated``."""
        now = time.monotonic()
        self._spent.append((now, tokens))
        while self._spent[0][0] < now - 60:
            self._spent.popleft()
        spent = sum(count for _, count in self._spent)
        return {
            "name": "tokens",
            "limit": TOKENS_PER_MINUTE,
            "remaining": max(0, TOKENS_PER_MINUTE - spent),
            "reset_seconds": round(60 - (now - self._spent[0][0]), 3),
        }
