"""The person at the terminal, who judges what a program cannot (``salesmind check --ask``)."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import sys
import threading

import click

from acceptance.progress import Question, Reply
from tui.cli.group import reject
from tui.i18n import _
from tui.wording.verdicts import words

_REPLIES: dict[str, Reply] = {"y": "pass", "n": "fail", "-": "not_applicable"}


class TerminalOperator:
    """Asks on standard error and reads standard input. Raises ``Exit`` if that is not a terminal."""

    def __init__(self) -> None:
        if not sys.stdin.isatty():
            raise reject(_("--ask needs a terminal."))
        self.name = _user_name()

    async def ask(self, question: Question) -> Reply:
        """Ask until one of the three replies is typed; end of input counts as "cannot tell"."""
        judged = question.asks == "judgement"
        prompt = (
            _("{question} (y: yes, n: no, -: cannot tell)")
            if judged
            else _("{question} (y: done, -: I will not)")
        ).format(question=words(question))
        while True:
            click.echo(f"{prompt}: ", nl=False, err=True)
            typed = await _typed_line()
            if not typed:
                click.echo(err=True)
                return "not_applicable"
            reply = _REPLIES.get(typed.strip().lower())
            if reply is not None and (judged or reply != "fail"):
                return reply


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user that has no name
        return str(os.getuid())


async def _typed_line() -> str:
    """The next typed line with its newline; empty at end of input.

    The waiting thread is abandoned on cancellation: ctrl+c must not wait for Enter. It reads the
    descriptor, because a thread that waits in ``sys.stdin`` would hold a lock that Python needs to exit.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bytes] = loop.create_future()

    def deliver(data: bytes) -> None:
        if not line.done():
            line.set_result(data)

    def read() -> None:
        data = os.read(sys.stdin.fileno(), 4_096)
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(deliver, data)

    threading.Thread(target=read, daemon=True).start()
    return (await line).decode("utf-8", "replace")
