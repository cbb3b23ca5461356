"""The keeper is nudged by a revocation, and outlives what fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Django can be set up once per process, so this one gets its own.
PROGRAM = """
import asyncio, django
django.setup()
from channels.db import database_sync_to_async
from backend import migration
from backend.spin import leases, revocation
from backend.spin import keeper as keeper_module
from backend.spin.keeper import Keeper
from django.db import IntegrityError, InterfaceError, OperationalError
from backend.spin.models import Token, User

class Connection:
    lease = None
    def __init__(self, token):
        self.token = token
        self.revoked = asyncio.Event()
    def revoke(self):
        self.revoked.set()

def two_tokens():
    migration.migrate()
    return [Token.objects.create(user=User.objects.create_user(name, None)).key for name in ("one", "two")]

async def main():
    keys = await database_sync_to_async(two_tokens)()
    first, second = (Connection(key) for key in keys)
    keeper = Keeper()
    listening = asyncio.Event()
    layer = revocation.get_channel_layer()
    add = layer.group_add
    async def noted(*arguments):
        await add(*arguments)
        listening.set()
    layer.group_add = noted
    keeper.add(first)
    keeper.add(second)
    async with asyncio.timeout(20):
        await listening.wait()
        await CHANGE(keys[0])
        await first.revoked.wait()
    assert not second.revoked.is_set()
    print("revoked")

@database_sync_to_async
def delete_token(key):
    Token.objects.get(pk=key).delete()

@database_sync_to_async
def deactivate(key):
    user = User.objects.get(token__key=key)
    user.is_active = False
    user.save()

async def delete_while_a_step_fails(key):
    def fail(*arguments):
        raise FAILURE("a bad row")
    FAILING = fail
    await delete_token(key)

async def delete_after_an_outage(key):
    original, failed = FAILING, asyncio.Event()
    loop = asyncio.get_running_loop()
    def fail(*arguments):
        loop.call_soon_threadsafe(failed.set)
        raise FAILURE("the database is away")
    FAILING = fail
    await failed.wait()
    FAILING = original
    await delete_token(key)

asyncio.run(main())
"""


def run(
    change: str,
    directory: Path,
    rhythm_s: float = 3600,
    failure: str = "OSError",
    failing: str = "keeper_module._go_round",
) -> str:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backend.settings",
        "SALESMIND_DATA_DIR": str(directory),
        "SALESMIND_KEEPER_SECONDS": str(rhythm_s),
        "SALESMIND_LEASE_SECONDS": "7200",
    }
    program = PROGRAM.replace("CHANGE", change).replace("FAILURE", failure).replace("FAILING", failing)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip() or done.stderr


def test_a_deleted_token(tmp_path: Path) -> None:
    assert run("delete_token", tmp_path) == "revoked"


def test_a_deactivated_account(tmp_path: Path) -> None:
    assert run("deactivate", tmp_path) == "revoked"


@pytest.mark.parametrize("failure", ["OperationalError", "InterfaceError", "OSError", "KeyError"])
def test_it_outlives_an_outage(tmp_path: Path, failure: str) -> None:
    assert run("delete_after_an_outage", tmp_path, rhythm_s=0.05, failure=failure) == "revoked"


@pytest.mark.parametrize("step", ["renew", "sweep", "existing_sessions"])
def test_a_step_that_fails_stops_no_other(tmp_path: Path, step: str) -> None:
    program = ("delete_while_a_step_fails", tmp_path)
    assert run(*program, rhythm_s=0.05, failure="IntegrityError", failing=f"leases.{step}") == "revoked"
