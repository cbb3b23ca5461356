"""The tour's five steps: what there is, and the keys in force for it. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from tui.acceptance.actions import RUN_ALL
from tui.actions import HELP, Action, KeyNames
from tui.conversation.actions import INSPECT, SAMPLE, SAY, SIGNALS, TURNS
from tui.i18n import _
from tui.sessions.actions import ACCEPTANCE, FINISH, HISTORY, NEW, RECORDINGS, SEARCH, TALK


@dataclass(frozen=True, slots=True)
class TourStep:
    """One of them. ``keys``: the keys to press and what they do, in words."""

    title: str
    text: str
    keys: tuple[tuple[str, str], ...]


def steps(keys: KeyNames) -> tuple[TourStep, ...]:
    """All five, in the current language."""

    def lines(*actions: Action) -> tuple[tuple[str, str], ...]:
        return tuple((keys.all(action), _(action.help)) for action in actions)

    return (
        TourStep(
            _("Sessions"),
            _(
                "A session is one role-play: what you sell, and to whom. The list shows your own sessions on this "
                "server. Start with a new one; the form can fill in an example."
            ),
            lines(NEW, TALK, SEARCH),
        ),
        TourStep(
            _("Talk to the customer"),
            _(
                "A conversation starts by itself. Without a microphone you speak by sample recordings, or type. "
                "The customer answers aloud and in the transcript."
            ),
            lines(SAMPLE, SAY),
        ),
        TourStep(
            _("See what is wrong"),
            _(
                "The signals show both voices on one time axis, with chunk rate, lateness and latency below. The line "
                "above the news names the most likely cause of a problem. Turns and events show every detail."
            ),
            lines(SIGNALS, TURNS, INSPECT),
        ),
        TourStep(
            _("Have it scored, and replay it"),
            _(
                "When a session is finished, the server scores it. Every conversation is recorded on this machine "
                "and can be replayed in the same screen."
            ),
            lines(FINISH, HISTORY, RECORDINGS),
        ),
        TourStep(
            _("Prove that a server works"),
            _(
                "The acceptance procedure runs four tests and judges each checkpoint by evidence. The reports are "
                "written in both languages."
            ),
            lines(ACCEPTANCE, RUN_ALL, HELP),
        ),
    )
