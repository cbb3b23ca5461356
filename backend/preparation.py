"""Make the database ready to serve: directory, migrations, the first account.

The order is chosen for the time to the first answer: hashing a password takes a quarter of a second, which a
thread spends while migrations run and the rest of the server is imported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backend import private_files
from backend.serve_options import Progress, ServeError
from backend.spin import accounts


class HashedPassword:
    """A password, hashed in a thread after ``begin``."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._encoded = ""
        self._thread = threading.Thread(target=self._hash, name="password", daemon=True)

    def begin(self) -> None:
        """Start hashing."""
        self._thread.start()

    def _hash(self) -> None:
        from django.contrib.auth.hashers import make_password

        self._encoded = make_password(self._password)

    def result(self) -> str:
        """The encoded password, once it is ready."""
        if self._thread.ident is None:
            self._thread.start()
        self._thread.join()
        return self._encoded


class Preparation:
    """The steps to a usable database: ``migrate``, ``settle_leases``, ``settle_accounts``."""

    def __init__(self, new_password: str | None, loopback: bool, progress: Progress) -> None:
        self._new_password = new_password
        self._loopback = loopback
        self._progress = progress
        self._hashed = HashedPassword(new_password or accounts.DEMO_PASSWORD)
        self._name, self._embedded = _database()

    def migrate(self) -> None:
        """Bring the database up to date. Raises ``ServeError``."""
        from django.conf import settings

        database = Path(self._name) if self._embedded else None
        _make_directory(settings.DATA_DIRECTORY, database)
        if database is not None:
            _make_directory(database.parent, database)
            if not database.exists():
                self._hashed.begin()
            with suppress(OSError):  # SQLite itself says what is wrong
                private_files.protect_database(database)
        import django

        django.setup()
        from backend import migration
        from backend.spin import schema

        with self._database_errors():
            if unknown := schema.from_newer_version():
                raise _newer(max(unknown))
            if schema.pending():
                self._progress("migrating", {})
                migration.migrate()

    def settle_leases(self) -> None:
        """Drop the leases of earlier workers, which also checks that the database is writable. Raises
        ``ServeError``."""
        from backend.spin import leases

        with self._database_errors():
            try:
                leases.this_worker()
            except OSError as failure:
                raise _unwritable(leases.lock_directory(), failure) from None
            leases.sweep()

    def settle_accounts(self) -> None:
        """Create the first account, and keep the demo password off the network. Raises ``ServeError``."""
        with self._database_errors():
            if self._embedded and not accounts.any_account():
                accounts.create_first_account(self._hashed.result())
                if self._new_password is None:
                    self._progress(
                        "demo_account",
                        {"username": accounts.DEMO_USERNAME, "password": accounts.DEMO_PASSWORD},
                    )
            elif self._new_password is not None:
                accounts.set_admin_password(self._new_password)
            elif not self._embedded and not accounts.any_account():
                # The demo account is for one's own machine; a database server is for many.
                raise ServeError(
                    "no_account",
                    "The database has no accounts yet. Create the administrator's with --admin-password-env NAME.",
                )
            if not self._loopback and accounts.demo_password_valid():
                raise ServeError(
                    "demo_password_exposed",
                    "The demo password admin123 still works, so the server accepts connections from this machine only. "
                    "Change the administrator's password first: --admin-password-env NAME.",
                )

    @contextmanager
    def _database_errors(self) -> Iterator[None]:
        from django.db import Error, connection

        try:
            yield
        except Error as failure:
            # PostgreSQL's driver explains itself over several lines.
            cause = (str(failure).strip() or type(failure).__name__).splitlines()[0].rstrip(".")
            if not self._embedded:
                raise ServeError(
                    "database_server_unusable",
                    f"The database server cannot be used: {cause}. Check SALESMIND_DATABASE_URL.",
                    cause=cause,
                ) from None
            raise ServeError(
                "database_unusable",
                f"The database cannot be used: {cause}. Choose another one with --database.",
                cause=cause,
            ) from None
        finally:
            connection.close()


def _database() -> tuple[str, bool]:
    """Name of the database, and whether it is an embedded one. Raises ``ServeError``."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        from django.conf import settings

        database = settings.DATABASES["default"]
    except ImproperlyConfigured as wrong:
        raise ServeError("configuration_invalid", str(wrong), cause=str(wrong)) from None
    return str(database["NAME"]), "sqlite" in database["ENGINE"]


def _newer(migration: str) -> ServeError:
    return ServeError(
        "database_newer",
        f"The database comes from a newer version of SalesMind Console (it has {migration}). Update this one, or "
        "choose another database with --database.",
        migration=migration,
    )


def _make_directory(directory: Path, database: Path | None) -> None:
    try:
        private_files.make_directory(directory, database)
    except OSError as failure:
        raise _unwritable(directory, failure) from None


def _unwritable(directory: Path, failure: OSError) -> ServeError:
    return ServeError(
        "directory_unwritable",
        f"The directory {directory} cannot be created: {failure.strerror}. Choose another one with --data-dir.",
        path=str(directory),
        cause=failure.strerror or "",
    )
