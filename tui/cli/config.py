"""`salesmind config`: where the configuration is, which settings apply and why, and changing them."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from api_client.harmless import one_line
from tui.cli.completion import offer, settings_keys
from tui.cli.group import SuggestingGroup, reject
from tui.cli.text_table import table_lines
from tui.i18n import N_, _
from tui.settings import SettingsError, config_path
from tui.settings.config_file import ConfigFile
from tui.settings.load import Setting, read_file, settings_of

ORIGINS = {
    "flag": N_("flag"),
    "environment": N_("environment"),
    "file": N_("file"),
    "default": N_("default"),
}


@click.group(
    cls=SuggestingGroup,
    help=_("Show, check and change the settings. docs/configuration.md explains each."),
    short_help=_("Show, check and change the settings."),
)
def command() -> None:
    """The group; it does nothing by itself."""


@command.command("path", help=_("Print where the configuration file is, or would be."))
def path_command() -> None:
    """Print the path on standard output."""
    click.echo(config_path())


@command.command("show", help=_("Show every setting in effect and where it comes from."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
def show_command(as_json: bool) -> None:
    """Print the settings on standard output."""
    try:
        file = read_file()
        file.check()
        settings = list(settings_of(file, {}))
    except SettingsError as error:
        raise reject(str(error)) from None
    if as_json:
        click.echo(json.dumps(_as_json(file, settings), ensure_ascii=False, indent=2).encode())
        return
    heading = (_("Setting"), _("Value"), _("From"))
    for line in table_lines([heading, *(_row(one, file) for one in settings)]):
        click.echo(line)
    for profile in file.profiles:
        click.echo("")
        click.echo(f"[[profiles]] {one_line(profile['name'])}")
        for line in table_lines([(f"  {name}", _shown(value)) for name, value in profile.items()]):
            click.echo(line)
    if file.keys:
        click.echo("")
        click.echo("[keys]")
        for line in table_lines(
            [(f"  {one_line(name)}", one_line(keys)) for name, keys in file.keys.items()]
        ):
            click.echo(line)


def _row(setting: Setting, file: ConfigFile) -> tuple[str, ...]:
    origin = _(ORIGINS[setting.origin])
    if setting.origin == "environment":
        origin = str(setting.option.variable)
    elif setting.origin == "file":
        origin = f"{file.path}:{file.line(file.place(setting.option))}"
    return setting.option.key, _shown(setting.value), origin


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return str(value).lower() if isinstance(value, bool) else one_line(str(value))


def _as_json(file: ConfigFile, settings: list[Setting]) -> dict[str, Any]:
    return {
        "path": str(file.path),
        "settings": {one.option.key: {"value": one.value, "origin": one.origin} for one in settings},
        "profiles": [dict(profile) for profile in file.profiles],
        "keys": file.keys,
    }


@command.command("init", help=_("Write a configuration file that explains every setting."))
@click.option("--force", is_flag=True, help=_("Overwrite an existing file."))
def init_command(force: bool) -> None:
    """Write the template and print its path on standard output."""
    from tui.settings.edit import template, write

    path = config_path()
    if os.path.lexists(path) and not force:
        raise reject(_("{path} already exists. Use --force to replace it.").format(path=path))
    try:
        write(path, template())
    except SettingsError as error:
        raise reject(str(error)) from None
    click.echo(path)


@command.command(
    "set",
    help=_("Change one setting in the file, such as `audio.sink none`. The rest of the file is kept."),
)
@click.argument("key", shell_complete=offer(settings_keys))
@click.argument("value")
def set_command(key: str, value: str) -> None:
    """Check the value, then write it; the change is reported on standard error."""
    from tui.settings.change import read_value
    from tui.settings.edit import with_setting, write
    from tui.settings.values import OPTIONS, option_named

    try:
        option = option_named(key)
    except KeyError:
        option = None
    if option is None or not option.in_file:
        names = ", ".join(one.key for one in OPTIONS if one.in_file)
        raise reject(
            _("There is no setting {key}. Settings: {names}.").format(key=one_line(key), names=names)
        )
    try:
        read = read_value(option, value)
        file = _existing()
        write(file.path, with_setting(file, option, read))
    except SettingsError as error:
        raise reject(str(error)) from None
    click.echo(
        _("Set {key} to {value} in {path}.").format(key=option.key, value=_shown(read), path=file.path),
        err=True,
    )


def _existing() -> ConfigFile:
    """The file, or an empty one: SALESMIND_CONFIG may name a file that does not exist yet."""
    from tui.settings.config_file import read_config

    return read_config(config_path())


@command.command(
    "check",
    help=_("List every mistake in the configuration file with its line. Exits 2 if there are any."),
)
def check_command() -> None:
    """Print the mistakes on standard error."""
    try:
        file = read_file()
        sentences = [file.sentence(mistake) for mistake in file.mistakes()]
        if not sentences:
            list(settings_of(file, {}))
            sentences = _unknown_names(file)
    except SettingsError as error:
        raise reject(str(error)) from None
    if sentences:
        raise reject("\n".join(sentences))
    if not file.path.exists():
        click.echo(_("There is no file {path}: the defaults apply.").format(path=file.path), err=True)
    else:
        click.echo(_("{path} is valid.").format(path=file.path), err=True)


def _unknown_names(file: ConfigFile) -> list[str]:
    """Unknown themes and actions; finding them loads the whole console."""
    from tui.keymap import unknown_ids
    from tui.settings.config_file import Mistake
    from tui.themes import theme_names
    from tui.wording.errors import sentence

    sentences = []
    theme = file.document.get("theme")
    if theme is not None and theme not in (names := theme_names()):
        what = sentence("theme_unknown", {"name": theme, "names": ", ".join(names)})
        sentences.append(file.sentence(Mistake(("theme",), what)))
    profile, profiles = file.document.get("profile"), [one["name"] for one in file.profiles]
    if profile is not None and profile not in profiles:
        what = _("There is no profile {name}.").format(name=profile)
        sentences.append(file.sentence(Mistake(("profile",), what)))
    if file.keys and (unknown := unknown_ids(file.keys)):
        sentences.append(f"{file.path}: {sentence('keys_unknown', {'ids': ', '.join(unknown)})}")
    return sentences
