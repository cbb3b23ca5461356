"""Sound devices in words."""

from __future__ import annotations

from rich.text import Text
from textual.content import Content

from api_client.harmless import one_line
from tui.devices.actions import ALONE, RECORD, REFRESH, TONE
from tui.devices.bench import Fault, Row
from tui.frame.screen import ConsoleScreen
from tui.host.soundcheck.protocol import SoundcheckCode, Trial
from tui.i18n import _
from tui.tones import STYLES, News, Tone
from tui.wording.errors import sentence
from tui.wording.figures import NOTHING, meter_cells, number

METER_WIDTH = 10
QUIET_DBFS = -50.0
"""A recording whose peak is below is hardly audible when it is played back."""


def spec_of(row: Row) -> str:
    """As the settings and ``--source`` or ``--sink`` take it."""
    return f"{'mic' if row.direction == 'input' else 'speaker'}:{row.device.name}"


def direction_word(row: Row) -> str:
    """In or out."""
    return _("in") if row.direction == "input" else _("out")


def level_cell(row: Row, colours: dict[str, str], now: float) -> Text:
    """A bar and the level in dBFS; a dash for an output, and for an input that is not listened to."""
    if row.direction == "output" or row.rms_dbfs is None:
        return Text(NOTHING, colours["dim"])
    filled = meter_cells(row.rms_dbfs, METER_WIDTH)
    colour = colours["error"] if row.clipped(now) else colours["success"]
    words = f" {row.rms_dbfs:4.0f} dBFS"
    return Text.assemble(
        (" " * filled, f"on {colour}"), (" " * (METER_WIDTH - filled), f"on {colours['bar']}"), words
    )


def state_words(row: Row, now: float, *, chosen: bool) -> tuple[str, Tone]:
    """Its state in a few words."""
    words, tone = _state(row, now)
    notes = [words] if words else []
    if chosen:
        notes.append(_("chosen"))
    elif row.is_system_default:
        notes.append(_("system's default"))
    return _(", ").join(notes), tone


def _state(row: Row, now: float) -> tuple[str, Tone]:
    fault = row.fault(now)
    if fault is not None and row.failure is None:
        return _("only zeros"), "bad"
    if fault is not None:
        held = fault.code == SoundcheckCode.HELD_HERE
        return (_("not beside others"), "warn") if held else (_("fault, see below"), "bad")
    if row.clipped(now):
        return _("clipped: too loud"), "warn"
    if row.state == "opening":
        return _("opening..."), "dim"
    if row.direction == "input":
        return (_("listening"), "good") if row.state == "open" else ("", "dim")
    return (_("took sound"), "good") if row.state == "open" else ("", "dim")


def facts(row: Row, now: float, screen: ConsoleScreen[None]) -> Content:
    """All that is known of a row; first what is wrong with it."""
    device = row.device
    lines = [Content.styled(one_line(device.name), "bold $title")]
    fault = row.fault(now)
    if fault is not None:
        lines.append(Content.styled(fault_words(fault, screen), STYLES["bad"]))
    elif row.clipped(now):
        lines.append(Content.styled(_("Clipped: turn down the gain of the input."), STYLES["warn"]))
    elif row.direction == "output" and row.state == "open":
        words = _("It took the sound. Nothing heard? Check its volume, or try another output.")
        lines.append(Content(words))
    lines.append(
        Content(
            _("{system}, {inputs} in, {outputs} out, {rate} Hz").format(
                system=one_line(device.host_api),
                inputs=device.inputs,
                outputs=device.outputs,
                rate=device.rate_hz,
            )
        )
    )
    option = "--source" if row.direction == "input" else "--sink"
    lines.append(Content.styled(f'{option} "{one_line(spec_of(row))}"', "$dim"))
    return Content("\n").join(lines)


def fault_words(fault: Fault, screen: ConsoleScreen[None]) -> str:
    """The cause, and what helps here."""
    words = sentence(fault.code, fault.params)
    if fault.code == SoundcheckCode.HELD_HERE:
        key = screen.key_name(ALONE)
        words += " " + _("{key} listens to it alone.").format(key=key)
    elif fault.code == SoundcheckCode.SOUNDCHECK_GONE:
        words += " " + _("{key} starts it again.").format(key=screen.key_name(REFRESH))
    elif fault.code == "library_missing":
        words += " " + _("Then press {key}.").format(key=screen.key_name(REFRESH))
    return words


def trial_news(trial: Trial, input_name: str, output_name: str) -> News:
    """How far a trial has come, and what came of it."""
    names = {"input": one_line(input_name), "output": one_line(output_name), "n": f"{trial.seconds:.0f}"}
    match trial.stage:
        case "recording":
            words = _("Recording {n} s from {input}: speak now.")
            return News(words.format(**names), "warn")
        case "playing" if trial.input is None:
            return News(_("Playing a tone on {output}.").format(**names), "plain")
        case "playing":
            words = _("Playing what was recorded on {output}.")
            return News(words.format(**names), "plain")
    if trial.input is None:
        words = _("The tone was played on {output}. Nothing heard? Check the volume, or try another output.")
        return News(words.format(**names), "plain")
    return _recorded_news(trial, names)


def _recorded_news(trial: Trial, names: dict[str, str]) -> News:
    peak = trial.peak_dbfs
    figures = names | {"peak": number(peak)}
    if peak is None or peak <= -119:
        words = _("Only zeros came from {input}: it is muted, or this program may not use it.")
        return News(words.format(**figures), "bad")
    if peak < QUIET_DBFS:
        words = _("{input} is very quiet: at most {peak} dBFS. Raise its gain, or speak closer to it.")
        return News(words.format(**figures), "warn")
    if peak >= -0.1:
        words = _("{input} clips: turn down its gain. It was played on {output}.")
        return News(words.format(**figures), "warn")
    words = _("Recorded from {input} (peak {peak} dBFS) and played on {output}.")
    return News(words.format(**figures), "good")


def hint(screen: ConsoleScreen[None]) -> str:
    """What to do here."""
    words = _("Speak, and see which level moves. {record} records and plays back, {tone} plays a tone.")
    return words.format(record=screen.key_name(RECORD), tone=screen.key_name(TONE))
