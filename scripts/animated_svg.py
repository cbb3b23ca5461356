"""Screenshots of a Textual app, one after another, as one animated SVG.

A row of the terminal that stays the same is kept once, so the file grows with what changes, not with the number of
frames. Viewers that do not animate, or are asked not to, show the last frame. Pure.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_CLASS = re.compile(r"\.terminal-\d+-(r\d+) \{ ([^}]*) \}")
_TEXT = re.compile(
    r'<text class="terminal-\d+-(r\d+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>([^<]*)</text>'
)
_RECT = re.compile(r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"')
_VIEW_BOX = re.compile(r'viewBox="([^"]+)"')
ROW_PX = 24.4
"""Height of a row, as Rich draws it."""
_BACKGROUND = "#121212"
"""Of the theme that the pictures are taken in: drawn once, not cell by cell."""
_LAST_S = 2.5
"""The last frame stays a little longer (s)."""


@dataclass(slots=True)
class _Styles:
    """Rich numbers the styles of each screenshot anew; here each has one name."""

    names: dict[str, str] = field(default_factory=dict)

    def name(self, css: str) -> str:
        return self.names.setdefault(css.replace(" ", ""), f"s{len(self.names)}")


def animated(frames: Sequence[str], seconds_each: float) -> str:
    """One SVG of ``frames``, screenshots of the same size. Raises ``ValueError`` if there are none."""
    if not frames:
        raise ValueError("no frames")
    styles = _Styles()
    pictures = [_rows(frame, styles) for frame in frames]
    whole_s = len(frames) * seconds_each + _LAST_S
    spans: dict[tuple[float, float], str] = {}
    body: list[str] = []
    for row in sorted({row for picture in pictures for row in picture}):
        for drawing, first, after in _runs([picture.get(row, "") for picture in pictures]):
            if not drawing:
                continue
            if first == 0 and after == len(frames):
                body.append(drawing)
                continue
            begin = first * seconds_each / whole_s
            end = 1.0 if after == len(frames) else after * seconds_each / whole_s
            name = spans.setdefault((begin, end), f"f{len(spans)}")
            still = "" if after == len(frames) else ' visibility="hidden"'
            body.append(f'<g class="{name}"{still}>{drawing}</g>')
    found = _VIEW_BOX.search(frames[0])
    box = found[1] if found else "0 0 1482 928"
    css = [f".{name}{{{rule}}}" for rule, name in styles.names.items()]
    css += [_keyframes(name, begin, end, whole_s) for (begin, end), name in spans.items()]
    return (
        f'<svg viewBox="{box}" xmlns="http://www.w3.org/2000/svg"><style>'
        'text{font-family:"Fira Code",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:20px}'
        + "".join(css)
        + "@media (prefers-reduced-motion:reduce){g{animation:none!important}}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="#292929"/><g transform="translate(9,41)">{_back(box)}'
        + "\n".join(body)
        + "</g></svg>\n"
    )


def _back(box: str) -> str:
    """The terminal's own background, inside the frame that Rich draws around it."""
    _x, _y, width, height = map(float, box.split())
    return f'<rect width="{width - 18:.1f}" height="{height - 50:.1f}" fill="{_BACKGROUND}"/>'


def _rows(frame: str, styles: _Styles) -> dict[int, str]:
    """What is drawn in each row: backgrounds, then text."""
    rules = dict(_CLASS.findall(frame))
    rows: dict[int, list[str]] = {}
    body = frame[frame.index("</defs>") :]
    for fill, x, y, width in _joined(_RECT.findall(body)):
        drawn = f'<rect fill="{fill}" x="{x:g}" y="{y:g}" width="{width:g}" height="24.65"/>'
        rows.setdefault(int(y // ROW_PX), []).append(drawn)
    for style, x, y, length, text in _TEXT.findall(body):
        words = html.unescape(text)  # no-break spaces stay: browsers would take several others for one
        if words.strip():
            drawn = (
                f'<text class="{styles.name(rules[style])}" x="{x}" y="{y}" textLength="{length}">'
                f"{html.escape(words, quote=False)}</text>"
            )
            rows.setdefault(int(float(y) // ROW_PX), []).append(drawn)
    return {row: "".join(drawn) for row, drawn in rows.items()}


def _joined(rects: Sequence[tuple[str, ...]]) -> list[tuple[str, float, float, float]]:
    """Backgrounds as fill, x, y and width; neighbours of one colour as one."""
    found: list[tuple[str, float, float, float]] = []
    for fill, *figures in rects:
        x, y, width = map(float, figures)
        if found and found[-1][0] == fill and found[-1][2] == y and abs(sum(found[-1][1::2]) - x) < 0.1:
            found[-1] = (fill, found[-1][1], y, round(found[-1][3] + width, 1))
        else:
            found.append((fill, x, y, width))
    return [rect for rect in found if rect[0] != _BACKGROUND]


def _runs(drawings: Sequence[str]) -> list[tuple[str, int, int]]:
    """Each drawing with its first frame and the one after its last."""
    runs: list[tuple[str, int, int]] = []
    for at, drawing in enumerate(drawings):
        if runs and runs[-1][0] == drawing:
            runs[-1] = (drawing, runs[-1][1], at + 1)
        else:
            runs.append((drawing, at, at + 1))
    return runs


def _keyframes(name: str, begin: float, end: float, whole_s: float) -> str:
    """Visible from ``begin`` to ``end``, which are shares of the whole."""
    steps = [] if begin == 0 else ["0%{visibility:hidden}"]
    steps.append(f"{begin * 100:.2f}%{{visibility:visible}}")
    if end < 1:
        steps.append(f"{end * 100:.2f}%{{visibility:hidden}}")
    rule = f".{name}{{animation:{name} {whole_s:.2f}s step-end infinite}}"
    return f"@keyframes {name}{{{''.join(steps)}}}{rule}"
