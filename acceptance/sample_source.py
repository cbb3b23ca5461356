"""The recording that test 2 plays by default, and how results name a source."""

from __future__ import annotations

from pathlib import Path

from audio import samples


def sample_source(language: str) -> str:
    """The spec of the shortest sample recording in ``language``."""
    shortest = min(samples.samples(language), key=lambda sample: sample.seconds)
    return f"wav:{shortest.path}"


def source_name(spec: str) -> str:
    """``spec`` as results show it: ``sample en-03-problem`` for one of the samples, wherever they are installed."""
    kind, _, path = spec.partition(":")
    if kind == "wav" and Path(path).is_relative_to(samples.DIRECTORY):
        return f"sample {Path(path).stem}"
    return spec
