"""What a check may do to the server, as the caller gives it."""

from __future__ import annotations

import sys

import click
import pytest

from tui.cli.check_means import cutting, revocation


async def test_the_revoke_command_is_run() -> None:
    revoke = revocation(f"{sys.executable} -c pass", "second")
    assert revoke is not None
    await revoke()


@pytest.mark.parametrize("command", [f"{sys.executable} -c raise(SystemExit(3))", "/no/such/command"])
async def test_a_revoke_command_that_fails_is_an_error(command: str) -> None:
    revoke = revocation(command, "second")
    assert revoke is not None
    with pytest.raises(OSError):
        await revoke()


@pytest.mark.parametrize(("command", "second"), [("true", None), ("", "second"), ('x "', "second")])
def test_a_revoke_command_that_makes_no_sense_is_refused(command: str, second: str | None) -> None:
    with pytest.raises(click.exceptions.Exit):
        revocation(command, second)


@pytest.mark.parametrize("url", ["http://x/control", "x", ""])
def test_a_control_address_is_that_of_a_websocket(url: str) -> None:
    with pytest.raises(click.exceptions.Exit):
        cutting(url)


def test_nothing_is_allowed_that_was_not_asked_for() -> None:
    assert (revocation(None, None), cutting(None)) == (None, None)
