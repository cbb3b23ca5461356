"""``--mind`` and related options: a model that answers for the engine's customers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tui.i18n import _

_Command = TypeVar("_Command", bound=Callable[..., Any])


def mind_options(command: _Command) -> _Command:
    """Give ``command`` the options, as ``mind``, ``mind_model``, ``mind_key_file`` and ``mind_timeout``."""
    options = (
        click.option(
            "--mind",
            metavar="URL",
            help=_(
                "OpenAI-compatible chat endpoint (Ollama, llama.cpp, vLLM, ...) whose model answers for the "
                "customer."
            ),
        ),
        click.option("--mind-model", metavar="NAME", help=_("Model for --mind.")),
        click.option(
            "--mind-key-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=_("File with the key for --mind (mode 0600). Default: SALESMIND_MIND_KEY, or no key."),
        ),
        click.option(
            "--mind-timeout",
            metavar="N",
            default=10.0,
            show_default=True,
            type=click.FloatRange(min=0.1),
            help=_("Seconds to wait for --mind before the script answers."),
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def mind_arguments(
    mind: str | None, mind_model: str | None, mind_key_file: Path | None, mind_timeout: float
) -> tuple[str, ...]:
    """The same as arguments, for a child process."""
    if mind is None:
        return ()
    key = ("--mind-key-file", str(mind_key_file.resolve())) if mind_key_file else ()
    return ("--mind", mind, "--mind-model", str(mind_model), "--mind-timeout", str(mind_timeout), *key)
