"""The `salesmind` command line.

``main`` chooses the language before anything with text is imported, and imports nothing heavy:
the time from here to the login screen is measured (``benchmarks/startup.py``).
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

COMPLETION_VARIABLE = "_SALESMIND_COMPLETE"
"""Set by the shell's completion script, which calls the program without arguments."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits through ``SystemExit``."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    from tui.i18n import resolve_language, set_language

    language = resolve_language(_flag(arguments, "--lang"))
    set_language(language)
    _check_packages()
    from relay.descriptors import open_standard_descriptors

    open_standard_descriptors()
    _check_encoding(arguments)
    if not arguments and COMPLETION_VARIABLE not in os.environ:
        # The commonest way in, and the one that is waited for: click would take 25 ms of it, and looking for
        # garbage in what is imported as much again. The app turns that on once the first screen is drawn.
        gc.disable()
        from tui.cli.console import open_console

        sys.exit(open_console())
    _translate_click(language)
    from tui.cli.group import salesmind

    salesmind.main(args=list(arguments), prog_name="salesmind", complete_var=COMPLETION_VARIABLE)


def _check_packages() -> None:
    """Exit with a message if another program's packages (``relay`` on PYTHONPATH) shadow ours."""
    from importlib.util import find_spec
    from pathlib import Path

    root = Path(__file__).parents[2]
    for name in ("relay", "audio", "api_client", "acceptance", "recordings", "scenarios", "backend"):
        spec = find_spec(name)
        places = [Path(place).resolve() for place in spec.submodule_search_locations or ()] if spec else []
        if spec is not None and root.resolve() / name not in places:
            from tui.i18n import _

            sentence = _("{path} shadows this program's package {name}. Remove it from PYTHONPATH.")
            where = spec.origin or next(iter(places), "?")
            print(sentence.format(path=where, name=name), file=sys.stderr)
            sys.exit(2)


def _check_encoding(arguments: Sequence[str]) -> None:
    """Exit with a message if an argument is not UTF-8: neither JSON nor the server could handle it."""
    from tui.encoding import first_unreadable, print_whatever_comes

    print_whatever_comes()
    if (wrong := first_unreadable(arguments)) is not None:
        from tui.i18n import _

        sentence = _("The argument {value} is not UTF-8. Rename the file, or write the text in UTF-8.")
        print(sentence.format(value=wrong), file=sys.stderr)
        sys.exit(2)


def _translate_click(language: str) -> None:
    """Point click at our catalogue of its messages: it uses gettext's default domain, set by the environment."""
    import gettext

    from tui.i18n import LOCALE_DIRECTORY

    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain("click", str(LOCALE_DIRECTORY))
    gettext.textdomain("click")


def _flag(arguments: Sequence[str], name: str) -> str | None:
    """The value of flag ``name`` before click parses anything: help texts need the language first."""
    for position, argument in enumerate(arguments):
        if argument == name and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return None
