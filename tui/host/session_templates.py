"""Templates for new sessions, as the operator saved them: ``templates.json`` in the state directory.

A file that cannot be read is not overwritten: it is somebody's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from api_client.models import NewSession
from tui.host.memory import write_private

FILE = "templates.json"


class Template(msgspec.Struct, frozen=True):
    """A name, and what the form is filled in with."""

    name: str
    session: NewSession


class TemplatesUnreadable(Exception):
    """``path`` is there but cannot be read. ``reason`` is the system's or the parser's."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def load(directory: Path) -> list[Template]:
    """The templates in ``directory`` by name; none if there is no file. Raises ``TemplatesUnreadable``."""
    path = directory / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Template])
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TemplatesUnreadable(path, error.strerror or str(error)) from error
    except ValueError as error:  # also of msgspec
        raise TemplatesUnreadable(path, str(error)) from error


def with_template(templates: Sequence[Template], new: Template) -> list[Template]:
    """``templates`` with ``new``, which replaces one of the same name; sorted by name."""
    others = [one for one in templates if one.name != new.name]
    return sorted([*others, new], key=lambda one: one.name.casefold())


def save(directory: Path, templates: Sequence[Template]) -> None:
    """Replace the file. Raises ``OSError``."""
    text = msgspec.json.format(msgspec.json.encode(list(templates)), indent=1).decode()
    write_private(directory / FILE, text)
