"""Saving and exporting the results of acceptance runs, for the screen and the command line.

Imported by ``tui.host.services`` when the screen asks for it, since the runner brings the network libraries along.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from acceptance.comparison import Comparison, compare
from acceptance.results import RunResult
from acceptance.store import FILE_NAME, ResultsStore
from tui.host.memory import private_directory
from tui.i18n import Language


def keep_result(result: RunResult, state_directory: Path) -> Comparison | None:
    """Save ``result``, over an earlier copy; returns what changed since the previous run. Raises ``StoreError``."""
    with ResultsStore(state_directory / FILE_NAME) as store:
        store.keep(result)
        before = store.before(result)
    return None if before is None else compare(before, result)


async def export_result(result: RunResult, directory: Path, language: Language) -> Path:
    """Write the result as Markdown, HTML, JUnit XML and JSON; returns the folder. Raises ``OSError``."""

    def write() -> Path:
        from acceptance import reports

        folder = private_directory(directory / result.id)
        (folder / "result.md").write_text(reports.markdown(result, language), encoding="utf-8")
        (folder / "result.html").write_text(reports.html(result, language), encoding="utf-8")
        (folder / "junit.xml").write_text(reports.junit(result, language), encoding="utf-8")
        (folder / "result.json").write_text(reports.as_json(result), encoding="utf-8")
        return folder

    return await asyncio.to_thread(write)
