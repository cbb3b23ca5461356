"""JSON whose text can always be encoded: a lone surrogate, which UTF-8 cannot represent, becomes U+FFFD.

``"\\ud83d"`` alone is JSON, and Python reads it into a string that can then be neither sent nor logged.
"""

from __future__ import annotations

import json
import re
from typing import Any

_MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
_HALF = re.compile("[\ud800-\udfff]")


def from_json(message: bytes) -> Any:
    """The value in ``message``. Raises ``ValueError`` and ``RecursionError``."""
    value = json.loads(message.decode("utf-8", "surrogatepass"))
    return _whole(value) if _MAY_BE_HALF.search(message) else value


def to_json(value: Any) -> str:
    """``value`` in as few characters as it takes, non-ASCII as it is."""
    return whole_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def whole_text(text: str) -> str:
    """``text`` with U+FFFD for each half of a surrogate pair."""
    return text if text.isascii() else _HALF.sub("\N{REPLACEMENT CHARACTER}", text)


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {whole_text(key): _whole(item) for key, item in value.items()}
    return value
