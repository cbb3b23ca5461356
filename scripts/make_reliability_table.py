"""Run the tests of faults and write what they measured into docs/reliability.md, between its marks.

python scripts/make_reliability_table.py    takes about ten minutes; on a busy machine the times are longer
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- rows: begin -->", "<!-- rows: end -->"
TESTS = (
    "tests/relay/test_reliability.py",
    "tests/relay/test_reliability_network.py",
    "tests/relay/test_process.py::test_every_polite_end_is_clean",
    "tests/relay/sound/test_sound_faults.py::test_a_microphone_lost_in_mid_stream",
    "tests/e2e/test_console.py::test_a_lost_terminal_ends_the_conversation",
    "tests/e2e/test_reliability.py",
    "tests/e2e/test_embedded_server.py::test_a_server_that_dies_is_started_again_with_its_data",
)
HEADINGS = ("fault", "what is seen", "noticed after", "goes on after", "lost")


def measure() -> list[dict[str, Any]]:
    """What the tests tell, in their order. Exits with pytest's code if one fails: a table has no wrong rows."""
    with tempfile.TemporaryDirectory() as directory:
        rows = Path(directory) / "rows.jsonl"
        environment = {**os.environ, "SALESMIND_RELIABILITY": str(rows)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *TESTS], cwd=ROOT, env=environment, check=False
        )
        if done.returncode:
            sys.exit(done.returncode)
        return [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]


def seconds(value: float | None) -> str:
    """To two digits: the next run differs in the third."""
    return "" if value is None else f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: one row per fault, with the test that measured it."""
    lines = [f"| {' | '.join((*HEADINGS, 'test'))} |", "|---|---|--:|--:|---|---|"]
    for row in rows:
        file, _, name = row["test"].partition("::")
        cells = [row["fault"], row["seen"], seconds(row["noticed_s"]), seconds(row["again_s"]), row["lost"]]
        lines.append(f"| {' | '.join(cells)} | [`{name}`](../{file}) |")
    return "\n".join(lines)


def main() -> None:
    """Replace what is between the marks."""
    rows = measure()
    text = TARGET.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    machine = f"{os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}"
    stamp = f"Measured on {datetime.now(UTC):%Y-%m-%d} ({machine}):"
    TARGET.write_text(f"{before}{BEGIN}\n{stamp}\n\n{table(rows)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
