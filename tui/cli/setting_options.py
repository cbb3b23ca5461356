"""Command-line flags generated from the declared settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from tui.cli.completion import of_setting
from tui.i18n import _
from tui.settings.declaration import Between, Option
from tui.settings.values import option_named

Command = TypeVar("Command", bound=Callable[..., Any])


def setting(name: str, **more: Any) -> Callable[[Command], Command]:
    """The flag for setting ``name``, as declared; ``more`` goes to ``click.option``."""
    option = option_named(name)
    assert option.flag is not None, f"{name} has no flag"
    usual: dict[str, Any] = {"help": _(option.doc), "default": None, "shell_complete": of_setting(name)}
    if option.kind is bool:
        usual["is_flag"] = True
    else:
        usual |= {"metavar": None if option.choices else _metavar(option), "type": _type(option)}
    return click.option(option.flag, option.name, **usual | more)


def _metavar(option: Option) -> str:
    return option.metavar or {int: "N", float: "X"}.get(option.kind, "TEXT")


def _type(option: Option) -> Any:
    if option.choices:
        return click.Choice(option.choices)
    bounds = next((check for check in option.checks if isinstance(check, Between)), None)
    if bounds is None:
        return option.kind
    if option.kind is int:
        return click.IntRange(int(bounds.low), int(bounds.high))
    return click.FloatRange(bounds.low, bounds.high)
