"""Files that were saved with a UTF-8 byte order mark (Notepad, PowerShell 5) are read as without it."""

from __future__ import annotations

import codecs
from pathlib import Path

from backend.engine import persona_file
from backend.engine.faults import Fault
from backend.engine.options import read_plan, read_token
from backend.engine.persona_file import load_persona

PERSONAS = Path(persona_file.__file__).parent / "personas"


def test_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(codecs.BOM_UTF8 + b"secret\r\n")
    assert read_token(path) == "secret"


def test_faults(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_bytes(codecs.BOM_UTF8 + b'[[faults]]\nkind = "abort"\n')
    assert read_plan(path) == (Fault("abort"),)


def test_persona(tmp_path: Path) -> None:
    shipped = next(PERSONAS.glob("*.toml"))
    path = tmp_path / shipped.name
    path.write_bytes(codecs.BOM_UTF8 + shipped.read_bytes())
    assert load_persona(path).id == load_persona(shipped).id
