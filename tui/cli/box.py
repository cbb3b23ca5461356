"""`salesmind box`: the operator of a demo box sees who visits, ends a visit, and tells all visitors something."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui.cli.box_options import read_secret, secret_file_option
from tui.cli.group import SuggestingGroup, reject
from tui.cli.setting_options import setting
from tui.cli.text_table import table_lines
from tui.i18n import _

if TYPE_CHECKING:
    from api_client.box import BoxClient, BoxOverview, Visitor

Value = TypeVar("Value")
Command = TypeVar("Command", bound=Callable[..., Any])
NOTHING = "-"


@click.group(
    cls=SuggestingGroup,
    help=_("Look after a demo box: who visits, who waits, ending a visit, a message to all visitors."),
    short_help=_("Look after a demo box."),
)
def command() -> None:
    """The group; it does nothing by itself."""


def _at_the_box(function: Command) -> Command:
    """Which box."""
    server = setting("server_url", help=_("Server of the box. Default: http://127.0.0.1:8000."))
    insecure = setting("insecure", help=_("Accept a certificate even if it cannot be verified."))
    return server(insecure(function))


@command.command("status", params=[secret_file_option()], help=_("Show who visits and who waits."))
@_at_the_box
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
def status_command(
    box_secret_file: Path | None, server_url: str | None, insecure: bool | None, as_json: bool
) -> None:
    """Print the overview."""
    found = _ask(box_secret_file, server_url, insecure, lambda box: box.overview())
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(found))
        return
    for line in status_lines(found):
        click.echo(line)


@command.command("kick", params=[secret_file_option()], help=_("End a visit; VISITOR is a name or an id."))
@click.argument("visitor")
@_at_the_box
def kick_command(
    visitor: str, box_secret_file: Path | None, server_url: str | None, insecure: bool | None
) -> None:
    """End the one visit that ``visitor`` names."""

    async def kick(box: BoxClient) -> list[str]:
        found = [one for one in (await box.overview()).visitors if visitor in (one.name, one.id)]
        for one in found:
            await box.leave(one.id, "kicked")
        return [one.name or one.id for one in found]

    if not (gone := _ask(box_secret_file, server_url, insecure, kick)):
        raise reject(_("There is no visitor {name}. `salesmind box status` shows them.").format(name=visitor))
    click.echo(_("The visit of {name} has ended; everything of it is deleted.").format(name=gone[0]))


@command.command(
    "message",
    params=[secret_file_option()],
    help=_("Show TEXT to all visitors, also to those who come later. Without TEXT, take the last one back."),
)
@click.argument("text", default="")
@_at_the_box
def message_command(
    text: str, box_secret_file: Path | None, server_url: str | None, insecure: bool | None
) -> None:
    """Tell everybody."""
    _ask(box_secret_file, server_url, insecure, lambda box: box.tell_everyone(text))
    click.echo(_("The visitors are told.") if text else _("The message is taken back."))


def _ask(
    secret_file: Path | None,
    server_url: str | None,
    insecure: bool | None,
    question: Callable[[BoxClient], Awaitable[Value]],
) -> Value:
    """The box's answer. Raises ``Exit``, having said why there is none."""
    from tui.settings import DEFAULT_SERVER_URL, SettingsError, load_settings

    secret = read_secret(secret_file)
    try:
        settings = load_settings({"server_url": server_url, "insecure": insecure or None})
    except SettingsError as error:
        raise reject(str(error)) from None
    from api_client.box import BoxClient
    from api_client.errors import ApiError
    from tui.cli.login import refused

    url = settings.server_url or DEFAULT_SERVER_URL

    async def ask() -> Value:
        async with BoxClient(url, secret, insecure=settings.insecure) as box:
            return await question(box)

    try:
        return asyncio.run(ask())
    except ApiError as error:
        raise refused(error, url) from None


def status_lines(box: BoxOverview) -> Iterator[str]:
    """The overview as text."""
    from api_client.harmless import one_line

    yield _("Visitors: {now} of {limit}, {waiting} waiting").format(
        now=box.now, limit=box.limit, waiting=box.waiting
    )
    since = NOTHING if box.counting_since is None else f"{box.counting_since.astimezone():%Y-%m-%d %H:%M}"
    yield _("Since {moment}: {visits} visits, {refused} refused").format(
        moment=since, visits=box.visits, refused=box.refused
    )
    if box.message:
        yield _("Message: {text}").format(text=one_line(box.message))
    if box.visitors:
        yield ""
        heading = (
            _("Visitor"),
            _("Since"),
            _("Left"),
            _("Language"),
            _("Microphone"),
            _("Latency"),
            _("Talking"),
        )
        yield from table_lines([heading, *(_cells(visitor) for visitor in box.visitors)])


def _cells(visitor: Visitor) -> tuple[str, ...]:
    from api_client.harmless import one_line

    arrived = visitor.admitted_at or visitor.arrived_at
    left = visitor.left_seconds
    return (
        one_line(visitor.name) or _("(waiting)"),
        NOTHING if arrived is None else f"{arrived.astimezone():%H:%M:%S}",
        NOTHING if left is None else _("{n} min").format(n=max(0, round(left / 60))),
        one_line(visitor.language) or NOTHING,
        one_line(visitor.microphone) or NOTHING,
        NOTHING if visitor.latency_ms is None else f"{visitor.latency_ms} ms",
        _("yes") if visitor.talking else _("no"),
    )
