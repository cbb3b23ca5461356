"""The sound devices of this machine, listed in a child process (``tui.host.device_listing``)."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audio.devices import Device

LISTING_TIMEOUT_S = 10.0
"""Seconds. Listing takes some 200 ms; a sound server behind a forwarded port may take seconds, or forever."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The names to choose from and the devices as listed, or the code of the problem."""

    microphones: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    problem: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    listed: tuple[Device, ...] = ()


async def list_devices(timeout_s: float = LISTING_TIMEOUT_S) -> Devices:
    """The devices present now. Never raises: an error becomes the ``problem``."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "tui.host.device_listing",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        return _failed(error.strerror or str(error))
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout_s)
        return _devices(json.loads(output))
    except TimeoutError:
        return Devices(problem="sound_system_silent", params={"seconds": f"{timeout_s:g}"})
    except (ValueError, KeyError, TypeError, AttributeError):
        return _failed(_ended(process.returncode))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _failed(reason: str) -> Devices:
    return Devices(problem="device_listing_failed", params={"reason": reason})


def _ended(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _devices(listing: dict[str, Any]) -> Devices:
    from audio.devices import Device

    if error := listing["error"]:
        params = {str(key): str(value) for key, value in (error.get("params") or {}).items()}
        return Devices(problem=str(error["code"]), params=params)
    listed = tuple(Device(**device) for device in listing["devices"])
    # The same hardware is listed once under each host API: a name is enough to choose by.
    return Devices(
        microphones=tuple(dict.fromkeys(device.name for device in listed if device.inputs)),
        speakers=tuple(dict.fromkeys(device.name for device in listed if device.outputs)),
        listed=listed,
    )
