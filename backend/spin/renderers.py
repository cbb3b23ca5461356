"""How answers are written."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import JSONRenderer


class UTF8JSONRenderer(JSONRenderer):
    """JSON in UTF-8, whatever text was stored: one row that holds half a surrogate pair must not hide the others."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """The answer, with U+FFFD where UTF-8 has nothing to write."""
        try:
            return super().render(data, *args, **kwargs)
        except UnicodeEncodeError:
            return super().render(_mended(data), *args, **kwargs)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(inner) for inner in value]
    return value
