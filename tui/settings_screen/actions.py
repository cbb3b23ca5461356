"""Actions on the settings."""

from __future__ import annotations

from tui.actions import Action
from tui.i18n import N_

EDIT = Action(
    "settings.edit",
    "enter,f2",
    "edit",
    N_("Change"),
    N_("Setting: Change"),
    N_("Change the selected setting, theme or profile"),
)
RESET = Action(
    "settings.reset",
    "x,f4",
    "reset",
    N_("Default"),
    N_("Setting: Back to the default"),
    N_("Remove the selected setting from the file, so that the default applies; delete a profile"),
)
NEW_PROFILE = Action(
    "settings.new_profile",
    "n,f3",
    "new_profile",
    N_("New profile"),
    N_("Profile: New"),
    N_("Add a profile: a server by name"),
)
COPY = Action(
    "settings.copy",
    "y,f9",
    "copy",
    N_("Copy path"),
    N_("Settings: Copy the path of the file"),
    N_("Copy the path of the configuration file to the clipboard"),
    show=False,
)
BACK = Action(
    "settings.back", "escape", "back", N_("Back"), N_("Settings: Close"), N_("Back to the screen before")
)
SETTINGS_ACTIONS = (EDIT, RESET, NEW_PROFILE, COPY, BACK)
