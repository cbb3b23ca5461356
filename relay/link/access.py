"""The token of the login, which may be replaced while the conversation goes on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Access:
    """One per run. ``repr`` leaves the token out."""

    token: str = field(repr=False)
