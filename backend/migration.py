"""Bring the database up to date."""

from __future__ import annotations


def migrate() -> None:
    """Apply what is pending. Raises ``django.db.DatabaseError``."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
