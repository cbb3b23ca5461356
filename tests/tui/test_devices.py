"""The devices screen, on a soundcheck that says what a test wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from audio.devices import Device
from tests.evil_strings import EVIL, harm_in
from tui import i18n
from tui.devices.bench import Bench
from tui.devices.screen import DevicesScreen
from tui.host.soundcheck.protocol import (
    Failed,
    Levels,
    ListDevices,
    Listed,
    Listen,
    Opened,
    PlayTone,
    RecordAndPlay,
    SoundcheckCode,
    Trial,
)
from tui.settings import load_settings


def device(id: str, name: str, inputs: int = 1, outputs: int = 0, *, default: bool = False) -> Device:
    return Device(id, name, "ALSA", inputs, outputs, default and inputs > 0, default and outputs > 0, 48_000)


CARD = (
    device("0", "USB Headset", 1, 2),
    device("1", "Built-in Mic", default=True),
    device("2", "Speakers", 0, 2, default=True),
)


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def cell(app: Any, row: str, column: str) -> str:
    return str(app.screen.table.get_cell(row, column))


@pytest.fixture
def open_devices(services: Any, until: Any) -> Any:
    """Opens the screen from login, and lists ``devices``."""

    async def go(app: Any, pilot: Any, devices: tuple[Device, ...] = CARD) -> DevicesScreen:
        await pilot.pause()
        app.action_devices()
        await until(pilot, lambda: isinstance(app.screen, DevicesScreen) and services.soundcheck.told)
        assert services.soundcheck.told == [ListDevices()]
        services.soundcheck.script = [Listed(devices=devices)]
        await until(pilot, lambda: app.screen.bench.rows)
        screen: DevicesScreen = app.screen
        return screen

    return go


async def test_each_direction_is_a_row_and_every_input_is_listened_to(
    make_app: Any, services: Any, until: Any, open_devices: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_devices(app, pilot)
        assert list(screen.bench.rows) == ["in:1", "in:0", "out:2", "out:0"]
        assert services.soundcheck.told[-1] == Listen(inputs=("1", "0"))
        services.soundcheck.script = [
            Opened(device="1", rate_hz=48_000),
            Levels(levels={"1": (-18.0, -9.0)}),
            Failed(device="0", direction="input", code="device_busy", params={"device": "USB Headset"}),
        ]
        await until(pilot, lambda: "-18 dBFS" in cell(app, "in:1", "level"))
        assert cell(app, "in:1", "state") == "listening, chosen"
        assert cell(app, "in:0", "state") == "fault, see below"
        await pilot.press("down")
        await until(pilot, lambda: "in use by another program" in text(app, "#facts"))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, DevicesScreen))
        assert services.soundcheck.stopped


async def test_a_microphone_of_zeros_and_one_that_clips_are_said(
    make_app: Any, services: Any, until: Any, open_devices: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await open_devices(app, pilot)
        services.soundcheck.script = [Levels(levels={"1": (-120.0, -120.0), "0": (-6.0, 0.0)})]
        await until(pilot, lambda: "clipped" in cell(app, "in:0", "state"))
        services.now += 1.5
        services.soundcheck.script = [Levels(levels={"1": (-120.0, -120.0)})]
        await until(pilot, lambda: "only zeros" in cell(app, "in:1", "state"))
        assert "digital silence" in text(app, "#facts")
        services.now += 3
        services.soundcheck.script = [Levels(levels={"1": (-40.0, -30.0), "0": (-40.0, -30.0)})]
        await until(pilot, lambda: cell(app, "in:1", "state") == "listening, chosen")
        assert cell(app, "in:0", "state") == "listening"


async def test_one_input_alone_and_all_again(
    make_app: Any, services: Any, until: Any, open_devices: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await open_devices(app, pilot)
        services.soundcheck.script = [
            Failed(device="0", direction="input", code=SoundcheckCode.HELD_HERE, params={"device": "USB"})
        ]
        await until(pilot, lambda: "not beside others" in cell(app, "in:0", "state"))
        await pilot.press("down")
        await until(pilot, lambda: "o listens to it alone" in text(app, "#facts"))
        await pilot.press("o")
        assert services.soundcheck.told[-1] == Listen(inputs=("0",))
        services.soundcheck.script = [Levels(levels={"1": (-18.0, -9.0), "0": (-20.0, -9.0)})]
        await until(pilot, lambda: "-20 dBFS" in cell(app, "in:0", "level"))
        assert cell(app, "in:1", "level") == "-", "said before it was released"
        await pilot.press("o")
        assert services.soundcheck.told[-1] == Listen(inputs=("1", "0"))


async def test_trials_use_the_selected_device_and_the_default_for_the_other_side(
    make_app: Any, services: Any, until: Any, open_devices: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await open_devices(app, pilot)
        await pilot.press("down", "r", "ctrl+end", "t")
        await until(pilot, lambda: isinstance(services.soundcheck.told[-1], PlayTone))
        assert services.soundcheck.told[-2:] == [RecordAndPlay(input="0", output="2"), PlayTone(output="0")]
        services.soundcheck.script = [Trial(stage="recording", input="0", output="2", seconds=4.0)]
        await until(pilot, lambda: "speak now" in text(app, "#device-news"))
        services.soundcheck.script = [
            Trial(stage="done", input="0", output="2", seconds=4.0, peak_dbfs=-120.0)
        ]
        await until(pilot, lambda: "Only zeros came from USB Headset" in text(app, "#device-news"))
        services.soundcheck.script = [
            Failed(device="0", direction="output", code="device_lost", params={"device": "USB Headset"})
        ]
        await until(pilot, lambda: "was disconnected" in text(app, "#facts"))


async def test_the_default_is_kept_in_the_configuration(
    make_app: Any, until: Any, open_devices: Any, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("# mine\n[audio]\nvoice = 'cedar'\n")
    app = make_app(config_path=config)
    environ = {"SALESMIND_CONFIG": str(config), "HOME": str(tmp_path)}
    async with app.run_test(size=(100, 30)) as pilot:
        await open_devices(app, pilot)
        await pilot.press("down", "d")
        await until(pilot, lambda: app.settings.audio.source == "mic:USB Headset")
        assert load_settings({}, environ).audio.source == "mic:USB Headset"
        await until(pilot, lambda: "chosen" in cell(app, "in:0", "state"))
        assert cell(app, "in:1", "state") == "opening..., system's default"
        await pilot.press("ctrl+end", "d")
        await until(pilot, lambda: app.settings.audio.sink == "speaker:USB Headset")
        await pilot.press("d")
        await until(pilot, lambda: app.settings.audio.sink is None)
        assert load_settings({}, environ).audio.sink is None
        assert config.read_text().startswith("# mine\n[audio]\nvoice = 'cedar'")


async def test_what_hides_the_file_is_named(
    make_app: Any, until: Any, open_devices: Any, tmp_path: Path
) -> None:
    app = make_app(config_path=tmp_path / "config.toml", origins={"audio.source": "environment"})
    async with app.run_test(size=(100, 30)) as pilot:
        await open_devices(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: "SALESMIND_SOURCE takes precedence" in text(app, "#device-news"))
        assert app.settings.audio.source is None


async def test_without_portaudio_it_says_what_to_install_and_tries_again(
    make_app: Any, services: Any, until: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("ctrl+n")
        await until(pilot, lambda: services.soundcheck.told)
        params = {"command": "sudo apt-get install libportaudio2"}
        services.soundcheck.script = [
            Failed(device=None, direction="input", code="library_missing", params=params)
        ]
        await until(pilot, lambda: "libportaudio2" in text(app, "#problem"))
        assert "Then press g." in text(app, "#problem")
        await pilot.press("r", "t", "d", "o")  # on nothing
        assert services.soundcheck.told == [ListDevices()]
        await pilot.press("g")
        await until(pilot, lambda: len(services.soundcheck.told) == 2)
        assert services.soundcheck.stopped, "a process without the library does not find it later"


async def test_names_cannot_harm_the_terminal(make_app: Any, until: Any, open_devices: Any) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await open_devices(app, pilot, tuple(device(str(n), name) for n, name in enumerate(EVIL)))
        for n in range(len(EVIL)):
            assert not harm_in(cell(app, f"in:{n}", "name"))
        assert not harm_in(text(app, "#facts").replace("\n", ""))


async def test_changing_the_language_keeps_the_list(
    make_app: Any, services: Any, until: Any, open_devices: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_devices(app, pilot)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: i18n.language() == "ja" and screen.table.row_count == 4)
        assert cell(app, "in:1", "direction") == "入力"


def test_levels_of_an_unknown_device_are_ignored() -> None:
    bench = Bench()
    bench.take([Levels(levels={"7": (-20.0, -10.0)}), Opened(device="7", rate_hz=8_000)], 0.0)
    assert not bench.rows
