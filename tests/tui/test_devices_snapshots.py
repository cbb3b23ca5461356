"""What the devices screen looks like, at 80x24 and 120x40, in both languages.

After a change of looks: ``pytest tests/tui/test_devices_snapshots.py --snapshot-update``, and look at the report.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.test_devices import CARD
from tui import i18n
from tui.devices.screen import DevicesScreen
from tui.host.soundcheck.protocol import Failed, Levels, Listed, Trial


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_devices(
    make_app: Any,
    services: Any,
    until: Any,
    snap_compare: Any,
    language: i18n.Language,
    size: tuple[int, int],
) -> None:
    i18n.set_language(language)

    async def arrange(pilot: Any) -> None:
        app, check = pilot.app, services.soundcheck
        await until(pilot, lambda: ("health",) in services.server.calls)
        app.action_devices()
        await until(pilot, lambda: isinstance(app.screen, DevicesScreen) and check.told)
        check.script = [Listed(devices=CARD)]
        await until(pilot, lambda: app.screen.table.row_count == 4)
        check.script = [
            Levels(levels={"1": (-18.0, -9.0)}),
            Failed(device="0", direction="input", code="device_busy", params={"device": "USB Headset"}),
            Trial(stage="recording", input="1", output="2", seconds=4.0),
        ]
        await until(pilot, lambda: app.screen.bench.trial is not None)
        await pilot.press("down")
        await until(pilot, lambda: app.screen.chosen.device.id == "0")

    assert snap_compare(make_app(), terminal_size=size, run_before=arrange)
