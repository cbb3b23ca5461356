"""Writing the configuration file: a template, and one setting at a time. Everything else in it is kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui.i18n import _
from tui.settings.config_file import ConfigFile, check_profile, parse_config
from tui.settings.declaration import Option
from tui.settings.errors import SettingsError
from tui.settings.values import PROFILE_OPTIONS, TABLE_OPTIONS, TOP_OPTIONS


def template() -> str:
    """A file with every setting as a comment with its default, explained in the current language."""
    lines = [_("# Settings of SalesMind Console. Uncomment a line to change its default."), ""]
    for option in TOP_OPTIONS:
        if option.in_file:
            lines += _entry(option)
    # The headers are none: a setting above them must not come to stand in another table.
    for name, options in TABLE_OPTIONS.items():
        lines += [f"[{name}]", ""]
        for option in options:
            lines += _entry(option)
    profiles = ["# [[profiles]]", ""]
    for option in PROFILE_OPTIONS:
        profiles += _entry(option)
    lines += [
        "[keys]",
        "",
        _("# Keys of an action; `salesmind keys` lists the names."),
        '# "live.mute" = "f6,m"',
        "",
    ]
    return "\n".join([*lines, *profiles])


def _entry(option: Option) -> list[str]:
    value = _example(option) if option.default in (None, "") else option.default
    explained = _(option.doc)
    return [f"# {explained}", f"# {option.name} = {_toml(value)}", ""]


def _example(option: Option) -> str:
    if option.choices:
        return option.choices[0]
    return {
        "server_url": "https://salesmind.example",
        "source": "mic",
        "sink": "speaker",
        "directory": "~/salesmind-recordings",
    }.get(option.name, "")


def _toml(value: Any) -> str:
    import tomlkit

    return str(tomlkit.item(value).as_string())


def with_setting(file: ConfigFile, option: Option, value: Any) -> str:
    """The text of ``file`` with ``option`` set to ``value``. Raises ``SettingsError`` where the file has a mistake."""
    import tomlkit

    file.check()
    if option.key == "profile":
        check_profile(value, [profile["name"] for profile in file.profiles])
    document = tomlkit.parse(file.text)
    table: Any = document
    if option.table:
        if option.table not in document:
            document[option.table] = tomlkit.table()
        table = document[option.table]
    table[option.name] = value
    text: str = tomlkit.dumps(document)
    changed = parse_config(file.path, text)
    changed.check()
    assert changed.value(option) == value
    return text


def without_setting(file: ConfigFile, option: Option) -> str:
    """The text of ``file`` without ``option``. Raises ``SettingsError`` where the file has a mistake."""
    import tomlkit

    file.check()
    document = tomlkit.parse(file.text)
    for place in (file.place(option), (option.table, option.name), (option.formerly or option.name,)):
        *tables, name = (part for part in place if part)
        table: Any = document
        for part in tables:
            table = table.get(part, {})
        if name in table:
            del table[name]
    text: str = tomlkit.dumps(document)
    assert parse_config(file.path, text).value(option) is None
    return text


def with_profile(file: ConfigFile, index: int | None, values: Mapping[str, Any]) -> str:
    """The text of ``file`` with profile ``index`` (None: a new one) as in ``values``, without what is left out there.

    A renamed profile stays the selected one. Raises ``SettingsError`` where the file or the profile has a mistake.
    """
    import tomlkit

    file.check()
    document = tomlkit.parse(file.text)
    if index is None:
        document.setdefault("profiles", tomlkit.aot())
        profiles: Any = document["profiles"]
        profiles.append(
            tomlkit.inline_table() if isinstance(profiles, tomlkit.items.Array) else tomlkit.table()
        )
        profile = profiles[-1]
    else:
        profile = document["profiles"][index]
    before = profile.get("name")
    for name in [name for name in profile if name not in values]:
        del profile[name]
    for name, value in values.items():
        profile[name] = value
    if before is not None and document.get("profile") == before:
        document["profile"] = values["name"]
    return _checked_text(file, document)


def without_profile(file: ConfigFile, index: int) -> str:
    """The text of ``file`` without profile ``index``, which is no longer selected either. Raises ``SettingsError``."""
    import tomlkit

    file.check()
    document = tomlkit.parse(file.text)
    profiles: Any = document["profiles"]
    name = profiles[index]["name"]
    del profiles[index]
    if not len(profiles):
        del document["profiles"]
    if document.get("profile") == name:
        del document["profile"]
    return _checked_text(file, document)


def _checked_text(file: ConfigFile, document: Any) -> str:
    import tomlkit

    text: str = tomlkit.dumps(document)
    parse_config(file.path, text).check()
    return text


def write(path: Path, text: str) -> None:
    """Replace the file in one step, its mode kept; a link stays one. Raises ``SettingsError``."""
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        sentence = _("The file {path} cannot be written: {reason}")
        raise SettingsError(sentence.format(path=path, reason=reason)) from None
