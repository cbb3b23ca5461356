"""``python -m django addaccount NAME``: another account, such as the second user of the acceptance procedure."""

from __future__ import annotations

import getpass
import os
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFailure

from backend.spin.management.commands.adminpassword import MIN_LENGTH
from backend.spin.models import User


class Command(BaseCommand):
    """Takes the password from SALESMIND_ACCOUNT_PASSWORD, else from a prompt; never from the command line."""

    help = "Create an account (password: SALESMIND_ACCOUNT_PASSWORD, else a prompt)."

    def add_arguments(self, parser: CommandParser) -> None:
        """The account's name."""
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises ``CommandError`` for a name that is taken, a weak password and an unusable database."""
        name = options["name"].strip()
        try:
            User._meta.get_field("username").clean(name, None)
        except ValidationError as invalid:
            raise CommandError(f"The name cannot be used: {' '.join(invalid.messages)}") from None
        password = os.environ.get("SALESMIND_ACCOUNT_PASSWORD") or getpass.getpass(f"Password for {name}: ")
        if len(password) < MIN_LENGTH:
            raise CommandError(f"The password must have at least {MIN_LENGTH} characters.")
        try:
            if User.objects.filter(username=name).exists():
                raise CommandError(f"There is an account {name} already.")
            User.objects.create_user(name, password)
        except DatabaseFailure as failure:
            raise CommandError(
                f"The database cannot be used: {failure}. Has 'python -m django migrate' been run on it?"
            ) from None
        self.stdout.write(f"The account {name} was created.")
