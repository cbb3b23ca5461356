"""A run as one HTML page without anything outside it: charts as SVG, tables, the verdict. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from load.figures import Row, percentile
from load.result import Result

WIDTH, HEIGHT, LEFT, BOTTOM = 860, 180, 60, 24
POINTS = 240
"""At most, in one line; longer runs are drawn in coarser steps."""
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .9rem .25rem 0;text-align:left;font-weight:inherit}
th{border-bottom:1px solid #888}figure{margin:1.5rem 0}svg{width:100%;height:auto}text{font-size:12px;fill:currentColor}
line{stroke:#bbb}polyline{fill:none;stroke-width:2}
.a{stroke:#0b62c4}.b{stroke:#b3400e;stroke-dasharray:6 3}p.verdict{font-weight:600}
@media (prefers-color-scheme:dark){body{color:#eee;background:#151518}.a{stroke:#6db1ff}.b{stroke:#ff9d6b}}
"""


@dataclass(frozen=True)
class Words:
    """What stands on the page, in one language."""

    language: str
    title: str
    users: str
    latency: str
    errors: str
    server: str
    seconds: str


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value for each point in time, None where there is none."""

    name: str
    values: Sequence[float | None]


def page(
    result: Result,
    words: Words,
    verdict: Sequence[str],
    tables: Sequence[Sequence[Sequence[str]]],
) -> str:
    """The page. The rows of ``tables`` are cells of plain text; the first of each has the headings."""
    rows = _thinned(result.rows)
    times = [each.t for each in rows]
    charts = [
        _chart(words.users, words.seconds, times, [Line("", [float(each.users) for each in rows])]),
        _chart(
            words.latency,
            words.seconds,
            times,
            [Line("p50", _each(rows, 50)), Line("p95", _each(rows, 95))],
        ),
        _chart(
            words.errors,
            words.seconds,
            times,
            [Line("", [float(sum(each.errors.values())) for each in rows])],
        ),
    ]
    if any(each.server for each in rows):
        cores = [each.server.cores if each.server else None for each in rows]
        charts.append(_chart(words.server, words.seconds, times, [Line("", cores)]))
    return (
        f'<!doctype html>\n<html lang="{escape(words.language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(words.title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(words.title)}</h1>"
        f"<p>{escape(result.server)} - {escape(result.profile)} - {escape(result.began_at)}</p>"
        + "".join(f'<p class="verdict">{escape(sentence)}</p>' for sentence in verdict)
        + "".join(map(_table, tables))
        + "".join(charts)
        + "</body></html>\n"
    )


def _thinned(rows: Sequence[Row]) -> list[Row]:
    """At most ``POINTS`` rows: neighbours are put together."""
    size = -(-len(rows) // POINTS) or 1
    return [_together(rows[begin : begin + size]) for begin in range(0, len(rows), size)]


def _together(rows: Sequence[Row]) -> Row:
    answers = [value for each in rows for value in each.samples.get("answer", ())]
    errors: dict[str, int] = {}
    for each in rows:
        for code, count in each.errors.items():
            errors[code] = errors.get(code, 0) + count
    last = rows[-1]
    return Row(
        last.t, last.wanted, max(each.users for each in rows), {"answer": answers}, {}, errors, last.server
    )


def _each(rows: Sequence[Row], percent: int) -> list[float | None]:
    """The percentile of each row's answers together with those of the nine before, as one row has few."""
    values = []
    for end in range(1, len(rows) + 1):
        window = [value for each in rows[max(0, end - 10) : end] for value in each.samples.get("answer", ())]
        values.append(percentile(window, percent))
    return values


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    cells: Callable[[str, Sequence[str]], str] = lambda tag, row: "".join(  # noqa: E731
        f"<{tag}>{escape(cell)}</{tag}>" for cell in row
    )
    return (
        f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>"
        + "".join(f"<tr>{cells('td', row)}</tr>" for row in body)
        + "</tbody></table>"
    )


def _chart(title: str, axis: str, times: Sequence[float], lines: Sequence[Line]) -> str:
    most = max((value for line in lines for value in line.values if value is not None), default=0.0) or 1.0
    last = max(times, default=0.0) or 1.0

    def point(t: float, value: float) -> str:
        x = LEFT + (WIDTH - LEFT) * t / last
        return f"{x:.1f},{HEIGHT - (HEIGHT - 10) * value / most:.1f}"

    drawn = []
    for css, line in zip("ab", lines, strict=False):
        stretches: list[list[str]] = [[]]
        for t, value in zip(times, line.values, strict=True):
            if value is None:
                stretches.append([])
            else:
                stretches[-1].append(point(t, value))
        drawn += [f'<polyline class="{css}" points="{" ".join(points)}"/>' for points in stretches if points]
    strokes = zip(("—", "- -"), lines, strict=False)
    names = ", ".join(f"{line.name} {stroke}" for stroke, line in strokes if line.name)
    caption = f"{title} ({names})" if names else title
    return (
        f'<figure><figcaption>{escape(caption)}</figcaption><svg viewBox="0 0 {WIDTH + 10} {HEIGHT + BOTTOM}" '
        f'role="img"><title>{escape(caption)}</title>'
        f'<line x1="{LEFT}" y1="10" x2="{WIDTH}" y2="10"/><line x1="{LEFT}" y1="{HEIGHT}" x2="{WIDTH}" y2="{HEIGHT}"/>'
        f'<text x="{LEFT - 6}" y="14" text-anchor="end">{most:.4g}</text>'
        f'<text x="{LEFT - 6}" y="{HEIGHT}" text-anchor="end">0</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 18}" text-anchor="end">{last:.0f} {escape(axis)}</text>'
        + "".join(drawn)
        + "</svg></figure>"
    )
