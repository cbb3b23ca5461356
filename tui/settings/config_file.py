"""The configuration file: read and checked against the declarations. Only `salesmind config` writes to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.i18n import _
from tui.settings.declaration import Option
from tui.settings.errors import SettingsError
from tui.settings.values import OPTIONS, PROFILE_OPTIONS, TABLE_OPTIONS, TOP_OPTIONS

if TYPE_CHECKING:
    from tui.settings.toml_lines import KeyPath

SECRETS = ("password", "token")
TABLES = (*TABLE_OPTIONS, "keys", "profiles")
_FORMER_NAMES = {one.formerly: one for one in OPTIONS if one.formerly}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in the file."""

    path: KeyPath
    what: str
    """In the current language."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The file's text and parsed contents; both empty if there is no file."""

    path: Path
    text: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)

    def mistakes(self) -> Iterator[Mistake]:
        """All mistakes, in order of declaration."""
        yield from _table(self.document, TOP_OPTIONS, (), TABLES)
        for name, options in TABLE_OPTIONS.items():
            table = self.document.get(name, {})
            if isinstance(table, dict):
                yield from _table(table, options, (name,))
            else:
                yield Mistake((name,), _("must be a table: [{name}].").format(name=name))
        keys = self.document.get("keys", {})
        if isinstance(keys, dict):
            yield from _keys(keys, ("keys",))
        else:
            yield Mistake(("keys",), _("must be a table: [{name}].").format(name="keys"))
        yield from _profiles(self.document.get("profiles", []))

    def check(self) -> None:
        """Raise ``SettingsError`` for the first mistake."""
        for mistake in self.mistakes():
            raise SettingsError(self.sentence(mistake))

    def sentence(self, mistake: Mistake) -> str:
        """The mistake, with file and line."""
        key = next((part for part in reversed(mistake.path) if isinstance(part, str)), "")
        line = self.line(mistake.path)
        if line is None:
            return f"{self.path}: {key}: {mistake.what}"
        sentence = _("{path}, line {n}: {key}: {what}")
        return sentence.format(path=self.path, n=line, key=key, what=mistake.what)

    def line(self, path: KeyPath) -> int | None:
        """The line on which ``path`` is defined."""
        from tui.settings.toml_lines import line_of

        return line_of(self.text, path)

    def value(self, option: Option) -> Any:
        """The file's value for ``option``, or None."""
        value: Any = self.document
        for part in self.place(option):
            value = value.get(part, {} if part == option.table else None)
        return value

    def place(self, option: Option) -> KeyPath:
        """Where ``option`` is in this file, or would be: an earlier version's file may have it elsewhere."""
        now = (option.table, option.name) if option.table else (option.name,)
        inside = self.document.get(option.table, {}) if option.table else self.document
        if option.formerly is not None and option.formerly in self.document and option.name not in inside:
            return (option.formerly,)
        return now

    @property
    def profiles(self) -> Sequence[Mapping[str, Any]]:
        """The tables of ``[[profiles]]``."""
        return list(self.document.get("profiles", []))

    @property
    def keys(self) -> dict[str, str]:
        """Binding id to comma-separated keys."""
        return _flat(self.document.get("keys", {}))


def read_config(path: Path, *, must_exist: bool = False) -> ConfigFile:
    """The file at ``path``, parsed but not yet checked. Raises ``SettingsError``.

    A byte order mark, which Windows' editors write, is not part of the text.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if must_exist:
            sentence = _("{path}: SALESMIND_CONFIG names a file that does not exist.")
            raise SettingsError(sentence.format(path=path)) from None
        return ConfigFile(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise SettingsError(_("{path}: cannot be read: {why}").format(path=path, why=why)) from None
    except ValueError:  # a null character in the name
        raise SettingsError(_("{path}: not a file name.").format(path=repr(str(path)))) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sentence = _("{path}, line {n}: not UTF-8. Save the file as UTF-8.")
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(sentence.format(path=path, n=line)) from None
    return parse_config(path, text)


def parse_config(path: Path, text: str) -> ConfigFile:
    """Parse ``text`` as the contents of ``path``. Raises ``SettingsError``."""
    return ConfigFile(path, text, _parsed(path, text))


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # 5 ms of the way to the first screen, and most have no file

    try:
        return tomllib.loads(text)
    except RecursionError:
        why = _("too deeply nested")
        raise SettingsError(_("{path}: not valid TOML: {why}").format(path=path, why=why)) from None
    except ValueError as error:  # TOMLDecodeError, and int() of a number with thousands of digits
        from tui.settings.toml_lines import syntax_error_line

        line = syntax_error_line(error, text)
        if line is None or "at line" in str(error):
            raise SettingsError(_("{path}: not valid TOML: {why}").format(path=path, why=error)) from None
        sentence = _("{path}, line {n}: not valid TOML: {why}")
        raise SettingsError(sentence.format(path=path, n=line, why=error)) from None


def check_profile(wanted: str | None, names: Sequence[str]) -> None:
    """Raise ``SettingsError`` if the profile ``wanted`` is not among those configured."""
    if not wanted or wanted in names:
        return
    if not names:
        raise SettingsError(_("There is no profile {name}: none is configured.").format(name=wanted))
    sentence = _("There is no profile {name}. Configured: {names}.")
    raise SettingsError(sentence.format(name=wanted, names=", ".join(names)))


def _table(
    values: Mapping[str, Any], options: Sequence[Option], where: KeyPath, tables: Sequence[str] = ()
) -> Iterator[Mistake]:
    known = {one.name: one for one in options if one.in_file}
    accepted = known if where else known | _FORMER_NAMES
    for name, value in values.items():
        path = (*where, name)
        if name in SECRETS:
            yield Mistake(path, _("secrets are not read from the configuration; you are prompted for them."))
        elif name in accepted:
            if problem := accepted[name].problem(value):
                yield Mistake(path, problem)
        elif name not in tables:
            yield Mistake(path, _unknown(name, [*known, *tables], where))


def _unknown(name: str, known: list[str], where: KeyPath) -> str:
    import difflib

    if close := difflib.get_close_matches(name, known, n=1):
        return _("unknown option. Did you mean {name}?").format(name=close[0])
    names = ", ".join(sorted(known))
    if where:
        return _("unknown option in [{table}]. Options: {names}.").format(table=where[0], names=names)
    return _("unknown option. Options: {names}.").format(names=names)


def _profiles(profiles: Any) -> Iterator[Mistake]:
    if not isinstance(profiles, list):
        yield Mistake(("profiles",), _("must be tables: [[profiles]]."))
        return
    names: list[Any] = []
    for number, profile in enumerate(profiles):
        where: KeyPath = ("profiles", number)
        if not isinstance(profile, dict):
            yield Mistake(where, _("must be tables: [[profiles]]."))
            continue
        yield from _table(profile, PROFILE_OPTIONS, where)
        for one in PROFILE_OPTIONS:
            if one.required and one.name not in profile:
                yield Mistake(where, _("each profile needs a {name}.").format(name=one.name))
        name = profile.get("name")
        if name is not None and name in names:
            yield Mistake((*where, "name"), _("two profiles have the same name."))
        names.append(name)


def _keys(table: Mapping[str, Any], where: KeyPath) -> Iterator[Mistake]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, (*where, name))
        elif not isinstance(value, str) or not value.strip():
            yield Mistake((*where, name), _('must be keys in quotes, e.g. "f6,m".'))


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """``[keys.live] mute = "x"`` and ``"live.mute" = "x"`` are the same thing."""
    flat: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = ",".join(part.strip() for part in value.split(","))
    return flat
