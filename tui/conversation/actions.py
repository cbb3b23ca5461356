"""Actions during a conversation, and actions while watching one."""

from __future__ import annotations

from tui.actions import Action
from tui.i18n import N_

FREEZE = Action(
    "live.freeze",
    "p,f10",
    "freeze",
    N_("Pause"),
    N_("Screen: Pause or resume"),
    N_("Pause transcript and events; measuring continues"),
    show=False,
)
SAMPLE = Action(
    "live.sample",
    "n,f2",
    "sample",
    N_("Next line"),
    N_("Recording: Speak the next line"),
    N_("Speak the next sample recording to the customer; needs no microphone"),
)
SAY = Action(
    "live.say", "t,f3", "say", N_("Type"), N_("Turn: Type"), N_("Type what you say, instead of speaking")
)
SOURCE = Action(
    "live.source",
    "d,f6",
    "source",
    N_("Source"),
    N_("Source: Choose"),
    N_("Choose a microphone, recording, file, tone or silence, and where to play the customer"),
)
RECONNECT = Action(
    "live.reconnect",
    "r,f7",
    "reconnect",
    N_("Reconnect"),
    N_("Connection: Reconnect"),
    N_("Drop the connection and reconnect"),
    show=False,
)
RECORDING = Action(
    "live.recording",
    "x,ctrl+x",
    "recording",
    N_("Delete rec."),
    N_("Recording: Stop and delete"),
    N_("Stop recording this conversation and delete its recording; asks first"),
    show=False,
)
BACK = Action(
    "live.back",
    "escape",
    "back",
    N_("End"),
    N_("Conversation: End"),
    N_("End the conversation and show its summary; once ended, go back"),
)

VIEW_ACTIONS: tuple[Action, ...] = (
    Action(
        "live.filter",
        "slash,f8",
        "filter",
        N_("Filter"),
        N_("Events: Filter"),
        N_("Show only events that contain certain words"),
    ),
    Action(
        "live.copy",
        "y,f9",
        "copy",
        N_("Copy"),
        N_("Events: Copy"),
        N_("Copy the events shown to the clipboard"),
        show=False,
    ),
    FREEZE,
    Action(
        "live.follow",
        "f,f12",
        "follow",
        N_("Follow"),
        N_("Transcript: Follow the end or stop following"),
        N_("Follow the end of the transcript, or stay at this point"),
        show=False,
    ),
)

LIVE_ACTIONS: tuple[Action, ...] = (
    SAMPLE,
    SAY,
    Action(
        "live.mute",
        "m,f4",
        "mute",
        N_("Mute"),
        N_("Microphone: Mute or unmute"),
        N_("Send silence instead of your voice, or your voice again"),
    ),
    Action(
        "live.interrupt",
        "i,f5",
        "interrupt",
        N_("Interrupt"),
        N_("Customer: Interrupt"),
        N_("Stop the customer's answer"),
    ),
    SOURCE,
    RECONNECT,
    RECORDING,
    *VIEW_ACTIONS,
    BACK,
)
