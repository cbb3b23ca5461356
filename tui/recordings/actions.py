"""What can be done in the list of recordings and during a replay."""

from __future__ import annotations

from tui.actions import Action
from tui.conversation.actions import FREEZE, VIEW_ACTIONS
from tui.i18n import N_

PLAY = Action(
    "replay.play",
    "space,f2",
    "play",
    N_("Play"),
    N_("Replay: Play or pause"),
    N_("Play or pause; at the end, play again from the start"),
)
KIND = Action(
    "replay.kind",
    "k,f10",
    "kind",
    N_("Kind"),
    N_("Jump: Choose the kind of event"),
    N_("Choose the kind of event to jump to"),
    show=False,
)
NEXT = Action(
    "replay.next",
    "n,ctrl+right,shift+f11,f23",
    "next",
    N_("Next"),
    N_("Jump: To the next event of the kind"),
    N_("To the next event of the chosen kind; with a filter, to the next one shown"),
    show=False,
)
LOOP = Action(
    "replay.loop",
    "l,f11",
    "loop",
    N_("Loop"),
    N_("Loop: Set A, set B, end"),
    N_("Set the start of the loop (A), then its end (B); the third press ends it"),
)
LEAVE = Action(
    "replay.back", "escape", "back", N_("Back"), N_("Replay: Leave"), N_("Back to the previous screen")
)

REPLAY_ACTIONS: tuple[Action, ...] = (
    PLAY,
    Action(
        "replay.slower",
        "comma,f3",
        "slower",
        N_("Slower"),
        N_("Replay: Slower"),
        N_("Slower, down to 0.5x; voices keep their pitch"),
    ),
    Action(
        "replay.faster",
        "full_stop,f4",
        "faster",
        N_("Faster"),
        N_("Replay: Faster"),
        N_("Faster, up to 8x; voices keep their pitch"),
    ),
    Action(
        "replay.backward",
        "left",
        "backward",
        N_("Backward"),
        N_("Jump: Five seconds back"),
        N_("Five seconds back"),
        show=False,
        priority=True,
    ),
    Action(
        "replay.forward",
        "right",
        "forward",
        N_("Forward"),
        N_("Jump: Five seconds forward"),
        N_("Five seconds forward"),
        show=False,
        priority=True,
    ),
    Action(
        "replay.previous_turn",
        "left_square_bracket,f5",
        "previous_turn",
        N_("Prev. turn"),
        N_("Jump: To the previous turn"),
        N_("To the start of the previous turn"),
        show=False,
    ),
    Action(
        "replay.next_turn",
        "right_square_bracket,f6",
        "next_turn",
        N_("Turn"),
        N_("Jump: To the next turn"),
        N_("To the start of the next turn (marked | below)"),
    ),
    Action(
        "replay.next_error",
        "exclamation_mark,f7",
        "next_error",
        N_("Error"),
        N_("Jump: To the next error"),
        N_("To the next error (marked ! below); wraps around"),
    ),
    KIND,
    NEXT,
    Action(
        "replay.previous",
        "b,ctrl+left,shift+f12,f24",
        "previous",
        N_("Previous"),
        N_("Jump: To the previous event of the kind"),
        N_("To the previous event of the chosen kind"),
        show=False,
    ),
    Action(
        "replay.start",
        "home",
        "start",
        N_("Start"),
        N_("Jump: To the start"),
        N_("To the start of the recording"),
        show=False,
        priority=True,
    ),
    Action(
        "replay.end",
        "end",
        "end",
        N_("End"),
        N_("Jump: To the end"),
        N_("To the end of the recording"),
        show=False,
        priority=True,
    ),
    LOOP,
    *(action for action in VIEW_ACTIONS if action is not FREEZE),
    LEAVE,
)

REPLAY = Action(
    "recordings.replay",
    "enter,f2",
    "replay",
    N_("Replay"),
    N_("Recording: Replay"),
    N_("Replay the selected recording; after a search, from where the words were said"),
)
REPAIR = Action(
    "recordings.repair",
    "r,f10",
    "repair",
    N_("Repair"),
    N_("Recording: Repair"),
    N_("Repair a recording that was cut off"),
    show=False,
)
COMPARE = Action(
    "recordings.compare",
    "c,shift+f4,f16",
    "compare",
    N_("Compare"),
    N_("Recordings: Compare two"),
    N_("Choose this recording, then another: both are shown side by side"),
    show=False,
)
UNDO = Action(
    "recordings.undo",
    "z,f12",
    "undo",
    N_("Undo"),
    N_("Recording: Undo the deletion"),
    N_("Restore the last deleted recording; deleted ones are kept for a week"),
)
LIST_BACK = Action(
    "recordings.back",
    "escape",
    "back",
    N_("Back"),
    N_("Recordings: Back to the sessions"),
    N_("Close the input, clear the search, then go back to the sessions"),
)

RECORDINGS_ACTIONS: tuple[Action, ...] = (
    REPLAY,
    Action(
        "recordings.search",
        "slash,f3",
        "search",
        N_("Search"),
        N_("Recordings: Search"),
        N_("Search for words in all transcripts"),
    ),
    Action(
        "recordings.mark",
        "m,f4",
        "mark",
        N_("Mark"),
        N_("Recording: Mark"),
        N_("Mark or unmark the recording; marked ones never expire"),
    ),
    Action(
        "recordings.note",
        "n,f5",
        "note",
        N_("Note"),
        N_("Recording: Write a note"),
        N_("Write a note on the recording"),
        show=False,
    ),
    Action(
        "recordings.server",
        "s,f6",
        "only_server",
        N_("Server"),
        N_("Recordings: Only this server"),
        N_("Show only recordings from the selected one's server, or all"),
        show=False,
    ),
    Action(
        "recordings.errors",
        "f,f7",
        "only_errors",
        N_("Errors"),
        N_("Recordings: Only with errors"),
        N_("Show only recordings with errors, or all"),
        show=False,
    ),
    Action(
        "recordings.marked",
        "o,f8",
        "only_marked",
        N_("Marked"),
        N_("Recordings: Only marked"),
        N_("Show only marked recordings, or all"),
        show=False,
    ),
    Action(
        "recordings.export",
        "e,f9",
        "export",
        N_("Export"),
        N_("Recording: Export"),
        N_("Export the recording to your documents as audio, subtitles, text or a page"),
    ),
    COMPARE,
    REPAIR,
    Action(
        "recordings.delete",
        "x,delete,shift+f3,f15",
        "delete",
        N_("Delete"),
        N_("Recording: Delete"),
        N_("Delete the recording; it can be restored for a week"),
    ),
    UNDO,
    Action(
        "recordings.refresh",
        "g,ctrl+r,shift+f2,f14",
        "refresh",
        N_("Refresh"),
        N_("Recordings: Refresh"),
        N_("Read the list again now"),
        show=False,
    ),
    LIST_BACK,
)
