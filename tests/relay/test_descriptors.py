"""A process whose standard descriptors were closed by its caller."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
from relay.descriptors import open_standard_descriptors
open_standard_descriptors()
import os, sys
kinds = [os.path.samestat(os.fstat(n), os.stat(os.devnull)) for n in (0, 1, 2)]
print("words", file=sys.stderr, flush=True)
print("data", flush=True)
assert sys.stdin.read() == ""
with open(sys.argv[1], "w") as file:
    json = __import__("json")
    json.dump([kinds, file.fileno()], file)
"""


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_what_was_closed_is_open_on_nothing(tmp_path: Path, closed: str) -> None:
    found = tmp_path / "found"
    shell = f'exec "$0" -c "$1" "$2" {closed}'
    done = subprocess.run(
        ["sh", "-c", shell, sys.executable, PROGRAM, str(found)],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kinds, next_descriptor = json.loads(found.read_text())
    for number in range(3):
        if f"{number}<&-" in closed or f"{number}>&-" in closed:
            assert kinds[number]
    assert next_descriptor > 2
    assert done.stdout == ("" if "1>&-" in closed else "data\n")
    assert done.stderr == ("" if "2>&-" in closed else "words\n")
