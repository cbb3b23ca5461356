"""docs/stream.md says what relay/stream.py says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

from relay.stream import StreamEvent

ROOT = Path(__file__).parents[2]


def test_the_reference_is_made_from_the_code_as_it_is() -> None:
    script = ROOT / "scripts" / "make_stream_reference.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_kind_is_in_it() -> None:
    text = (ROOT / "docs" / "stream.md").read_text(encoding="utf-8")
    for kind in get_args(StreamEvent):
        assert f"### `{kind.__struct_config__.tag}`\n" in text
