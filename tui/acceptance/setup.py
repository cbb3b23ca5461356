"""From what the operator chose to what an acceptance run is asked for."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from acceptance.request import CheckRequest, Credentials
from tui.conversation.setup import conversation_language
from tui.host import services
from tui.host.memory import private_directory
from tui.settings import ConsoleSettings

ALL_TESTS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the operator can choose. The second account's token is kept in memory only, as long as the screen."""

    operator: str
    """Recorded with every answer that a person gives."""
    second_account: Credentials | None = None
    source: str | None = None
    """Spoken in test 2; None: a sample recording."""
    sink: str = "none"
    finish_sessions: bool = False


def first_options(settings: ConsoleSettings, account: services.Account) -> RunOptions:
    """As the settings say."""
    return RunOptions(
        operator=account.username, source=settings.audio.source, sink=settings.audio.sink or "none"
    )


def check_request(
    settings: ConsoleSettings,
    account: services.Account,
    options: RunOptions,
    tests: tuple[int, ...],
    directory: Path,
) -> CheckRequest:
    """One run of ``tests`` as ``account``."""
    return CheckRequest(
        server_url=account.server_url,
        account=Credentials(account.username, account.token),
        directory=directory,
        second_account=options.second_account,
        insecure=account.insecure,
        tests=tests,
        source=options.source,
        sink=options.sink,
        language=conversation_language(settings),
        chunk_bytes=settings.audio.chunk_bytes,
        finish_sessions=options.finish_sessions,
    )


def run_directory(state_directory: Path) -> Path:
    """A new directory for one run's recordings and logs, for its owner only. Raises ``OSError``."""
    checks = private_directory(state_directory / "checks")
    stamp = time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime())
    return Path(tempfile.mkdtemp(prefix=stamp, dir=checks))
