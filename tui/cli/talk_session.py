"""The request of a headless conversation, and its login and session."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from api_client.errors import ApiError, ValidationFailed
from api_client.harmless import one_line
from api_client.models import NewSession
from audio import samples
from audio.spec import FileSpec, parse_source
from tui import i18n
from tui.cli.group import reject
from tui.cli.login import LoginRequest, refused
from tui.host.services import ServerAccount
from tui.i18n import _
from tui.settings import ConsoleSettings
from tui.wording.errors import of_error

if TYPE_CHECKING:
    from api_client.rest import SalesMindClient


@dataclass(frozen=True, slots=True)
class TalkRequest:
    """The command's own options, as given."""

    session_id: str | None
    new_session: bool
    industry: str | None
    value_proposition: str | None
    persona: str | None
    pain: str | None
    sources: tuple[str, ...]
    typed: tuple[str, ...]
    seconds: float | None
    spoken: Literal["ja", "en"] | None
    record: Path | None
    """Directory of this recording; None: as the settings say."""
    as_json: bool

    def language(self, settings: ConsoleSettings) -> Literal["ja", "en"]:
        """The language of the conversation: as asked, else as configured, else the sample's, else the screen's."""
        return self.spoken or settings.conversation_language or self._of_samples() or i18n.language()

    def _of_samples(self) -> Literal["ja", "en"] | None:
        """The language of the first sample recording among the sources."""
        specs = [parse_source(source) for source in self.sources]
        languages = [samples.language_of(spec.path) for spec in specs if isinstance(spec, FileSpec)]
        return next((cast("Literal['ja', 'en']", language) for language in languages if language), None)


def check_request(request: TalkRequest) -> None:
    """Raise ``Exit`` after reporting why, unless the session to talk in is clear."""
    if request.new_session == (request.session_id is not None):
        raise reject(_("Choose a session to talk in: --new-session, or --session ID."))


async def begin(
    settings: ConsoleSettings, request: TalkRequest, login: LoginRequest
) -> tuple[ServerAccount, str]:
    """Log in and find or start the session: the account and the session's id.

    Raises ``click.exceptions.Exit`` after reporting why: 2 for what the caller can fix, 3 for the server's part,
    4 when it did not answer in time.
    """
    from api_client.rest import SalesMindClient

    try:
        async with SalesMindClient(
            login.server_url, insecure=login.insecure, language=i18n.language()
        ) as client:
            answer = await client.login(login.username, login.password)
            account = ServerAccount(client.server_url, answer.user.username, answer.token, login.insecure)
            if request.session_id is None:
                return account, await _start_session(client, request, settings)
            await _warn_if_finished(client, request.session_id)
            return account, request.session_id
    except ValidationFailed as error:
        fields = [one_line(f"{name}: {' '.join(words)}") for name, words in error.fields.items()]
        raise reject("\n".join([of_error(error), *fields])) from None
    except ApiError as error:
        raise refused(error, login.server_url) from None


async def _warn_if_finished(client: SalesMindClient, session_id: str) -> None:
    with contextlib.suppress(ApiError):  # whatever is wrong with it, the conversation will say
        session = await client.get_session(session_id)
        if session.status == "finished":
            click.echo(_("This session is finished: what you say may not count."), err=True)


_OFFER = {
    "ja": ("製造業", "在庫と発注を自動化するクラウドサービス"),
    "en": ("Manufacturing", "A cloud service that automates stock and orders"),
}
"""Industry and value proposition of a new session when none are given."""


async def _start_session(client: SalesMindClient, request: TalkRequest, settings: ConsoleSettings) -> str:
    industry, value_proposition = _OFFER[request.language(settings)]
    session = await client.start_session(
        NewSession(
            industry=request.industry or industry,
            value_proposition=request.value_proposition or value_proposition,
            customer_persona=request.persona,
            customer_pain=request.pain,
        )
    )
    return session.id
