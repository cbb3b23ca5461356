"""From what decided a checkpoint to its moment in the recording. Pure."""

from __future__ import annotations

from pathlib import Path

from acceptance.results import RunResult


def moment_of(result: RunResult | None, checkpoint: str) -> tuple[Path, float] | None:
    """The recording with the evidence for ``checkpoint``, and its time in seconds on the recording's clock.

    None without a result, for evidence outside any conversation, and if it was not recorded.
    """
    if result is None or result.directory is None:
        return None
    recorded = {
        record.name: record.directory for record in result.conversations if record.directory is not None
    }
    try:
        answer = result.answer(checkpoint)
    except KeyError:
        return None
    for evidence in answer.evidence:
        if evidence.t is not None and evidence.conversation in recorded:
            return Path(result.directory) / recorded[evidence.conversation], evidence.t
    return None
