"""From the operator's choices to the request of an acceptance run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from acceptance.request import CheckRequest, Credentials
from tui.conversation.setup import conversation_language
from tui.host.services import ServerAccount
from tui.settings import ConsoleSettings

ALL_TESTS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the operator can choose. The second account's token is kept in memory only, as long as the screen."""

    operator: str
    """Recorded with every answer that a person gives."""
    second_account: Credentials | None = None
    source: str | None = None
    """The source for test 2; None: a sample recording."""
    sink: str = "none"
    finish_sessions: bool = False


def first_options(settings: ConsoleSettings, account: ServerAccount) -> RunOptions:
    """As the settings say."""
    return RunOptions(
        operator=account.username, source=settings.audio.source, sink=settings.audio.sink or "none"
    )


def check_request(
    settings: ConsoleSettings,
    account: ServerAccount,
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
