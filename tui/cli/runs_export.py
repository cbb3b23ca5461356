"""`salesmind runs export`: a recording in a format of somebody else's."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import click

from api_client.harmless import one_line
from api_client.harmless_json import decode_untyped, is_harmless_json
from tui import i18n
from tui.cli.group import reject
from tui.cli.recorded_runs import RUN, cannot, complete_runs, find
from tui.cli.report_files import FILE, STANDARD_OUTPUT, check_files, write_file
from tui.cli.transcript_text import speaker
from tui.i18n import _

if TYPE_CHECKING:
    from recordings.export.sound import Codec
    from recordings.library import Entry

SUFFIXES = {
    "wav": ".wav",
    "flac": ".flac",
    "opus": ".ogg",
    "srt": ".srt",
    "vtt": ".vtt",
    "jsonl": ".jsonl",
    "markdown": ".md",
    "html": ".html",
    "asciicast": ".cast",
}
_BY_SUFFIX = {suffix: name for name, suffix in SUFFIXES.items()} | {".opus": "opus", ".htm": "html"}
_SOUND = ("wav", "flac", "opus")


@click.command(
    "export",
    help=_(
        "Write a recording as sound (both sides in stereo: wav, flac, opus), subtitles (srt, vtt), events (jsonl), a "
        "transcript (markdown), one self-contained page (html) or a terminal recording (asciicast)."
    )
    + " "
    + _(RUN),
    short_help=_("Write a recording as sound, subtitles, a transcript or a page."),
)
@click.argument("run", default="latest", shell_complete=complete_runs)
@click.option(
    "--format", "named", type=click.Choice(tuple(SUFFIXES)), help=_("By default as FILE is called.")
)
@click.option(
    "--output",
    metavar="FILE",
    type=FILE,
    help=_(
        "Where to write it, - for standard output. By default a new file here, called like the recording."
    ),
)
def export_command(run: str, named: str | None, output: Path | None) -> None:
    """Write one file; its name is printed on standard error."""
    kind = named or (None if output is None else _BY_SUFFIX.get(output.suffix.lower()))
    if kind is None:
        raise reject(_("Say in which format to write it: --format {names}.").format(names="|".join(SUFFIXES)))
    entry = find(run)
    target = output or _new_file(entry, kind)
    check_files([target])
    if target == STANDARD_OUTPUT and kind in _SOUND and sys.stdout.isatty():
        raise reject(_("Sound is not written to a terminal: name a file with --output."))
    _write(entry, kind, target)
    if target != STANDARD_OUTPUT:
        click.echo(one_line(str(target)), err=True)


def _new_file(entry: Entry, kind: str) -> Path:
    target = Path(entry.directory.name + SUFFIXES[kind])
    if target.exists():
        sentence = _("{path} is there already. Name another file with --output.")
        raise reject(sentence.format(path=one_line(str(target))))
    return target


def _write(entry: Entry, kind: str, target: Path) -> None:
    from recordings.export.sound import NoSound
    from relay.recording.reader import NoRecording

    try:
        if kind in _SOUND:
            with tempfile.TemporaryFile() as sound:
                _record_sound(entry, cast("Codec", kind), sound)
                _copy(sound, target)
        else:
            write_file(target, _text(entry, kind).encode("utf-8", "replace"))
    except NoSound:
        raise reject(_("The recording {run} has no sound.").format(run=one_line(entry.name))) from None
    except BrokenPipeError:
        raise  # the reader of our output has enough
    except (NoRecording, OSError, ImportError) as error:
        raise cannot(_("The recording {run} cannot be exported: {reason}"), entry.name, error) from None


def _record_sound(entry: Entry, codec: Codec, sound: IO[bytes]) -> None:
    from recordings.export.sound import write_stereo
    from relay.recording.reader import RecordingReader

    write_stereo(RecordingReader(entry.directory), sound, codec)
    sound.seek(0)


def _copy(sound: IO[bytes], target: Path) -> None:
    """An hour is hundreds of megabytes, so it is not held in memory."""
    if target == STANDARD_OUTPUT:
        shutil.copyfileobj(sound, sys.stdout.buffer)
        return
    with target.open("wb") as file:
        shutil.copyfileobj(sound, file)


def _text(entry: Entry, kind: str) -> str:
    from recordings.export import asciicast, markdown, page, subtitles
    from recordings.lines import spoken_lines
    from relay import stream
    from relay.recording.reader import RecordingReader

    reader = RecordingReader(entry.directory)
    title = one_line(entry.directory.name)
    if kind == "jsonl":
        return "".join(f"{_harmless_line(stream.encode(event))}\n" for event in reader.events())
    if kind == "html":
        return page.html(entry.directory, i18n.language(), title)
    lines = spoken_lines(reader.events())
    match kind:
        case "srt":
            return subtitles.srt(lines, speaker)
        case "vtt":
            return subtitles.vtt(lines, speaker)
        case "markdown":
            return markdown.transcript(lines, entry.manifest, speaker, title)
        case _:
            return asciicast.asciicast(lines, entry.manifest, speaker, title)


def _harmless_line(line: bytes) -> str:
    """An event that another program may print; what came from a server was made harmless before, in our recordings."""
    return line.decode() if is_harmless_json(line) else json.dumps(decode_untyped(line), ensure_ascii=False)
