"""What is published about recordings is what the code writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_schema_is_made_from_the_code_as_it_is() -> None:
    script = ROOT / "scripts" / "make_recording_schema.py"
    assert subprocess.run([sys.executable, script, "--check"], cwd=ROOT, check=False).returncode == 0


def test_every_file_of_a_recording_is_documented() -> None:
    text = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8")
    for name in (
        "manifest.json",
        "events.jsonl",
        "wire.jsonl",
        "user.flac",
        "customer.flac",
        "received.flac",
    ):
        assert f"`{name}`" in text
