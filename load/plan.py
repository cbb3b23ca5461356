"""What a load run does."""

from __future__ import annotations

from typing import Literal

import msgspec

ProfileName = Literal["browser", "console", "silent"]
Language = Literal["ja", "en"]
Place = Literal["alone", "master", "worker"]


class Profile(msgspec.Struct, frozen=True):
    """How one user sounds."""

    chunk_bytes: int
    """PCM16, 24 kHz, mono, in one message."""
    speaks: bool


PROFILES: dict[ProfileName, Profile] = {
    "browser": Profile(chunk_bytes=8192, speaks=True),  # what the stock browser client sends
    "console": Profile(chunk_bytes=1920, speaks=True),  # 40 ms, the relay's default
    "silent": Profile(chunk_bytes=8192, speaks=False),
}


class Account(msgspec.Struct, frozen=True):
    """Where to log in, and as whom. ``repr`` leaves the password out."""

    server_url: str
    username: str
    password: str
    insecure: bool = False

    def __repr__(self) -> str:
        return f"<Account {self.server_url}>"


class Plan(msgspec.Struct, frozen=True):
    """What the crowd needs to know of a run."""

    account: Account
    profile: ProfileName = "browser"
    language: Language = "ja"


class SwarmOrder(msgspec.Struct, frozen=True):
    """What the swarm needs to know: the first line on its standard input."""

    plan: Plan
    place: Place = "alone"
    master_host: str = "127.0.0.1"
    master_port: int = 5557
    expected_workers: int = 0
    """The master starts no user before so many have come."""
    web_port: int | None = None
    """Of Locust's own page, on loopback."""
