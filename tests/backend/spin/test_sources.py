"""What is committed beside the code is made from it: the catalogue, its compiled form, the migrations."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import backend.spin
from backend.spin.close_codes import CloseCode

SPIN = Path(backend.spin.__file__).parent
DOCS = SPIN.parents[1] / "docs" / "server.md"
CATALOGUE = SPIN / "locale" / "ja" / "LC_MESSAGES" / "django.po"


def test_every_message_is_translated_and_none_is_left_over() -> None:
    keywords = {"_": None, "gettext": None, "gettext_lazy": None}
    used = {
        message
        for _file, _line, message, _comments, _context in extract_from_dir(
            SPIN, [("**.py", "python")], keywords=keywords
        )
    }
    with CATALOGUE.open("rb") as file:
        translated = {
            message.id for message in read_po(file) if message.id and message.string and not message.fuzzy
        }
    assert used == translated


def test_the_compiled_catalogue_is_up_to_date() -> None:
    compiled = io.BytesIO()
    with CATALOGUE.open("rb") as file:
        write_mo(compiled, read_po(file, locale="ja"))
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue()


def test_every_setting_is_in_the_docs() -> None:
    code = "".join((SPIN.parent / name).read_text() for name in ("settings.py", "environment.py"))
    names = set(re.findall(r'"(SALESMIND_[A-Z_]+|OPENAI_API_KEY)"', code))
    assert len(names) > 15
    assert {name for name in names if f"| `{name}` |" not in DOCS.read_text(encoding="utf-8")} == set()


def test_every_close_code_is_in_the_docs() -> None:
    table = re.findall(r"^\| (\d{4})(?: \((\d{4})\))? \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {int(code) for codes in table for code in codes if code}
    # 1001 is what an upstream closes with; 1012 comes from the ASGI server.
    assert set(CloseCode) - {CloseCode.GOING_AWAY} == documented - {1012}


def test_the_migrations_are_complete(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backend.settings",
        "SALESMIND_DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
