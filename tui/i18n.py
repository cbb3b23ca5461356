"""User-visible text in Japanese and English.

Strings are written in English in the code, inside ``_()``, and translated when they are shown, so a
language chosen late (``--lang``, the configuration, a test) reaches everything. Strings that must stand
at module level, such as binding descriptions and click's help, are marked with ``N_()`` and translated where shown.
"""

from __future__ import annotations

import gettext
import locale
import os
from pathlib import Path
from typing import Literal

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")
DOMAIN = "salesmind"
LOCALE_DIRECTORY = Path(__file__).parent / "locale"

_translation: gettext.NullTranslations = gettext.NullTranslations()
_language: Language = "en"


def set_language(language: Language) -> None:
    """Translate into ``language`` from now on."""
    global _translation, _language
    _language = language
    if language == "en":
        _translation = gettext.NullTranslations()
    else:
        _translation = gettext.translation(DOMAIN, LOCALE_DIRECTORY, languages=[language])


def language() -> Language:
    """The current language."""
    return _language


def _(message: str) -> str:
    """``message`` in the current language."""
    return _translation.gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form for ``n`` in the current language."""
    return _translation.ngettext(singular, plural, n)


def N_(message: str) -> str:  # noqa: N802 (gettext's own name)
    """Mark ``message`` for translation without translating it here."""
    return message


def resolve_language(*choices: str | None) -> Language:
    """The first of ``choices`` that we support, otherwise the environment's, otherwise English.

    Locale spellings count: ``ja_JP.UTF-8`` is ``ja``.
    """
    for choice in (*choices, os.environ.get("SALESMIND_LANG"), _locale_language()):
        tag = (choice or "").split(".")[0].replace("-", "_").split("_")[0].lower()
        if tag in LANGUAGES:
            return tag
    return "en"


def _locale_language() -> str | None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        if value := os.environ.get(name):
            return value
    return locale.getlocale()[0]
