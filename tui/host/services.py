"""Everything outside the screen that the app touches, in one place.

The lower rooms are imported inside the methods, so that the login screen is drawn before httpx and
msgspec are loaded. Tests give the app a ``Services`` of their own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tui import i18n
from tui.host.devices import Devices, list_devices

if TYPE_CHECKING:
    from acceptance.comparison import Comparison
    from acceptance.progress import Emit
    from acceptance.request import CheckRequest, Operator, RestartServer
    from acceptance.results import RunResult
    from api_client.rest import SalesMindClient
    from audio.samples import Sample
    from recordings.player.protocol import Command as PlayerCommand
    from recordings.player.protocol import Said
    from relay.commands import Command
    from relay.config import RelayConfig
    from relay.stream import StreamEvent
    from scenarios.request import ScenarioRequest
    from tui.host.scenarios import Shelf
    from tui.host.soundcheck.protocol import Command as SoundcheckCommand
    from tui.host.soundcheck.protocol import Said as SoundcheckSaid
    from tui.host.tokens import Place, TokenStore
    from tui.settings import ConsoleSettings


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """The logged-in account and its server. ``repr`` leaves the token out."""

    server_url: str
    username: str
    token: str = field(repr=False)
    insecure: bool = False
    profile: str | None = None
    place: str | None = None
    """What the status line shows instead of profile and host."""


class ConversationRelay(Protocol):
    """One conversation as the live screen sees it; ``relay.client.RelayProcess`` is one."""

    @property
    def ended(self) -> bool:
        """Whether nothing will follow what ``drain`` returns now."""
        ...

    def drain(self) -> list[StreamEvent]:
        """Everything that arrived since the last call."""
        ...

    def send(self, command: Command) -> Awaitable[None]:
        """Send it a command."""
        ...

    def stop(self) -> Awaitable[None]:
        """End the conversation cleanly; its last events stay to drain."""
        ...


class Player(Protocol):
    """The sound of a replay; ``recordings.player.client.PlayerProcess`` is one."""

    def tell(self, command: PlayerCommand) -> None:
        """Send one command."""
        ...

    def drain(self) -> list[Said]:
        """Its messages since the last call."""
        ...

    def stop(self) -> Awaitable[None]:
        """End it."""
        ...


class DeviceCheck(Protocol):
    """Trying the sound devices; ``tui.host.soundcheck.client.SoundcheckProcess`` is one."""

    def tell(self, command: SoundcheckCommand) -> None:
        """Send one command."""
        ...

    def drain(self) -> list[SoundcheckSaid]:
        """Its messages since the last call."""
        ...

    def stop(self) -> Awaitable[None]:
        """Release every device."""
        ...


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A server that this program started (``salesmind demo``)."""

    url: str
    restart: RestartServer
    """Kill it and start it again with its data. Raises ``OSError``."""


