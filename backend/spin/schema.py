"""Whether the database fits this version of the server, told by the names of its migrations."""

from __future__ import annotations

from pathlib import Path

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

MIGRATIONS = Path(__file__).parent / "migrations"


def _known() -> set[str]:
    return {file.stem for file in MIGRATIONS.glob("[0-9]*.py")}


def _applied() -> set[str]:
    return {name for app, name in MigrationRecorder(connection).applied_migrations() if app == "spin"}


def pending() -> set[str]:
    """Migrations on disk that have not been applied. None of them is loaded, so asking costs next to nothing."""
    return _known() - _applied()


def from_newer_version() -> set[str]:
    """Migrations that were applied and that this version does not know: its own queries may fail on that database."""
    return _applied() - _known()
