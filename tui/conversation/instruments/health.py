"""The line of health: what is most likely wrong, by which figures, and the key that helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from relay.conversation import ConversationState
from tui.actions import Action
from tui.conversation.actions import ECHO, LOUDER, MUTE, QUIETER, RECONNECT, SAMPLE, SOURCE, TURNS
from tui.conversation.instruments.diagnosis import Cause, Finding
from tui.conversation.instruments.history import SignalHistory
from tui.conversation.instruments.turn_times import Stage
from tui.i18n import N_, _, ngettext
from tui.tones import News, Tone
from tui.wording.errors import of_event
from tui.wording.figures import number

KeyName = Callable[[Action], str | None]
"""The key of an action; None where it cannot be done."""

NO_BREAK = "\u00a0"

STAGE_WORDS: Mapping[Stage, str] = {
    "speech_started": N_("speech started"),
    "speech_ended": N_("speech ended"),
    "vad_stopped": N_("VAD heard the end"),
    "transcript": N_("transcript"),
    "response_created": N_("answer started"),
    "first_audio": N_("first audio"),
    "heard": N_("heard"),
    "ended": N_("ended"),
}


def health_news(
    finding: Finding, state: ConversationState, history: SignalHistory, key_name: KeyName
) -> News:
    """One sentence, and what helps."""
    words, tone = _words(finding, state, history)
    action, remedy = _remedy(finding.cause, state)
    key = key_name(action) if action is not None else None
    if not key:
        return News(words, tone)
    # The key and what it does stay on one line.
    helps = _("{key}: {remedy}.").format(key=key, remedy=_(remedy)).replace(" ", NO_BREAK)
    return News(f"{words} {helps}", tone)


def _remedy(cause: Cause, state: ConversationState) -> tuple[Action | None, str]:
    """The action that helps, and what it does."""
    if cause == "clipping" and state.gain_db > 0:
        return QUIETER, N_("quieter")
    if cause == "echo" and state.echo == "off":
        return ECHO, N_("silence while the customer speaks")
    return _REMEDIES.get(cause, (None, ""))


_REMEDIES: Mapping[str, tuple[Action, str]] = {
    "wrong_rate": (SOURCE, N_("another source")),
    "microphone_silent": (SOURCE, N_("another source")),
    "microphone_quiet": (LOUDER, N_("louder")),
    "clipping": (SOURCE, N_("another source")),
    "source_silence": (SAMPLE, N_("speak a sample line")),
    "muted": (MUTE, N_("unmute")),
    "given_up": (RECONNECT, N_("try again")),
    "line_lossy": (RECONNECT, N_("reconnect")),
    "echo": (MUTE, N_("mute while listening")),
    "upstream_slow": (TURNS, N_("where each turn's time went")),
    "upstream_waiting": (RECONNECT, N_("reconnect")),
}


def _words(finding: Finding, state: ConversationState, history: SignalHistory) -> tuple[str, Tone]:
    figure = finding.figures.get
    match finding.cause:
        case "wrong_rate":
            words = _(
                "Wrong sample rate: {rate} chunks/s instead of {expected}, as if {khz} kHz were sent as 24 kHz."
            )
            said = words.format(
                rate=number(figure("rate"), 1),
                expected=number(figure("expected"), 1),
                khz=f"{figure('khz', 0):g}",
            )
            return said, "bad"
        case "microphone_silent":
            words = _("The microphone is silent: only zeros for {n} s. Switched off, or the wrong one?")
            return words.format(n=number(figure("seconds"))), "bad"
        case "microphone_quiet":
            words = _("Too quiet to be heard: at most {dbfs} dBFS in {n} s.")
            return words.format(dbfs=number(figure("dbfs")), n=number(figure("seconds"))), "warn"
        case "clipping":
            if state.gain_db > 0:
                words = _("Too loud: your voice is clipped ({dbfs} dBFS) with a gain of {gain} dB.")
            else:
                words = _("Too loud: your voice is clipped ({dbfs} dBFS). Turn the microphone down.")
            figures = {"dbfs": number(figure("dbfs"), 1), "gain": f"{state.gain_db:+g}"}
            return words.format(**figures), "warn"
        case "line_lossy":
            return _line_words(finding), "bad"
        case "echo":
            words = _("Echo: the customer's own voice interrupted {false} of {all} answers. Headphones help.")
            return words.format(false=number(figure("false")), all=number(figure("all"))), "bad"
        case "upstream_slow":
            return _slow_words(finding), "bad"
        case "upstream_waiting":
            words = _("No answer for {n} s, although the connection is up{trip}.")
            return words.format(n=number(figure("seconds")), trip=_trip(finding)), "bad"
        case _:
            return _plain_words(finding, state, history)


def _plain_words(finding: Finding, state: ConversationState, history: SignalHistory) -> tuple[str, Tone]:
    """Where nothing is wrong with the sound, the line or the other side."""
    match finding.cause:
        case "muted":
            return _("Muted: silence is sent instead of your voice."), "warn"
        case "source_silence":
            return _("You are sending silence: no microphone is in use."), "plain"
        case "not_started":
            return _("Connecting: no audio is sent yet."), "dim"
        case "given_up":
            return _given_up_words(state), "bad"
        case "connection_lost":
            return _("The connection is lost; nothing is sent or played."), "bad"
        case "ended":
            return _("The conversation has ended."), "dim"
        case _:
            return _well_words(state, history), "good"


def _given_up_words(state: ConversationState) -> str:
    """What ended it, in full: the log's line may be cut."""
    final = next((problem for problem in reversed(state.errors) if problem.fatal), None)
    return _("Gave up on the connection.") if final is None else of_event(final)


def _well_words(state: ConversationState, history: SignalHistory) -> str:
    meters, expected = state.meters, state.started.expected_chunk_rate if state.started else None
    parts = [_("No problems.")]
    if meters is not None and meters.chunk_rate is not None:
        parts.append(
            _("{rate}/s of {expected}/s").format(
                rate=number(meters.chunk_rate, 1), expected=number(expected, 1)
            )
        )
    if state.latency.n:
        parts.append(_("latency p50 {ms} ms (n={n})").format(ms=number(state.latency.p50), n=state.latency.n))
    if history.round_trips:
        parts.append(_("round trip {ms} ms").format(ms=number(history.round_trips[-1].value)))
    return "  ".join(parts)


def _line_words(finding: Finding) -> str:
    figure = finding.figures.get
    gaps, dropped, lost = (int(figure(name, 0)) for name in ("gaps", "dropped", "lost"))
    counted = []
    if gaps:
        counted.append(ngettext("{n} gap in answers", "{n} gaps in answers", gaps).format(n=gaps))
    if dropped:
        counted.append(ngettext("not sent once", "not sent {n} times", dropped).format(n=dropped))
    if lost:
        counted.append(ngettext("cut once", "cut {n} times", lost).format(n=lost))
    late = figure("late")
    if late is not None and late > 50:
        counted.append(_("{ms} ms late").format(ms=number(late)))
    return _("Audio is being lost: {what}.").format(what=", ".join(counted))


def _slow_words(finding: Finding) -> str:
    figure = finding.figures.get
    words = _("The other side is slow: {ms} ms to answer (p50, n={n}){trip}.").format(
        ms=number(figure("p50")), n=number(figure("n")), trip=_trip(finding)
    )
    if finding.stage is not None:
        words += " " + _("Longest wait before: {stage}.").format(stage=_(STAGE_WORDS[finding.stage]))
    return words


def _trip(finding: Finding) -> str:
    trip = finding.figures.get("trip")
    return "" if trip is None else _(", the network takes {ms} ms").format(ms=number(trip))
