"""CPU and memory of a program and all its children, from /proc. Linux only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """``cpu_s`` in seconds since each process started; memory in MiB."""

    cpu_s: float
    rss_mib: float
    pss_mib: float
    """Like resident memory, but pages shared by several processes are counted once."""
    processes: int


def tree(pid: int) -> list[int]:
    """``pid`` and all its descendants."""
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            pids += map(int, children.read_text().split())
    return pids


def usage(pids: list[int]) -> Usage:
    """The processes of ``pids`` together."""
    cpu = rss = pss = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu += (int(fields[11]) + int(fields[12])) / TICKS
        rollup = {
            line.split(":")[0]: int(line.split()[1])
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        }
        rss += rollup["Rss"] / 1024
        pss += rollup["Pss"] / 1024
    return Usage(cpu, rss, pss, len(pids))