class Services:
    """The real ones."""

    def __init__(self, own_server: OwnServer | None = None) -> None:
        self.own_server = own_server

    def client(self, server_url: str, *, token: str | None = None, insecure: bool = False) -> SalesMindClient:
        """A client of the server, to be used as ``async with``. Raises ``ApiError`` for a bad URL."""
        from api_client.rest import SalesMindClient

        return SalesMindClient(server_url, token=token, insecure=insecure, language=i18n.language())

    async def start_relay(self, config: RelayConfig, log_path: Path) -> ConversationRelay:
        """Start a conversation in a separate process. Raises ``OSError``."""
        from relay.client import RelayProcess

        return await RelayProcess.start(config, log_path=log_path)

    async def start_player(self, directory: Path, sink: str, state_directory: Path) -> Player:
        """Start playing the recording in ``directory``, in a separate process. Raises ``OSError``."""
        from recordings.player.client import PlayerProcess
        from tui.host.memory import private_directory

        log_path = private_directory(state_directory) / "player.log"
        return await PlayerProcess.start(directory, sink, log_path)

    async def start_soundcheck(self, state_directory: Path) -> DeviceCheck:
        """Start trying the sound devices, in a separate process. Raises ``OSError``."""
        from tui.host.memory import private_directory
        from tui.host.soundcheck.client import SoundcheckProcess

        return await SoundcheckProcess.start(private_directory(state_directory) / "soundcheck.log")

    async def devices(self) -> Devices:
        """Ask a child process, because PortAudio may not be loaded here. Never raises."""
        return await list_devices()

    async def run_check(self, request: CheckRequest, emit: Emit, operator: Operator) -> RunResult:
        """Run the acceptance procedure; ``emit`` is called on this loop. Cancelling cleans up first."""
        from acceptance.request import Means
        from acceptance.runner import run_check

        means = Means(restart_server=self.restart_of(request.server_url))
        return await run_check(request, emit, operator=operator, means=means)

    def scenario_folder(self) -> Path:
        """Where the operator's own scenarios are; it need not exist."""
        from platformdirs import user_documents_path

        return user_documents_path() / "SalesMind" / "scenarios"

    async def scenarios(self) -> Shelf:
        """The scenarios that ship with the program, and the operator's own. Never raises."""
        from tui.host.scenarios import find_scenarios

        return await asyncio.to_thread(find_scenarios, self.scenario_folder())

    async def run_scenarios(self, request: ScenarioRequest, emit: Emit) -> RunResult:
        """Run scenarios; ``emit`` is called on this loop. Cancelling cleans up first.

        What is to be spoken without a recording is said by the local voice, if that is installed.
        """
        from dataclasses import replace

        from scenarios.runner import run_scenarios
        from tui.host.local_voice import local_voice

        return await run_scenarios(replace(request, voice=local_voice().say), emit)

    def restart_of(self, server_url: str) -> RestartServer | None:
        """How to restart that server; None if it is not ours."""
        own = self.own_server
        return own.restart if own is not None and own.url == server_url else None

    async def keep_result(self, result: RunResult, state_directory: Path) -> Comparison | None:
        """Save a result; returns what changed since the previous run. Raises ``StoreError``."""
        from tui.host.results import keep_result

        return await asyncio.to_thread(keep_result, result, state_directory)

    async def export_result(self, result: RunResult) -> Path:
        """Write a result's reports to the operator's documents; returns the folder. Raises ``OSError``."""
        from platformdirs import user_documents_path

        from tui.host.results import export_result

        return await export_result(result, user_documents_path() / "SalesMind", i18n.language())

    async def remembered_token(self, settings: ConsoleSettings, server_url: str, username: str) -> str | None:
        """The token remembered for that account. Never raises."""
        store = self._tokens(settings)
        return await asyncio.to_thread(store.get, server_url, username)

    def remembers(self, settings: ConsoleSettings, server_url: str, username: str) -> bool:
        """Whether a token of that account is remembered. Never raises."""
        return self._tokens(settings).has(server_url, username)

    async def remember_token(self, settings: ConsoleSettings, account: ServerAccount) -> Place:
        """Remember the account's token; says where. Raises ``OSError``."""
        store = self._tokens(settings)
        return await asyncio.to_thread(store.keep, account.server_url, account.username, account.token)

    async def forget_token(self, settings: ConsoleSettings, account: ServerAccount) -> bool:
        """Forget the account's token; whether it was remembered. Raises ``OSError``."""
        store = self._tokens(settings)
        return await asyncio.to_thread(store.forget, account.server_url, account.username) > 0

    def _tokens(self, settings: ConsoleSettings) -> TokenStore:
        from tui.host.tokens import TokenStore

        return TokenStore(settings.state_directory)

    async def expire_recordings(self, settings: ConsoleSettings) -> int:
        """Delete expired recordings and return their number. Never raises."""
        from tui.host.recordings import expire

        return await asyncio.to_thread(expire, settings)

    async def export_recording(self, directory: Path, suffix: str) -> Path:
        """Write a recording into the operator's documents, as the format that ends in ``suffix``; gives the file.

        Raises ``NoSound``, ``NoRecording`` and ``OSError``.
        """
        from platformdirs import user_documents_path

        from tui.host.recordings import export_recording

        folder = user_documents_path() / "SalesMind"
        return await asyncio.to_thread(export_recording, directory, suffix, folder)

    async def into_tmux(self, text: str) -> bool:
        """Copy ``text`` to the surrounding tmux, if there is one; whether it accepted it. Never raises."""
        from tui.host.clipboard import into_tmux

        return await into_tmux(text, os.environ)

    def samples(self, language: str) -> list[Sample]:
        """The recordings that ship with the project, in order."""
        from audio.samples import samples

        return list(samples(language))

    def monotonic(self) -> float:
        """Seconds, for ages between reports."""
        return time.monotonic()
