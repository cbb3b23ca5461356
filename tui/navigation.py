"""Where to go next, as messages that screens send up and the app acts on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from pathlib import Path

    from api_client.models import Session
    from tui.host.services import ServerAccount
    from tui.i18n import Language


class LoggedIn(Message):
    """The server accepted ``account``: go to its sessions."""

    def __init__(self, account: ServerAccount, *, remember: bool = False) -> None:
        super().__init__()
        self.account = account
        self.remember = remember
        """The operator wants its token to be remembered on this computer."""


class LoggedOut(Message):
    """Forget the token and go back to login."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__()
        self.expired = expired
        """The server no longer takes the token; said at login."""


class Converse(Message):
    """Hold the conversation of ``session``."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session


class CheckServer(Message):
    """Open the acceptance procedure."""


class BrowseScenarios(Message):
    """Show the list of scenarios."""


class BrowseRecordings(Message):
    """Show the list of recordings."""


class Compare(Message):
    """Show the recordings in two directories side by side."""

    def __init__(self, first: Path, second: Path) -> None:
        super().__init__()
        self.first = first
        self.second = second


class Replay(Message):
    """Replay the recording in ``directory``, from ``at`` seconds on its clock."""

    def __init__(self, directory: Path, at: float = 0.0) -> None:
        super().__init__()
        self.directory = directory
        self.at = at


class LanguageChosen(Message):
    """Show everything in ``language`` from now on."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self.language = language


class ProfilesChanged(Message):
    """The profiles in the settings are no longer those that login offers."""


class TakeTour(Message):
    """Show the console in five steps."""
