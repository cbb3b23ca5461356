"""Microphone and loudspeaker, opened for a moment in a child process."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

from api_client.harmless import one_line
from tui.doctor.finding import Finding
from tui.i18n import _
from tui.wording.errors import sentence

TIMEOUT_S = 12.0
SILENT_DBFS = -119.0


async def check_sound(source: str | None, sink: str | None) -> AsyncIterator[Finding]:
    """The devices that a conversation would use; recordings and files need none."""
    yield await check_input(source or "mic")
    yield await check_output(sink or "speaker")


async def check_input(spec: str) -> Finding:
    """Whether the microphone delivers audio."""
    title = _("Microphone")
    if not spec.startswith("mic"):
        return Finding("audio_in", title, "not_tried", _("not used: {spec}").format(spec=one_line(spec)))
    found = await probe(spec)
    if "error" in found:
        return _failed("audio_in", title, found["error"])
    words = _("{name}, {rate} Hz, {level:.0f} dBFS").format(
        name=one_line(found["name"]), rate=found["rate_hz"], level=found["rms_dbfs"]
    )
    if found["rms_dbfs"] <= SILENT_DBFS:
        mend = sentence("digital_silence", {"device": found["name"]})
        return Finding("audio_in", title, "failed", words, mend)
    return Finding("audio_in", title, "ok", words)


async def check_output(spec: str) -> Finding:
    """Whether the loudspeaker accepts audio; only a person can say whether it is audible."""
    title = _("Loudspeaker")
    if not spec.startswith("speaker"):
        return Finding("audio_out", title, "not_tried", _("not used: {spec}").format(spec=one_line(spec)))
    found = await probe(spec)
    if "error" in found:
        return _failed("audio_out", title, found["error"])
    words = _("{name}, {rate} Hz").format(name=one_line(found["name"]), rate=found["rate_hz"])
    if not found["pulled_samples"]:
        return Finding("audio_out", title, "failed", words, _("It accepts no audio. Choose another device."))
    return Finding("audio_out", title, "ok", words)


def _failed(check: str, title: str, error: dict[str, Any]) -> Finding:
    params = {str(name): str(value) for name, value in (error.get("params") or {}).items()}
    words = sentence(str(error["code"]), params)
    mend = _("Over SSH, see the guide. Without sound: --source silence --sink none.")
    return Finding(check, title, "failed", words, mend)


async def probe(spec: str, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """What ``tui.host.sound_probe`` says of ``spec``, or an ``error``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "tui.host.sound_probe", spec,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        output, _stderr = await asyncio.wait_for(process.communicate(), timeout_s)
        found: dict[str, Any] = json.loads(output)
    except TimeoutError:
        return {"error": {"code": "sound_system_silent", "params": {"seconds": f"{timeout_s:g}"}}}
    except ValueError:
        reason = f"exit code {process.returncode}"
        return {"error": {"code": "device_listing_failed", "params": {"reason": reason}}}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return found
