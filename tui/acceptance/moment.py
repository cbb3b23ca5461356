"""From what decided a checkpoint to its moment in the recording. Pure."""

from __future__ import annotations

from pathlib import Path

from acceptance.results import RunResult


def moment_of(result: RunResult | None, checkpoint: str) -> tuple[Path, float] | None:
    """The recording in which the evidence for ``checkpoint`` stands, and when, in seconds on its clock.

    None without a result, for evidence that stands in no conversation, and for one that was not recorded.
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
