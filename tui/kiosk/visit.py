"""The clocks of one visit, as plain values: how long nobody has touched anything, and how long the stay may last."""

from __future__ import annotations

from dataclasses import dataclass

from tui.i18n import _, ngettext

WARNING_S = 60.0
"""How long before a visit ends for lack of anybody the question is shown, and the rest counted in seconds."""
OUTCOMES = ("left", "idle", "time_up", "lost", "kicked")


@dataclass(slots=True)
class Presence:
    """Whether anybody is there. Times in seconds on one clock."""

    idle_s: float
    touched_at: float = 0.0

    def touched(self, now: float) -> None:
        """A key, the mouse, or a word."""
        self.touched_at = now

    def left_s(self, now: float) -> float:
        """Seconds until the visit ends for lack of anybody; 0 once it is to end."""
        return max(0.0, self.touched_at + self.idle_s - now)

    def doubtful(self, now: float) -> bool:
        """Whether to ask if anybody is still there."""
        return self.left_s(now) <= min(WARNING_S, self.idle_s / 2)


def stay_words(left_s: float) -> tuple[str, bool]:
    """The rest of the stay for the status line, and whether there is little of it.

    In minutes until the last one: a figure that changes every second costs a slow line more than it tells.
    """
    if left_s > WARNING_S:
        n = -(-int(left_s) // 60)
        return ngettext("{n} min left", "{n} min left", n).format(n=n), False
    return _("{n} s left").format(n=int(left_s)), True


def farewell(outcome: str) -> str:
    """How the visit ended, and that nothing of it remains."""
    why = {
        "left": _("Thank you for your visit."),
        "idle": _("The visit has ended because nobody was there any more."),
        "time_up": _("The time for this visit is over. Thank you for coming."),
        "kicked": _("Whoever looks after this box has ended the visit."),
        "lost": _("The visit has ended: the box had not heard from this screen for a while."),
    }
    return why.get(outcome, why["lost"])
