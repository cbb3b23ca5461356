"""The status line's contents as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from tui.i18n import _
from tui.tones import Tone

if TYPE_CHECKING:
    from tui.host.services import ServerAccount

Socket = Literal["none", "connecting", "open", "lost", "retrying", "given_up", "closing", "closed"]


@dataclass(frozen=True, slots=True)
class Status:
    """The status line's fields; None where they do not apply."""

    place: str = ""
    """``profile@host``, or the host alone."""
    user: str = ""
    insecure: bool = False
    recording: bool = False
    socket: Socket = "none"
    close_code: int | None = None
    mode_reported: bool = False
    """Whether there is a conversation whose ``realtime_mode`` is watched."""
    mode: bool | None = None
    mode_age_s: float | None = None
    over: bool = False
    """The conversation has ended: ``mode`` is the server's last report and is no longer polled."""
    left: str = ""
    """The rest of a visitor's stay, in words."""
    hurry: bool = False
    """There is not much left."""


def place_name(server_url: str, profile: str | None) -> str:
    """``profile@host`` or the host, for the status line."""
    try:
        host = urlsplit(server_url).netloc.rpartition("@")[2] or server_url
    except ValueError:
        host = server_url
    return f"{profile}@{host}" if profile else host


def at_account(account: ServerAccount | None) -> Status:
    """The status for ``account`` outside a conversation."""
    if account is None:
        return Status()
    place = account.place or place_name(account.server_url, account.profile)
    return Status(place=place, user=account.username, insecure=account.insecure)


def parts(status: Status) -> list[tuple[str, Tone]]:
    """The segments of the line, left to right, in the current language."""
    found: list[tuple[str, Tone]] = [(status.place or _("no server"), "plain")]
    if status.user:
        found.append((status.user, "plain"))
    if status.socket != "none":
        found.append(_socket(status))
    if status.mode_reported and status.over:
        value, tone = _MODE[status.mode]
        found.append(("RT " + _("{mode} at the end").format(mode=value), tone))
    elif status.mode_reported:
        found.append(mode_words(status.mode, status.mode_age_s, short=True))
    if status.left:
        found.append((status.left, "warn" if status.hurry else "dim"))
    if status.recording:
        found.append((_("REC"), "bad"))
    if status.insecure:
        found.append((_("INSECURE"), "bad"))
    return found


def title(status: Status) -> str:
    """The terminal window's title: what changes seldom."""
    found = ["SalesMind", status.place]
    if status.socket != "none":
        found.append(_socket(status)[0])
    if status.recording:
        found.append(_("REC"))
    return " - ".join(filter(None, found))


def _socket(status: Status) -> tuple[str, Tone]:
    words: dict[str, tuple[str, Tone]] = {
        "connecting": (_("WS connecting"), "warn"),
        "open": (_("WS open"), "good"),
        "lost": (_("WS lost"), "bad"),
        "retrying": (_("WS retrying"), "warn"),
        "given_up": (_("WS given up"), "bad"),
        "closing": (_("WS closing"), "warn"),
        "closed": (_("WS closed"), "dim"),
    }
    text, tone = words[status.socket]
    if status.close_code is not None and status.socket in ("closed", "lost", "given_up"):
        text = f"{text} {status.close_code}"
    return text, tone


def mode_words(mode: bool | None, age_s: float | None, *, short: bool = False) -> tuple[str, Tone]:
    """``realtime_mode`` as the server reported it, with the age of the report."""
    name = "RT" if short else ""
    if age_s is None:
        unreported = _("not reported yet")
        return f"{name} {unreported}".strip(), "dim"
    value, tone = _MODE[mode]
    age = _("{seconds} s ago").format(seconds=f"{age_s:.1f}" if age_s < 10 else f"{age_s:.0f}")
    return f"{name} {value} {age}".strip(), tone if age_s < 5 else "warn"


_MODE: dict[bool | None, tuple[str, Tone]] = {
    True: ("true", "good"),
    False: ("false", "plain"),
    None: ("?", "warn"),
}
