"""What is known of every sound device, folded from what the soundcheck says. No I/O; times are passed in, in s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from audio.devices import Device
from audio.errors import AudioErrorCode
from audio.portaudio import Direction
from tui.host.soundcheck.protocol import Failed, Levels, Listed, Opened, Said, Trial

State = Literal["idle", "opening", "open", "failed"]
SILENT_DBFS = -119.0
SILENT_AFTER_S = 1.0
"""So long only zeros: the microphone is off, or access to it is denied."""
CLIPPED_DBFS = -0.1
CLIPPED_FOR_S = 3.0
"""So long a clipped peak is reported: it lasts a moment, and somebody is speaking meanwhile."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a device cannot be used, or hears nothing."""

    code: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """One direction of one device."""

    device: Device
    direction: Direction
    state: State = "idle"
    rms_dbfs: float | None = None
    clipped_at: float | None = None
    zeros_since: float | None = None
    failure: Fault | None = None

    @property
    def key(self) -> str:
        """``in:ID`` or ``out:ID``: a device may have both directions."""
        return row_key(self.direction, self.device.id)

    @property
    def is_system_default(self) -> bool:
        """Whether the system uses it where nobody says otherwise."""
        return self.device.default_input if self.direction == "input" else self.device.default_output

    def fault(self, now: float) -> Fault | None:
        """Its failure, or that it delivers only zeros."""
        if self.failure is not None:
            return self.failure
        if self.zeros_since is not None and now - self.zeros_since >= SILENT_AFTER_S:
            return Fault(AudioErrorCode.DIGITAL_SILENCE, {"device": self.device.name})
        return None

    def clipped(self, now: float) -> bool:
        """Whether it was too loud a moment ago."""
        return self.clipped_at is not None and now - self.clipped_at < CLIPPED_FOR_S


def row_key(direction: Direction, device: str) -> str:
    """The key of a row."""
    return f"{'in' if direction == 'input' else 'out'}:{device}"


class Bench:
    """All rows, inputs first, the system's defaults before the others."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.listed = False
        self.problem: Fault | None = None
        """Why there is no list at all."""
        self.trial: Trial | None = None
        """The latest stage of a trial; None: none yet, or it failed."""

    def take(self, said: Iterable[Said], now: float) -> None:
        """Fold what was said by ``now``."""
        for one in said:
            match one:
                case Listed(devices=devices):
                    self._list(devices)
                case Opened(device=device):
                    if (row := self.rows.get(row_key("input", device))) is not None:
                        row.state, row.failure = "open", None
                case Levels(levels=levels):
                    for device, (rms, peak) in levels.items():
                        self._level(device, rms, peak, now)
                case Failed():
                    self._fail(one)
                case Trial():
                    self.trial = one
                    if one.stage == "playing" and (row := self.rows.get(row_key("output", one.output))):
                        row.state, row.failure = "open", None

    def listen(self, inputs: Iterable[str]) -> None:
        """These inputs are being opened, the others released."""
        wanted = set(inputs)
        for row in self.inputs():
            if row.device.id not in wanted:
                row.state, row.rms_dbfs, row.zeros_since = "idle", None, None
            elif row.state != "open":
                row.state, row.failure = "opening", None

    def inputs(self) -> Iterator[Row]:
        """The rows of inputs."""
        return (row for row in self.rows.values() if row.direction == "input")

    def best(self, direction: Direction, wanted: str | None) -> Row | None:
        """The row that ``wanted`` (as in ``mic:WANTED``) means, by the rules of ``audio.devices.choose``."""
        from audio.devices import choose
        from audio.errors import AudioError

        try:
            device = choose([row.device for row in self.rows.values()], direction, wanted)
        except AudioError:
            return None
        return self.rows.get(row_key(direction, device.id))

    def _list(self, devices: Iterable[Device]) -> None:
        self.listed, self.problem = True, None
        found = list(devices)
        rows = [Row(device, "input") for device in found if device.inputs]
        rows += [Row(device, "output") for device in found if device.outputs]
        rows.sort(key=lambda row: (row.direction == "output", not row.is_system_default))
        self.rows = {row.key: row for row in rows}

    def _level(self, device: str, rms: float, peak: float, now: float) -> None:
        row = self.rows.get(row_key("input", device))
        if row is None or row.state == "idle":
            return  # said before it was released
        row.state, row.rms_dbfs, row.failure = "open", rms, None
        if rms > SILENT_DBFS:
            row.zeros_since = None
        elif row.zeros_since is None:
            row.zeros_since = now
        if peak >= CLIPPED_DBFS:
            row.clipped_at = now

    def _fail(self, failed: Failed) -> None:
        self.trial = None
        fault = Fault(failed.code, failed.params)
        if failed.device is None:
            self.listed, self.problem, self.rows = True, fault, {}
        elif (row := self.rows.get(row_key(failed.direction, failed.device))) is not None:
            row.state, row.failure, row.rms_dbfs, row.zeros_since = "failed", fault, None, None
