"""Bars and curves of characters: braille, or ASCII where the terminal cannot show it.

Braille patterns (U+2800-28FF) are of neutral width, one cell on every terminal. Block elements (U+2580-259F) and box
drawing are of ambiguous width: terminals set up for Japanese draw them two cells wide and push the rest of the line
aside. So blocks are never used; areas are cells with a background.
"""

from __future__ import annotations

from collections.abc import Sequence

_BRAILLE = 0x2800
_LEFT = (0x40, 0x04, 0x02, 0x01)
_RIGHT = (0x80, 0x20, 0x10, 0x08)
"""Dots of a cell's columns, from the bottom up (Unicode 15, chapter 21.1)."""
_PLAIN = " .:#"
DOTS = 4
"""Steps of height in one row of braille."""
Value = float | None
"""0 to 1; None: not measured, and not drawn."""


def bars(values: Sequence[Value], rows: int, *, plain: bool) -> list[str]:
    """Filled bars, top row first, two values to a cell. The smallest measured value still shows one dot."""
    pairs = [tuple(values[place : place + 2]) for place in range(0, len(values), 2)]
    if plain:
        steps = [[_steps(value, rows * (len(_PLAIN) - 1)) for value in pair] for pair in pairs]
        return [
            "".join(_PLAIN[_within(max(pair), row, len(_PLAIN) - 1)] for pair in steps)
            for row in range(rows - 1, -1, -1)
        ]
    lines = []
    for row in range(rows - 1, -1, -1):
        line = ""
        for pair in pairs:
            left = _within(_steps(pair[0], rows * DOTS), row, DOTS)
            right = _within(_steps(pair[1], rows * DOTS), row, DOTS) if len(pair) > 1 else 0
            line += _cell(sum(_LEFT[:left]) + sum(_RIGHT[:right]))
        lines.append(line)
    return lines


def bars_and_lines(
    values: Sequence[Value], levels: Sequence[float], width: int, rows: int, *, plain: bool
) -> list[str]:
    """One value per cell, with a dotted line across ``width`` at each of ``levels``; top row first.

    The newest value is at the right; ``values`` are cut to ``width``.
    """
    shown: list[Value] = [*([None] * (width - len(values))), *values[max(0, len(values) - width) :]]
    per_row = len(_PLAIN) - 1 if plain else DOTS
    heights = [_steps(value, rows * per_row) for value in shown]
    at = [max(0, _steps(level, rows * per_row) - 1) for level in levels]
    lines = []
    for row in range(rows - 1, -1, -1):
        crossing = [place - row * per_row for place in at if row * per_row <= place < (row + 1) * per_row]
        line = ""
        for height in heights:
            filled = _within(height, row, per_row)
            if plain:
                line += _PLAIN[filled] if filled else ("-" if crossing else " ")
            else:
                line += _cell(sum(_LEFT[:filled]) + sum(_RIGHT[place] for place in set(crossing)))
        lines.append(line)
    return lines


def _steps(value: Value, steps: int) -> int:
    return 0 if value is None else max(1, min(steps, round(value * steps)))


def _within(steps: int, row: int, per_row: int) -> int:
    return max(0, min(per_row, steps - row * per_row))


def _cell(pattern: int) -> str:
    return chr(_BRAILLE + pattern) if pattern else " "
