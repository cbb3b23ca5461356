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
    "ctrl+x,shift+f6,f18",
    "recording",
    N_("Delete rec."),
    N_("Recording: Stop and delete"),
    N_("Stop recording this conversation and delete its recording; asks first"),
    show=False,
)
MUTE = Action(
    "live.mute",
    "m,f4",
    "mute",
    N_("Mute"),
    N_("Microphone: Mute or unmute"),
    N_("Send silence in place of your voice, or your voice again"),
)
PUSH_TO_TALK = Action(
    "live.push_to_talk",
    "k,f11",
    "push_to_talk",
    N_("Push to talk"),
    N_("Microphone: Push to talk or open"),
    N_("Keep the microphone closed until a key opens it, or open all the time"),
    show=False,
)
TALK = Action(
    "live.talk",
    "space,shift+f12,f24",
    "talk",
    N_("Talk"),
    N_("Microphone: Talk or stop talking"),
    N_("With push to talk: open the microphone, and close it again"),
)
ECHO = Action(
    "live.echo",
    "a,shift+f11,f23",
    "echo",
    N_("Echo"),
    N_("Echo: Off, half-duplex or cancelling"),
    N_("Do nothing about the customer's echo, send silence while it speaks, or remove it"),
    show=False,
)
LOUDER = Action(
    "live.louder",
    "right_square_bracket",
    "louder",
    N_("Louder"),
    N_("Gain: Louder"),
    N_("Send your voice 3 dB louder"),
    show=False,
)
QUIETER = Action(
    "live.quieter",
    "left_square_bracket",
    "quieter",
    N_("Quieter"),
    N_("Gain: Quieter"),
    N_("Send your voice 3 dB quieter"),
    show=False,
)
TURNS = Action(
    "live.turns",
    "v,shift+f7,f19",
    "turns",
    N_("Turns"),
    N_("Turns: Show where the time went"),
    N_("Show the turns as a timeline, with the time of each stage in ms"),
    show=False,
)
INSPECT = Action(
    "live.inspect",
    "e,shift+f5,f17",
    "inspect",
    N_("Inspect"),
    N_("Events: Inspect"),
    N_("Inspect the events: filters, search, and each event as JSON"),
    show=False,
)
SIGNALS = Action(
    "live.signals",
    "s,shift+f2,f14",
    "signals",
    N_("Signals"),
    N_("Signals: Show more or less"),
    N_("Show more of the signals, then none"),
    show=False,
)
ZOOM_IN = Action(
    "live.zoom_in",
    "plus,equals_sign",
    "zoom_in",
    N_("Closer"),
    N_("Signals: Show a shorter time"),
    N_("Show a shorter stretch of the signals"),
    show=False,
)
ZOOM_OUT = Action(
    "live.zoom_out",
    "minus",
    "zoom_out",
    N_("Wider"),
    N_("Signals: Show a longer time"),
    N_("Show a longer stretch of the signals"),
    show=False,
)
READINGS = Action(
    "live.readings",
    "g,shift+f3,f15",
    "readings",
    N_("Readings"),
    N_("Readings: Show or hide"),
    N_("Show or hide the column of readings"),
    show=False,
)
ENLARGE = Action(
    "live.enlarge",
    "x,shift+f4,f16",
    "enlarge",
    N_("Enlarge"),
    N_("Screen: Enlarge one panel"),
    N_("Enlarge transcript, signals and events in turn; then show all"),
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
    TURNS,
    INSPECT,
    SIGNALS,
    ZOOM_IN,
    ZOOM_OUT,
    READINGS,
    ENLARGE,
)

LIVE_ACTIONS: tuple[Action, ...] = (
    SAMPLE,
    SAY,
    TALK,
    MUTE,
    Action(
        "live.interrupt",
        "i,f5",
        "interrupt",
        N_("Interrupt"),
        N_("Customer: Interrupt"),
        N_("Stop the customer's answer"),
    ),
    SOURCE,
    PUSH_TO_TALK,
    ECHO,
    LOUDER,
    QUIETER,
    RECONNECT,
    RECORDING,
    *VIEW_ACTIONS,
    BACK,
)
