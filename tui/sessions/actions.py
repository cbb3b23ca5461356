"""What can be done with the list of sessions."""

from __future__ import annotations

from tui.actions import Action
from tui.i18n import N_

TALK = Action(
    "sessions.talk",
    "enter,f2",
    "talk",
    N_("Talk"),
    N_("Session: Start talking"),
    N_("Start a live conversation in the selected session; a finished one shows its history"),
)
NEW = Action("sessions.new", "n,f3", "new", N_("New"), N_("Session: New"), N_("Start a new session"))
FINISH = Action(
    "sessions.finish",
    "x,f4",
    "finish",
    N_("Finish"),
    N_("Session: Finish and score"),
    N_("Finish the selected session and have the server score it; asks first"),
)
ACCEPTANCE = Action(
    "sessions.acceptance",
    "a,f8",
    "acceptance",
    N_("Test"),
    N_("Acceptance: Open the procedure"),
    N_("Open the acceptance procedure: four tests of this server"),
)
RECORDINGS = Action(
    "sessions.recordings",
    "v,f9",
    "recordings",
    N_("Recordings"),
    N_("Recordings: Open the list"),
    N_("Replay recorded conversations"),
)
SCENARIOS = Action(
    "sessions.scenarios",
    "s,f10",
    "scenarios",
    N_("Scenarios"),
    N_("Scenarios: Open the list"),
    N_("Hold written conversations and check what is expected of them"),
    show=False,
)
HISTORY = Action(
    "sessions.history",
    "h,shift+f2,f14",
    "history",
    N_("History"),
    N_("Session: Show history"),
    N_("Show every stored turn of the selected session, with its SPIN stage, and the report"),
    show=False,
)
DUPLICATE = Action(
    "sessions.duplicate",
    "u,shift+f5,f17",
    "duplicate",
    N_("Duplicate"),
    N_("Session: Duplicate"),
    N_("Open the form for a new session, filled in like the selected one"),
    show=False,
)
COPY_ID = Action(
    "sessions.copy_id",
    "y,shift+f6,f18",
    "copy_id",
    N_("Copy ID"),
    N_("Session: Copy ID"),
    N_("Copy the selected session's ID to the clipboard"),
    show=False,
)
COPY_TRANSCRIPT = Action(
    "sessions.copy_transcript",
    "Y,shift+f7,f19",
    "copy_transcript",
    N_("Copy transcript"),
    N_("Session: Copy transcript"),
    N_("Copy the selected session's stored turns to the clipboard as text"),
    show=False,
)
SEARCH = Action(
    "sessions.search",
    "slash,f11,ctrl+f",
    "search",
    N_("Search"),
    N_("Sessions: Search"),
    N_("Show only sessions with certain words in their industry, proposition, persona or pain, or by ID"),
    show=False,
)
ORDER = Action(
    "sessions.order",
    "o,f12",
    "order",
    N_("Sort"),
    N_("Sessions: Sort"),
    N_("Sort by start, industry, turns, score or latency in turn; a click on a column does the same"),
    show=False,
)
ONLY_ACTIVE = Action(
    "sessions.only_active",
    "f,shift+f3,f15",
    "only_active",
    N_("Only active"),
    N_("Sessions: Only active, or all"),
    N_("Show only sessions that are not finished, or all"),
    show=False,
)
SHOW_ACCEPTANCE = Action(
    "sessions.show_acceptance",
    "t,shift+f4,f16",
    "show_acceptance",
    N_("Test sessions"),
    N_("Sessions: Show or hide those of acceptance runs"),
    N_("Show or hide the sessions that acceptance runs have started"),
    show=False,
)
REFRESH = Action(
    "sessions.refresh",
    "r,f5",
    "refresh",
    N_("Refresh"),
    N_("Sessions: Refresh"),
    N_("Read the list again now"),
    show=False,
)
NEWER = Action(
    "sessions.newer",
    "left_square_bracket,f6",
    "newer",
    N_("Previous"),
    N_("Sessions: Previous page"),
    N_("To the previous page of sessions"),
    show=False,
)
OLDER = Action(
    "sessions.older",
    "right_square_bracket,f7",
    "older",
    N_("Next"),
    N_("Sessions: Next page"),
    N_("To the next page of sessions"),
    show=False,
)
LOG_OUT = Action(
    "sessions.logout",
    "escape",
    "logout",
    N_("Log out"),
    N_("Account: Log out"),
    N_("Close the search, then show all sessions again, then back to login"),
)
SESSIONS_ACTIONS = (
    TALK,
    NEW,
    FINISH,
    ACCEPTANCE,
    RECORDINGS,
    SCENARIOS,
    HISTORY,
    DUPLICATE,
    COPY_ID,
    COPY_TRANSCRIPT,
    SEARCH,
    ORDER,
    ONLY_ACTIVE,
    SHOW_ACCEPTANCE,
    REFRESH,
    NEWER,
    OLDER,
    LOG_OUT,
)
