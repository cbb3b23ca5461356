"""What a check may do to the server beside talking to it, as the caller gives it on the command line."""

from __future__ import annotations

import asyncio
import shlex
from functools import partial

from acceptance.engine_control import cut_connections
from acceptance.request import Act
from tui.cli.group import reject
from tui.i18n import _

REVOKE_TIMEOUT_S = 30.0


def revocation(command: str | None, second_user: str | None) -> Act | None:
    """Runs ``command``, which deactivates the second account. Raises ``Exit`` for one that cannot be understood."""
    if command is None:
        return None
    if second_user is None:
        raise reject(_("--revoke-command deactivates the second user: give --second-user as well."))
    try:
        arguments = shlex.split(command)
    except ValueError:
        arguments = []
    if not arguments:
        raise reject(_("--revoke-command cannot be understood: {command}").format(command=command))
    return partial(_run, arguments)


async def _run(arguments: list[str]) -> None:
    """Raises ``OSError`` unless it ends in time, with 0."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(REVOKE_TIMEOUT_S):
            code = await process.wait()
    except TimeoutError:
        raise OSError(f"the revoke command took more than {REVOKE_TIMEOUT_S:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise OSError(f"the revoke command ended with exit code {code}")


def cutting(control_url: str | None) -> Act | None:
    """Cuts the engine's connections. Raises ``Exit`` for an address that is none of a WebSocket."""
    if control_url is None:
        return None
    if not control_url.startswith(("ws://", "wss://")):
        sentence = _("--engine-control is the ws:// address that the engine prints as control, not {url}")
        raise reject(sentence.format(url=control_url))
    return partial(cut_connections, control_url)
