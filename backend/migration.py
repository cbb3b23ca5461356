"""Bring the database up to date, and cost next to nothing when it is."""

from __future__ import annotations

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "spin" / "migrations"


def pending() -> bool:
    """Whether a migration on disk has not been applied, told by their names alone: no migration is loaded."""
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder(connection).applied_migrations()
    return any(("spin", file.stem) not in applied for file in MIGRATIONS.glob("[0-9]*.py"))


def migrate() -> None:
    """Apply what is pending. Raises ``django.db.DatabaseError``."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
