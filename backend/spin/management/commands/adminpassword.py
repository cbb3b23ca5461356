"""``python -m django adminpassword``: give the account admin a password, where no ``salesmind serve`` does it."""

from __future__ import annotations

import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFailure

from backend.spin.accounts import DEMO_PASSWORD, set_admin_password

MIN_LENGTH = 8


class Command(BaseCommand):
    """Takes the password from SALESMIND_ADMIN_PASSWORD, else from a prompt; never from the command line."""

    help = "Give the account admin a new password (SALESMIND_ADMIN_PASSWORD, else a prompt)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises ``CommandError`` for a password that is too weak and for a database that cannot be used."""
        password = os.environ.get("SALESMIND_ADMIN_PASSWORD") or getpass.getpass("New password for admin: ")
        if len(password) < MIN_LENGTH or password == DEMO_PASSWORD:
            raise CommandError(
                f"The password must have at least {MIN_LENGTH} characters and not be the demo one."
            )
        try:
            set_admin_password(password)
        except DatabaseFailure as failure:
            raise CommandError(
                f"The database cannot be used: {failure}. Has 'python -m django migrate' been run on it?"
            ) from None
        self.stdout.write("The password of admin was set; its old token is revoked.")
