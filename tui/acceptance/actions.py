"""What the operator can do on the acceptance screen."""

from __future__ import annotations

from tui.actions import Action
from tui.i18n import N_

RUN_ALL = Action(
    "acceptance.all",
    "a,f2",
    "run_all",
    N_("Run all"),
    N_("Acceptance: Run all tests"),
    N_("Run the four tests against this server, in sessions of their own"),
)
MOMENT = Action(
    "acceptance.moment",
    "r,f10",
    "moment",
    N_("Replay"),
    N_("Evidence: Replay this moment"),
    N_("Replay the recording from the moment that decided the selected checkpoint"),
    show=False,
)

ACCEPTANCE_ACTIONS: tuple[Action, ...] = (
    RUN_ALL,
    Action(
        "acceptance.one",
        "t,f3",
        "run_one",
        N_("Run one"),
        N_("Acceptance: Run the selected test"),
        N_("Run the test under the cursor"),
    ),
    Action(
        "acceptance.failed",
        "f,f4",
        "run_failed",
        N_("Failed"),
        N_("Acceptance: Rerun failed tests"),
        N_("Rerun the tests in which something failed or could not be run"),
    ),
    Action(
        "acceptance.abort",
        "x,f5",
        "abort",
        N_("Abort"),
        N_("Acceptance: Abort the run"),
        N_("Abort the run: closes its connections and keeps the results so far"),
    ),
    Action(
        "acceptance.watch",
        "w,f6",
        "watch",
        N_("Watch"),
        N_("Acceptance: Watch the conversation"),
        N_("Watch the run's conversation; you cannot interfere with it"),
    ),
    Action(
        "acceptance.note",
        "n,f7",
        "note",
        N_("Note"),
        N_("Acceptance: Write a note"),
        N_("Write a note for the result table, for the test under the cursor"),
    ),
    Action(
        "acceptance.options",
        "o,f8",
        "options",
        N_("Options"),
        N_("Acceptance: Choose options"),
        N_("Your name, the second user, and the source for test 2"),
    ),
    Action(
        "acceptance.export",
        "e,f9",
        "export",
        N_("Export"),
        N_("Acceptance: Export the result"),
        N_("Write the result as Markdown, HTML, JUnit XML and JSON"),
    ),
    MOMENT,
    Action(
        "acceptance.back",
        "escape",
        "back",
        N_("Back"),
        N_("Acceptance: Back to the sessions"),
        N_("Back to the sessions; asks first during a run"),
    ),
)
