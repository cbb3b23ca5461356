"""Sources and sinks as given on the command line."""

from __future__ import annotations

from collections.abc import Iterable

from tui.settings import SettingsError


def check_sound_arguments(sources: Iterable[str], sink: str) -> None:
    """Raise ``SettingsError`` for a malformed one, before anything is started."""
    from audio.errors import AudioError
    from audio.spec import parse_sink, parse_source
    from tui.wording.errors import of_error

    try:
        for source in sources:
            parse_source(source)
        parse_sink(sink)
    except AudioError as error:
        raise SettingsError(of_error(error)) from None
