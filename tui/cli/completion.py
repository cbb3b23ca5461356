"""Shell completion for arguments: profiles, sources, sinks, settings and runs. Nothing here may fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from tui.settings import SettingsError

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
MAX_RUNS = 50


def offer(names: Callable[[], Iterator[tuple[str, str]]]) -> Complete:
    """Completion from ``names``: what can be typed, with a description."""

    def complete(_ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        return [CompletionItem(name, help=what or None) for name, what in names() if name.startswith(typed)]

    return complete


def profiles() -> Iterator[tuple[str, str]]:
    """The profiles of the configuration, with their servers."""
    from tui.settings.load import read_file

    with suppress(SettingsError):
        file = read_file()
        file.check()
        for profile in file.profiles:
            yield profile["name"], profile["server_url"]


def sources() -> Iterator[tuple[str, str]]:
    """The kinds of sources, and the sample recordings."""
    from audio.samples import samples
    from tui.i18n import LANGUAGES

    yield from ((name, "") for name in ("mic", "mic:", "wav:", "tcp:", "tone", "silence"))
    for language in LANGUAGES:
        for sample in samples(language):
            yield f"wav:{sample.path}", sample.text


def sinks() -> Iterator[tuple[str, str]]:
    """The kinds of sinks."""
    yield from ((name, "") for name in ("speaker", "speaker:", "wav:", "tcp:", "none"))


def settings_keys() -> Iterator[tuple[str, str]]:
    """The settings that `salesmind config set` takes."""
    from tui.i18n import _
    from tui.settings.values import OPTIONS

    yield from ((option.key, _(option.doc)) for option in OPTIONS if option.in_file)


def runs() -> Iterator[tuple[str, str]]:
    """The ids of the saved acceptance runs, newest first, with their servers."""
    from acceptance.store import FILE_NAME, ResultsStore, StoreError
    from tui.settings import state_directory

    yield "latest", ""
    path = state_directory() / FILE_NAME
    if path.is_file():  # looking must not make one
        with suppress(StoreError), ResultsStore(path) as store:
            for run in store.runs(MAX_RUNS):
                yield run.id, run.server_url


def recordings() -> Iterator[tuple[str, str]]:
    """The names of the newest recordings, with their servers."""
    from tui.host.recordings import all_recordings, libraries
    from tui.settings import load_settings

    yield "latest", ""
    with suppress(SettingsError, OSError):
        for kept in all_recordings(libraries(load_settings()))[:MAX_RUNS]:
            yield kept.entry.name, kept.entry.manifest.server_url or ""


_OF_SETTINGS = {"profile": profiles, "source": sources, "sink": sinks}


def of_setting(name: str) -> Complete | None:
    """Completion for the flag of setting ``name``, if there is any."""
    names = _OF_SETTINGS.get(name)
    return None if names is None else offer(names)
