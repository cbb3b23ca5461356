"""Contrast of text by WCAG 2.2 (success criterion 1.4.3: at least 4.5 for text). Colours are ``#rrggbb``."""

from __future__ import annotations

TEXT = 4.5
"""The least contrast of text with its background."""


def contrast(one: str, other: str) -> float:
    """From 1 (the same colour) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, backgrounds: tuple[str, ...], least: float = TEXT) -> str:
    """``colour``, or the nearest to it on the way to white or black that is readable on all ``backgrounds``.

    If none is, which takes backgrounds of very different lightness: white or black, whichever is better.
    """

    def worst(candidate: str) -> float:
        return min(contrast(candidate, background) for background in backgrounds)

    end = max(("#ffffff", "#000000"), key=worst)
    for percent in range(0, 101, 4):
        candidate = _mixed(colour, end, percent / 100)
        if worst(candidate) >= least:
            return candidate
    return end


def _mixed(one: str, other: str, share: float) -> str:
    """``share`` of the way from ``one`` to ``other``."""
    parts = (round(a + (b - a) * share) for a, b in zip(_channels(one), _channels(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, definitions)."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = map(linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
