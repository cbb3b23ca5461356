"""Bring the catalogue of the interface's words in step with the code.

    python scripts/catalogue.py            (or: make catalogue)
    python scripts/catalogue.py --check    writes nothing; exit code 1 if there is something to do

Collects every string marked with ``_()``, ``N_()`` or ``ngettext()`` in ``tui/``, updates
``tui/locale/ja/LC_MESSAGES/salesmind.po`` without losing a translation that is still wanted, compiles it, and
names what has no translation yet. Exit code 1 as long as something has none. Needs Babel (dependency group ``dev``).
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
PO = ROOT / "tui" / "locale" / "ja" / "LC_MESSAGES" / "salesmind.po"
MO = PO.with_suffix(".mo")
CLICK_PO = PO.with_name("click.po")
CLICK_MO = CLICK_PO.with_suffix(".mo")
METHODS = [("**.py", "python")]
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "ngettext": (1, 2)}


def extracted() -> Catalog:
    """Every marked string of ``tui/``, with the files it stands in."""
    template = Catalog()
    for file, _line, message, comments, context in extract_from_dir(ROOT / "tui", METHODS, {}, KEYWORDS):
        # Line numbers would change the file with every edit of the code.
        place: tuple[str, Any] = (f"tui/{file}", None)  # Babel's type hints know no place without a line
        template.add(message, None, [place], auto_comments=comments, context=context)
    return template


def committed() -> Catalog:
    """The catalogue as it is in the repository."""
    with PO.open("rb") as file:
        return read_po(file, locale="ja", domain="salesmind")


def click_catalogue() -> Catalog:
    """What click itself says, in Japanese; kept by hand."""
    with CLICK_PO.open("rb") as file:
        return read_po(file, locale="ja", domain="click")


def updated() -> Catalog:
    """The committed catalogue brought in step: new strings are empty, those no longer wanted are gone."""
    catalogue = committed()
    made, revised = catalogue.creation_date, catalogue.revision_date
    catalogue.update(extracted(), no_fuzzy_matching=True)
    # Or no two runs would give the same file.
    catalogue.creation_date, catalogue.revision_date = made, revised
    catalogue.obsolete.clear()
    return catalogue


def untranslated(catalogue: Catalog) -> list[str]:
    """What has no translation, or one that is only guessed."""
    return [str(entry.id) for entry in catalogue if entry.id and (entry.fuzzy or not _complete(entry))]


def _complete(entry: Message) -> bool:
    """Whether every form has words: one, or as many as the language has plurals."""
    return bool(entry.string and all(entry.string))


def source(catalogue: Catalog) -> bytes:
    """The ``.po`` file."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=110, sort_output=True, ignore_obsolete=True)
    return buffer.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """The ``.mo`` file."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def main() -> int:
    """Update and compile; 1 when something is not translated, or with ``--check`` when a file would change."""
    catalogue = updated()
    files = {PO: source(catalogue), MO: compiled(catalogue), CLICK_MO: compiled(click_catalogue())}
    missing = untranslated(catalogue)
    for message in missing:
        print(f"not translated: {message}", file=sys.stderr)
    if "--check" in sys.argv[1:]:
        stale = [path.name for path, data in files.items() if path.read_bytes() != data]
        if stale:
            print(f"out of step: {', '.join(stale)} (make catalogue)", file=sys.stderr)
        return 1 if missing or stale else 0
    for path, data in files.items():
        path.write_bytes(data)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
