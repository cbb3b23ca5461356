"""What the operator can do on the screen of scenarios."""

from __future__ import annotations

from tui.actions import Action
from tui.i18n import N_

RUN_ALL = Action(
    "scenarios.all",
    "a,f2",
    "run_all",
    N_("Run all"),
    N_("Scenarios: Run all"),
    N_("Run all scenarios against this server, each in a session of its own"),
)
RUN_ONE = Action(
    "scenarios.one",
    "t,f3",
    "run_one",
    N_("Run one"),
    N_("Scenarios: Run the selected one"),
    N_("Run the scenario under the cursor"),
)
MOMENT = Action(
    "scenarios.moment",
    "r,f10",
    "moment",
    N_("Replay"),
    N_("Scenarios: Replay this moment"),
    N_("Replay the recording from the moment that decided the selected expectation"),
    show=False,
)
SCENARIO_ACTIONS: tuple[Action, ...] = (
    RUN_ALL,
    RUN_ONE,
    Action(
        "scenarios.failed",
        "f,f4",
        "run_failed",
        N_("Failed"),
        N_("Scenarios: Rerun those that did not pass"),
        N_("Rerun the scenarios that did not pass"),
    ),
    Action(
        "scenarios.abort",
        "x,f5",
        "abort",
        N_("Abort"),
        N_("Scenarios: Abort the run"),
        N_("Abort the run: closes its connections and keeps the results so far"),
    ),
    Action(
        "scenarios.watch",
        "w,f6",
        "watch",
        N_("Watch"),
        N_("Scenarios: Watch the conversation"),
        N_("Watch the run's conversation; you cannot interfere with it"),
    ),
    Action(
        "scenarios.reload",
        "n,f7",
        "reload",
        N_("Reload"),
        N_("Scenarios: Read the files again"),
        N_("Read the scenarios again, after you have changed a file"),
        show=False,
    ),
    Action(
        "scenarios.export",
        "e,f9",
        "export",
        N_("Export"),
        N_("Scenarios: Export the result"),
        N_("Write the result as Markdown, HTML, JUnit XML and JSON"),
    ),
    MOMENT,
    Action(
        "scenarios.back",
        "escape",
        "back",
        N_("Back"),
        N_("Scenarios: Back to the sessions"),
        N_("Back to the sessions; asks first during a run"),
    ),
)
