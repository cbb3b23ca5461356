"""What a visitor may do. A list of what there is, not of what there is not: a new action is a visitor's only once it
is written down here (a test names those that nobody has decided on)."""

from __future__ import annotations

from tui.allowed import Allowed

VISITOR = Allowed(
    machine=False,
    ids=frozenset(
        {
            "app.help", "app.palette", "app.theme", "app.language", "app.jump", "jump.cancel",
            "microphone.use", "microphone.system", "microphone.copy", "microphone.cancel", "kiosk.microphone",
            "kiosk.start", "kiosk.language", "kiosk.record", "kiosk.give_up", "kiosk.stay", "kiosk.end",
            "sessions.talk", "sessions.new", "sessions.finish", "sessions.refresh", "sessions.newer",
            "sessions.older", "sessions.search", "sessions.order", "sessions.only_active", "sessions.history",
            "sessions.duplicate", "sessions.copy_id", "sessions.copy_transcript", "sessions.logout",
            "history.back", "history.copy",
            "new.submit", "new.example", "new.cancel",
            "live.sample", "live.say", "live.mute", "live.interrupt", "live.source", "live.reconnect",
            "live.recording", "live.filter", "live.copy", "live.freeze", "live.follow", "live.turns",
            "live.inspect", "live.signals", "live.zoom_in", "live.zoom_out", "live.readings", "live.enlarge",
            "live.back",
            "inspect.open", "inspect.search", "inspect.next", "inspect.previous", "inspect.follow",
            "inspect.copy", "inspect.audio", "inspect.protocol", "inspect.turns", "inspect.connection",
            "inspect.devices", "inspect.trouble", "inspect.log", "inspect.in", "inspect.out", "inspect.own",
            "inspect.back", "event.copy", "event.answered", "event.back", "turns.open", "turns.back",
            "turn.copy", "turn.copy_json", "turn.before", "turn.after", "turn.back",
            "voice.cancel", "confirm.yes", "confirm.no", "confirm.other", "help.close",
        }
    ),
)  # fmt: skip
