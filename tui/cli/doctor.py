"""`salesmind doctor`: what keeps this machine from holding a conversation, and how to fix it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tui.cli.group import reject
from tui.cli.login import PASSWORD_VARIABLE, password_from
from tui.cli.setting_options import setting
from tui.exit_codes import ExitCode
from tui.i18n import N_, _
from tui.settings import DEFAULT_SERVER_URL, ConsoleSettings, SettingsError, load_settings
from tui.wording.cells import cells

if TYPE_CHECKING:
    from tui.doctor.finding import Finding

STATES = {
    "ok": (N_("ok"), "green"),
    "warning": (N_("WARNING"), "yellow"),
    "failed": (N_("FAILED"), "red"),
    "not_tried": (N_("not tried"), "cyan"),
}


@click.command(
    help=_(
        "Check everything a conversation needs and say how to fix what does not work: Python, terminal, "
        "sound, server, login, WebSocket and speech service. The password is read from {variable}. It "
        "opens a conversation outside any session and says nothing in it. Exits 1 if something failed."
    ).format(variable=PASSWORD_VARIABLE),
    short_help=_("Find out what does not work and how to fix it."),
)
@setting("server_url", help=_("SalesMind server."))
@setting("profile", help=_("Server profile of the configuration."))
@setting("username")
@setting("insecure", help=_("Accept a certificate even if it cannot be verified."))
@setting("source")
@setting("sink")
@click.option("--speak", is_flag=True, help=_("Also speak one sample recording and wait for the answer."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object per line."))
def command(speak: bool, as_json: bool, **options: Any) -> None:
    """Print each finding as it comes; exit 1 if one failed."""
    try:
        settings = load_settings(options)
    except SettingsError as error:
        raise reject(str(error)) from None
    password = password_from(PASSWORD_VARIABLE)
    if asyncio.run(_print_all(findings(settings, password, speak=speak), as_json=as_json)):
        raise click.exceptions.Exit(ExitCode.CHECK_FAILED)


async def _print_all(found: AsyncIterator[Finding], *, as_json: bool) -> bool:
    """Print all findings; returns whether anything failed."""
    states = []
    async for finding in found:
        states.append(finding.state)
        if as_json:
            click.echo(json.dumps(asdict(finding), ensure_ascii=False).encode())
        else:
            _print(finding)
    failed, untried = states.count("failed"), states.count("not_tried")
    if failed:
        click.echo(_("Failed: {n}. Not tried: {untried}.").format(n=failed, untried=untried), err=True)
    else:
        click.echo(_("Nothing failed. Not tried: {untried}.").format(untried=untried), err=True)
    return failed > 0


async def findings(settings: ConsoleSettings, password: str | None, *, speak: bool) -> AsyncIterator[Finding]:
    """Run every check, in order of dependency."""
    from tui.doctor.machine import check_machine
    from tui.doctor.server import ServerLogin, check_server
    from tui.doctor.sound import check_sound

    for finding in check_machine(os.environ):
        yield finding
    async for finding in check_sound(settings.audio.source, settings.audio.sink):
        yield finding
    profile = next((one for one in settings.profiles if one.name == settings.profile), None)
    login = ServerLogin(
        server_url=settings.server_url or (profile.server_url if profile else DEFAULT_SERVER_URL),
        username=settings.username or (profile.username if profile else ""),
        password=password,
        insecure=settings.insecure or bool(profile and profile.insecure),
    )
    async for finding in check_server(login, speak=speak):
        yield finding


def _print(finding: Finding) -> None:
    word, colour = STATES[finding.state]
    width = max(cells(_(other)) for other, _colour in STATES.values())
    state = _(word) + " " * (width - cells(_(word)))
    if not os.environ.get("NO_COLOR"):
        state = click.style(state, fg=colour)
    click.echo(f"{state}  {finding.title}: {finding.found}")
    if finding.mend:
        click.echo(" " * (width + 2) + f"-> {finding.mend}")
