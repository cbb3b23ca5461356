"""Cutting a server's upstream, if that is our own engine with ``--control`` (``backend.engine.control``)."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

TOKEN_VARIABLE = "SALESMIND_ENGINE_TOKEN"  # noqa: S105 (its name)
"""The engine's token, if it was started with one."""
_ANSWER_WITHIN_S = 5.0
_CUT_S = 0.5
"""How long (s) connections are cut before new ones work again."""


async def cut_connections(control_url: str) -> None:
    """End the engine's open connections without a close frame. Raises ``OSError``."""
    token = os.environ.get(TOKEN_VARIABLE)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        async with (
            asyncio.timeout(_ANSWER_WITHIN_S),
            connect(control_url, additional_headers=headers, proxy=None, open_timeout=None) as control,
        ):
            await _obeyed(control, {"add": [{"kind": "abort"}]})
            await asyncio.sleep(_CUT_S)
            await _obeyed(control, {"clear": True})
    except (WebSocketException, ValueError) as error:
        raise OSError(str(error)) from None


async def _obeyed(control: ClientConnection, command: dict[str, Any]) -> None:
    await control.send(json.dumps(command))
    answer = json.loads(await control.recv())
    if not isinstance(answer, dict) or "error" in answer:
        raise ValueError(answer.get("error") if isinstance(answer, dict) else answer)
