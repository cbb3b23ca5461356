"""Actions on the sound devices."""

from __future__ import annotations

from tui.actions import Action
from tui.i18n import N_

RECORD = Action(
    "devices.record",
    "r,f2",
    "record",
    N_("Record"),
    N_("Microphone: Record and play back"),
    N_("Record four seconds and play them back"),
)
TONE = Action(
    "devices.tone",
    "t,f3",
    "tone",
    N_("Test tone"),
    N_("Loudspeaker: Play a test tone"),
    N_("Play a tone of 440 Hz on the selected loudspeaker"),
)
DEFAULT = Action(
    "devices.default",
    "d,f4",
    "default",
    N_("Default"),
    N_("Device: Use from now on"),
    N_("Use the selected device from the next conversation on, or the system's again"),
)
ALONE = Action(
    "devices.alone",
    "o,f6",
    "alone",
    N_("Only this"),
    N_("Microphone: Listen to this one alone"),
    N_("Listen to the selected microphone alone, or to all of them"),
)
REFRESH = Action(
    "devices.refresh",
    "g,f5",
    "refresh",
    N_("Refresh"),
    N_("Devices: Look again"),
    N_("Look for devices again, and try those that failed"),
)
BACK = Action(
    "devices.back", "escape", "back", N_("Back"), N_("Devices: Close"), N_("Back to the screen before")
)

DEVICES_ACTIONS = (RECORD, TONE, DEFAULT, ALONE, REFRESH, BACK)
