"""The recordings as the command line finds them: by name, with a sentence for what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from api_client.harmless import one_line
from tui.cli.completion import MAX_RUNS, Complete, offer
from tui.cli.group import reject
from tui.i18n import N_, _
from tui.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from recordings.library import Deleted, Entry, Library

RUN = N_("RUN is a name from the list, the beginning of one, `latest`, or the directory of a recording.")


def the_library() -> Library:
    """The conversations, where the settings say. Raises ``Exit`` after saying what is wrong with them."""
    return the_shelves()[0]


def the_shelves() -> tuple[Library, ...]:
    """The conversations, and those of acceptance runs. Raises ``Exit`` after saying what is wrong with the settings."""
    from tui.host.recordings import libraries

    try:
        return libraries(load_settings({}))
    except SettingsError as error:
        raise reject(str(error)) from None


def find(run: str) -> Entry:
    """The recording that ``run`` names, of a conversation or an acceptance run. Raises ``Exit`` after saying why there
    is none."""
    from recordings.library import UnknownRecording
    from relay.recording.reader import NoRecording
    from tui.host.recordings import find_recording

    try:
        return find_recording(the_shelves(), run)
    except UnknownRecording as unknown:
        raise _unknown(unknown, _("There is no recording {run}. `salesmind runs list` lists them.")) from None
    except (NoRecording, OSError, ValueError) as error:
        raise cannot(_("The recording {run} cannot be read: {reason}"), run, error) from None


def find_deleted(library: Library, run: str) -> Deleted:
    """The deleted recording that ``run`` names. Raises ``Exit`` after saying why there is none."""
    from recordings.library import UnknownRecording

    try:
        return library.find_deleted(run)
    except UnknownRecording as unknown:
        sentence = _("There is no deleted recording {run}. `salesmind runs list --deleted` lists them.")
        raise _unknown(unknown, sentence) from None


def _unknown(error: Exception, sentence: str) -> click.exceptions.Exit:
    candidates: tuple[str, ...] = getattr(error, "candidates", ())
    name = one_line(str(getattr(error, "name", "")))
    if not candidates:
        return reject(sentence.format(run=name))
    some = _("Several recordings begin with {run}: {names}. Give more of the name.")
    return reject(some.format(run=name, names=", ".join(map(one_line, candidates))))


def cannot(sentence: str, run: str | Path, error: Exception) -> click.exceptions.Exit:
    """Say ``sentence``, which has places for ``run`` and ``reason``; raise what is returned."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return reject(sentence.format(run=one_line(str(run)), reason=one_line(str(reason))))


@contextmanager
def reading(entry: Entry) -> Iterator[None]:
    """What prevents a recording from being read while the block runs ends the program with a sentence."""
    try:
        yield
    except OSError as error:
        raise cannot(_("The recording {run} cannot be read: {reason}"), entry.name, error) from None


def _names() -> Iterator[tuple[str, str]]:
    """For completion: the newest recordings, with their servers."""
    from tui.host.recordings import all_recordings, libraries

    yield "latest", ""
    with suppress(SettingsError, OSError):
        for entry in [kept.entry for kept in all_recordings(libraries(load_settings({})))[:MAX_RUNS]]:
            yield one_line(entry.name), one_line(entry.manifest.server_url or "")


def _deleted_names() -> Iterator[tuple[str, str]]:
    from tui.host.recordings import library

    with suppress(SettingsError, OSError):
        for one in library(load_settings({})).deleted()[:MAX_RUNS]:
            yield one_line(one.name), one_line(one.entry.manifest.server_url or "")


complete_runs: Complete = offer(_names)
complete_deleted: Complete = offer(_deleted_names)
