"""Tell every worker at once that some token may be good no longer, or some session gone.

Only a nudge: each worker's keeper looks by itself every few seconds (``backend.spin.keeper``), so a change
made behind Django's back, or a lost message, only takes those seconds longer.
"""

from __future__ import annotations

import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db.models.signals import post_delete, post_save

from backend.spin.models import Session, Token, User

GROUP = "salesmind.access"
MESSAGE = {"type": "access.changed"}
logger = logging.getLogger(__name__)


def connect_signals() -> None:
    """Nudge when a token or a session is deleted and when an account is changed."""
    post_delete.connect(_nudge, sender=Token, dispatch_uid="salesmind-token-deleted")
    post_delete.connect(_nudge, sender=Session, dispatch_uid="salesmind-session-deleted")
    post_save.connect(_nudge, sender=User, dispatch_uid="salesmind-user-saved")


def _nudge(created: bool = False, **_kwargs: Any) -> None:
    layer = get_channel_layer()
    if layer is None or created:
        return
    try:
        async_to_sync(layer.group_send)(GROUP, MESSAGE)
    except Exception:  # noqa: BLE001 (whatever the broker raises must not undo the revocation)
        logger.warning(
            "Could not tell the other workers of a changed account; they will see it by themselves."
        )
