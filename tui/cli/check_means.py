"""What a check may do to the server besides talking to it, from the command line."""

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
    """Runs ``command``, which deactivates the second account. Raises ``Exit`` if it cannot be parsed."""
    if command is None:
        return None
    if second_user is None:
        raise reject(_("--revoke-command deactivates the second user, so it needs --second-user."))
    try:
        arguments = shlex.split(command)
    except ValueError:
        arguments = []
    if not arguments:
        raise reject(_("--revoke-command cannot be parsed: {command}").format(command=command))
    return partial(_run, arguments)


async def _run(arguments: list[str]) -> None:
    """Raises ``OSError`` unless it exits 0 in time."""
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
    """Cuts the engine's connections. Raises ``Exit`` for anything but a WebSocket address."""
    if control_url is None:
        return None
    if not control_url.startswith(("ws://", "wss://")):
        sentence = _("--engine-control takes the ws:// address that the engine prints as control, not {url}")
        raise reject(sentence.format(url=control_url))
    return partial(cut_connections, control_url)
