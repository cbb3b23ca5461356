"""The Django app of the SalesMind server."""

from __future__ import annotations

from django.apps import AppConfig


class SpinConfig(AppConfig):
    """Accounts, role-play sessions and the realtime relay."""

    name = "backend.spin"
    label = "spin"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from backend.spin import revocation

        revocation.connect_signals()
