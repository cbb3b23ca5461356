"""The ASGI application, for any ASGI server: uvicorn in ``salesmind serve``, Daphne in ``deploy/``."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
http_application = get_asgi_application()

# These need Django to be set up.
from channels.db import database_sync_to_async  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import Error as DatabaseFailure  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from backend import logs, private_files  # noqa: E402
from backend.spin import leases  # noqa: E402
from backend.spin.box.sweeper import sweeper  # noqa: E402
from backend.spin.routing import websocket_urlpatterns  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)
if not logging.root.handlers:
    # uvicorn's own command sets up its own loggers and no others; the lines of the relay would go nowhere.
    atexit.register(logs.start(None).stop)
logs.protect_handlers()
# Django would load the views with the first request, which then is a slow one.
_routes = len(get_resolver().url_patterns)


def _settle_leases() -> None:
    """Take this worker's lock and drop the leases of earlier workers (blocking)."""
    try:
        database = settings.DATABASES["default"]
        if "sqlite" in database["ENGINE"]:
            private_files.protect_database(Path(database["NAME"]))
        leases.this_worker()
        leases.sweep()
    except (DatabaseFailure, OSError) as failure:
        # Daphne has no way to refuse the start: /api/health/ and whoever opens a WebSocket are told.
        logger.warning("The leases of earlier workers could not be looked at: %s", type(failure).__name__)


def _below_root_path(scope: Scope) -> Scope:
    """``scope`` as Channels wants it: with the root path in its path, where Daphne or a proxy left it out."""
    root: str = scope.get("root_path", "")
    return scope if scope["path"].startswith(root) else {**scope, "path": root + scope["path"]}


class Application:
    """The routes, with what must happen before the first and after the last of them.

    Daphne has no lifespan events, so startup is triggered by whatever comes first.
    """

    def __init__(self) -> None:
        self._routes = ProtocolTypeRouter(
            {"http": http_application, "websocket": URLRouter(websocket_urlpatterns)}
        )
        self._settling: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if self._settling is None:
            self._settling = asyncio.create_task(database_sync_to_async(_settle_leases)())
        await asyncio.shield(self._settling)  # nobody is answered by what an earlier worker left
        sweeper.start()
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._routes(_below_root_path(scope), receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        sweeper.stop()
        try:
            await database_sync_to_async(leases.release_all)()
        except (DatabaseFailure, OSError):
            logger.exception("The leases could not be handed back; they lapse by themselves")
        await send({"type": "lifespan.shutdown.complete"})


application = Application()
