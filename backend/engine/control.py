"""Faults set while the engine runs: a loopback WebSocket that exchanges JSON objects.

    {"add": [{"kind": "stall", "seconds": 5}]}    more faults, for open connections from now on
    {"clear": true}                               no more faults
    {}                                            only report the current state

The answer is ``{"faults": [...], "connections": N}``, or ``{"error": "..."}`` and nothing is changed.
"""

from __future__ import annotations

from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from backend.engine.faults import fault_of
from backend.engine.json_text import from_json, to_json
from backend.engine.misbehaviour import FaultPlan
from backend.engine.toml_lines import FieldError


async def serve_control(socket: ServerConnection, plan: FaultPlan) -> None:
    """Answer commands until the other side closes."""
    try:
        while True:
            answer = obey(await socket.recv(decode=False), plan)
            await socket.send(to_json(answer))
    except ConnectionClosed:
        return


def obey(message: bytes, plan: FaultPlan) -> dict[str, Any]:
    """Carry out one command; the answer to it."""
    try:
        command = from_json(message)
        if not isinstance(command, dict) or command.keys() - {"add", "clear"}:
            return {"error": 'A command is a JSON object with "add" (an array of faults) or "clear" (true).'}
        tables = command.get("add", [])
        if not isinstance(tables, list):
            return {"error": '"add" is to be an array of faults.'}
        faults = [fault_of(table, ()) for table in tables]
    except FieldError as error:
        return {"error": error.message}
    except (ValueError, RecursionError):
        return {"error": "The message is not JSON in UTF-8."}
    if command.get("clear"):
        plan.clear()
    plan.add(faults)
    return {"faults": [fault.as_table() for fault in plan.faults], "connections": plan.connections}
