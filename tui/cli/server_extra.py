"""The extra ``[server]``: without it the serving commands are unavailable, but the console works."""

from __future__ import annotations

from importlib.util import find_spec

from tui.cli.group import reject
from tui.i18n import _

_MODULES = ("django", "rest_framework", "channels", "uvicorn", "earshot")


def require_server() -> None:
    """Raise ``Exit`` after saying how to install the extra, unless it is complete."""
    missing = next((name for name in _MODULES if find_spec(name) is None), None)
    if missing is not None:
        sentence = _("The server is not installed ({name} is missing). Install it with: {command}")
        install = 'pip install "salesmind-console[server,offline]"'
        raise reject(sentence.format(name=missing, command=install))
