"""The extras ``[server]`` and ``[web]``: without them the serving commands are unavailable, but the console works."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from tui.cli.group import reject
from tui.i18n import _

_MODULES = ("django", "rest_framework", "channels", "uvicorn", "earshot")
_WEB_MODULES = ("aiohttp", "textual_serve")


def require_server(modules: Sequence[str] | None = None) -> None:
    """Raise ``Exit`` after saying how to install the extra, unless it (or each of ``modules``) is there."""
    missing = next((name for name in modules or _MODULES if find_spec(name) is None), None)
    if missing is not None:
        sentence = _("The server is not installed ({name} is missing). Install it with: {command}")
        install = 'pip install "salesmind-console[server,offline]"'
        raise reject(sentence.format(name=missing, command=install))


def require_web() -> None:
    """The same for the extra ``[web]``, which serves the console as a page."""
    missing = next((name for name in _WEB_MODULES if find_spec(name) is None), None)
    if missing is not None:
        sentence = _("The web page is not installed ({name} is missing). Install it with: {command}")
        raise reject(sentence.format(name=missing, command='pip install "salesmind-console[web]"'))
