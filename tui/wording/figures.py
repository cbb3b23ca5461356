"""Numbers in fixed width, and a dash for a missing one."""

from __future__ import annotations

from datetime import datetime

NOTHING = "-"


def number(value: float | None, digits: int = 0) -> str:
    """``value`` with ``digits`` decimals, or ``-``."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def clock(seconds: float) -> str:
    """Seconds since the start as ``m:ss`` (``h:mm:ss`` from an hour on)."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def moment(value: datetime | None) -> str:
    """A server's timestamp in local time, to the minute."""
    return NOTHING if value is None else value.astimezone().strftime("%m-%d %H:%M")


METER_FLOOR_DBFS = -60.0


def meter_cells(dbfs: float | None, width: int) -> int:
    """How many of ``width`` cells a level fills: none at -60 dBFS and below, all at 0 dBFS."""
    if dbfs is None or dbfs <= METER_FLOOR_DBFS:
        return 0
    return min(width, max(1, round((dbfs - METER_FLOOR_DBFS) / -METER_FLOOR_DBFS * width)))
