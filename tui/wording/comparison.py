"""Two recordings beside each other, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_client.harmless import one_line
from tui.i18n import N_, _
from tui.wording.figures import NOTHING, clock, number

if TYPE_CHECKING:
    from recordings.comparison import Pair, Run, Spoken, Verdict

SIGNS: dict[Verdict, str] = {"same": "=", "words": "~", "only_first": "<", "only_second": ">"}
"""A sign goes with every colour."""
LEGEND = N_("= same words   ~ other words   < only in the first   > only in the second")
_ROLES = {"user": N_("You"), "assistant": N_("Customer")}
WORTH_SAYING_MS = 100.0
"""Less is what two runs of the same differ by anyway."""


def spoken_words(spoken: Spoken) -> str:
    """When, who and what, on one line."""
    line = spoken.line
    speaker = _(_ROLES.get(line.role, line.role))
    return f"{clock(line.start)} {speaker}: {one_line(line.text)}"


def later(pair: Pair) -> str:
    """How much later, or sooner, the second was answered; empty where that is nothing to speak of."""
    ms = pair.later_ms
    if ms is None or abs(ms) < WORTH_SAYING_MS:
        return ""
    words = _("answered {ms} ms later") if ms > 0 else _("answered {ms} ms sooner")
    return words.format(ms=f"{abs(ms):.0f}")


def figures(first: Run, second: Run) -> list[tuple[str, tuple[str, str]]]:
    """The figures of both, each with its name."""
    return [
        (name, (value(first), value(second)))
        for name, value in (
            (_("Length"), lambda run: clock(run.seconds)),
            (_("Turns"), lambda run: str(len(run.turns))),
            (_("Latency p50 / p95"), _latency),
            (_("Reconnections"), lambda run: str(run.reconnects)),
            (_("Errors"), lambda run: ", ".join(map(one_line, run.errors)) or NOTHING),
        )
    ]


def _latency(run: Run) -> str:
    return f"{number(run.latency_p50_ms)} / {number(run.latency_p95_ms)} ms"
