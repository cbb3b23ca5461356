"""Write docs/configuration.md and docs/configuration.ja.md from the declared settings and exit codes.

python scripts/make_configuration_reference.py           writes the files
python scripts/make_configuration_reference.py --check   exits with 1 if one of them is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tui import i18n
from tui.exit_codes import MEANINGS
from tui.i18n import _
from tui.settings.declaration import Between, Option
from tui.settings.values import PROFILE_OPTIONS, TABLE_OPTIONS, TOP_OPTIONS

DOCS = Path(__file__).parents[1] / "docs"
TARGETS: dict[i18n.Language, Path] = {"en": DOCS / "configuration.md", "ja": DOCS / "configuration.ja.md"}

INTRODUCTION: dict[str, str] = {
    "en": """\
# Configuration

<!-- Made by scripts/make_configuration_reference.py from tui/settings/values.py. Do not edit. -->

Flags take precedence over environment variables, those over the file, the file over the defaults. The file is TOML.

- `salesmind config path` says where it is (`~/.config/salesmind/config.toml` on Linux).
- `salesmind config init` makes one with every setting as a comment.
- `salesmind config show` says what is in force, and where it comes from.
- `salesmind config set KEY VALUE` changes one setting.
- `salesmind config check` names every mistake with its line.

Passwords and tokens are never read from it.
""",
    "ja": """\
# 設定

<!-- Made by scripts/make_configuration_reference.py from tui/settings/values.py. Do not edit. -->

優先順位は、コマンドラインのオプション、環境変数、設定ファイル、既定値の順です。設定ファイルは TOML です。

- `salesmind config path` は、ファイルの場所を示します (Linux では `~/.config/salesmind/config.toml`)。
- `salesmind config init` は、すべての設定をコメントとして書いたファイルを作ります。
- `salesmind config show` は、現在の値とその出どころを示します。
- `salesmind config set KEY VALUE` は、設定を 1 つ変えます。
- `salesmind config check` は、すべての誤りを行番号付きで示します。

パスワードとトークンを設定ファイルに書くことはできません。
""",
}
HEADINGS: dict[str, tuple[str, str]] = {
    "top": ("At the top of the file", "ファイルの先頭に書く設定"),
    "audio": ("`[audio]`", "`[audio]`"),
    "recording": ("`[recording]`", "`[recording]`"),
    "connection": ("`[connection]`", "`[connection]`"),
    "profiles": ("`[[profiles]]`, once per server", "`[[profiles]]` (サーバーごとに 1 つ)"),
    "keys": ("`[keys]`", "`[keys]`"),
    "variables": ("Other environment variables", "その他の環境変数"),
    "codes": ("Exit codes", "終了コード"),
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "en": ("setting", "meaning", "values", "default", "environment", "flag"),
    "ja": ("設定", "意味", "値", "既定値", "環境変数", "オプション"),
}
KEYS: dict[str, str] = {
    "en": """\
Keys for an action, by its name; several keys are separated by commas. `salesmind keys` lists the names, the keys in
force, conflicts, and what a terminal multiplexer keeps for itself.

    [keys]
    "live.mute" = "f6,m"
""",
    "ja": """\
操作の名前ごとにキーを指定します。複数のキーはコンマで区切ります。`salesmind keys` は、操作の名前、現在のキー、重複、
端末マルチプレクサーに取られるキーを一覧にします。

    [keys]
    "live.mute" = "f6,m"
""",
}
VARIABLES = {
    "SALESMIND_CONFIG": (
        "Path of the configuration file.",
        "設定ファイルのパスです。",
    ),
    "SALESMIND_STATE_DIR": (
        "Directory of logs, results and what the console remembers.",
        "ログ、結果、コンソールが覚えておく内容を置くディレクトリーです。",
    ),
    "SALESMIND_PASSWORD": (
        "Password of the account, for `talk`, `check` and `doctor`.",
        "`talk`、`check`、`doctor` で使うアカウントのパスワードです。",
    ),
    "SALESMIND_SECOND_PASSWORD": (
        "Password of the second account of `check --second-user`.",
        "`check --second-user` で使う 2 人目のアカウントのパスワードです。",
    ),
}
_KINDS: dict[type, tuple[str, str]] = {bool: ("true or false", "true または false"), str: ("text", "文字列")}


def page(language: i18n.Language) -> str:
    """The whole file in ``language``."""
    i18n.set_language(language)
    which = 0 if language == "en" else 1
    columns = COLUMNS[language]
    parts = [INTRODUCTION[language]]
    tables = {
        "top": TOP_OPTIONS,
        **TABLE_OPTIONS,
        "profiles": PROFILE_OPTIONS,
    }
    for name, options in tables.items():
        shown = columns[:4] if name == "profiles" else columns
        parts += [
            f"## {HEADINGS[name][which]}\n",
            _table(shown, (_row(one)[: len(shown)] for one in options)),
        ]
    parts += [f"## {HEADINGS['keys'][which]}\n", KEYS[language]]
    rows = ((f"`{name}`", words[which]) for name, words in VARIABLES.items())
    parts += [f"## {HEADINGS['variables'][which]}\n", _table((columns[4], columns[1]), rows)]
    rows = ((str(int(code)), _(meaning)) for code, meaning in MEANINGS.items())
    parts += [f"## {HEADINGS['codes'][which]}\n", _table((HEADINGS["codes"][which], columns[1]), rows)]
    return "\n".join(parts)


def _row(one: Option) -> tuple[str, ...]:
    name = f"`{one.name}`" if one.in_file else "-"
    return name, _(one.doc), _values(one), _default(one), _code(one.variable), _code(one.flag)


def _values(one: Option) -> str:
    if one.choices:
        return ", ".join(f"`{choice}`" for choice in one.choices)
    bounds = next((check for check in one.checks if isinstance(check, Between)), None)
    return f"{bounds.low:g} - {bounds.high:,.0f}" if bounds else _KINDS[one.kind][i18n.language() == "ja"]


def _default(one: Option) -> str:
    if one.default in (None, ""):
        return "-"
    value: Any = str(one.default).lower() if isinstance(one.default, bool) else one.default
    return f"`{value}`"


def _code(text: str | None) -> str:
    return f"`{text}`" if text else "-"


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(_lines(tuple(columns), rows)) + "\n"


def _lines(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def main() -> int:
    """Write, or check."""
    outdated = False
    for language, target in TARGETS.items():
        text = page(language)
        if "--check" not in sys.argv[1:]:
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            sys.stderr.write(
                f"{target.name} is out of date: run python scripts/make_configuration_reference.py\n"
            )
            outdated = True
    return int(outdated)


if __name__ == "__main__":
    sys.exit(main())
