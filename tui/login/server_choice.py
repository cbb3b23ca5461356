"""The servers offered at login: the one asked for, the profiles, the ones used before, any other."""

from __future__ import annotations

from dataclasses import dataclass

from tui.host.memory import Memory
from tui.i18n import _
from tui.settings import DEFAULT_SERVER_URL, ConsoleSettings


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """One entry of the list."""

    title: str
    server_url: str
    """Empty: to be typed."""
    profile: str | None = None
    username: str = ""
    insecure: bool = False

    def is_for(self, other: ServerChoice) -> bool:
        """Whether both lead to the same server; titles change with the language."""
        return (self.server_url, self.profile) == (other.server_url, other.profile)


def choices(settings: ConsoleSettings, memory: Memory) -> list[ServerChoice]:
    """The list, without repetition, never empty."""
    found: list[ServerChoice] = []
    known: set[str] = set()
    if settings.server_url:
        title = _("Demo server on this computer") if settings.demo else settings.server_url
        found.append(ServerChoice(title, settings.server_url, username=settings.username))
        known.add(settings.server_url.rstrip("/"))
    for profile in settings.profiles:
        found.append(
            ServerChoice(
                f"{profile.name} ({profile.server_url})",
                profile.server_url,
                profile.name,
                settings.username or profile.username,
                profile.insecure,
            )
        )
        known.add(profile.server_url.rstrip("/"))
    for url in (*memory.recent_servers, DEFAULT_SERVER_URL):
        if url.rstrip("/") not in known:
            username = settings.username or memory.last_username
            found.append(ServerChoice(url, url, username=username))
            known.add(url.rstrip("/"))
    return [*found, ServerChoice(_("Another server..."), "")]


def first_choice(found: list[ServerChoice], settings: ConsoleSettings, memory: Memory) -> ServerChoice:
    """Asked for, else used last, else the first."""
    if settings.server_url:
        return found[0]
    wanted = settings.profile or memory.last_profile
    by_profile = [choice for choice in found if wanted and choice.profile == wanted]
    recent = [choice for choice in found if choice.server_url in memory.recent_servers[:1]]
    return (by_profile or recent or found)[0]
