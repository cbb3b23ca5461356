"""What can be done on the microphone screen."""

from __future__ import annotations

from tui.actions import Action
from tui.i18n import N_

USE = Action(
    "microphone.use",
    "f3",
    "use",
    N_("Use it"),
    N_("Microphone: Use"),
    N_("Speak with this microphone from now on"),
)
SYSTEM = Action(
    "microphone.system",
    "f2",
    "system",
    N_("Other computer"),
    N_("Microphone: Other kind of computer"),
    N_("Show the commands for another kind of computer"),
)
COPY = Action(
    "microphone.copy",
    "y,f4",
    "copy",
    N_("Copy"),
    N_("Microphone: Copy the commands"),
    N_("Copy the commands of both steps"),
)
CANCEL = Action(
    "microphone.cancel",
    "escape",
    "cancel",
    N_("Back"),
    N_("Microphone: Back"),
    N_("Back without a microphone"),
)
ACTIONS = (USE, SYSTEM, COPY, CANCEL)
