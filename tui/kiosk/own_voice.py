"""The ports to which one visitor may bring a microphone and a loudspeaker."""

from __future__ import annotations

from tui.host.voice_ports import NoPortsFree, PortRange, VoicePorts, claim


class OwnVoice:
    """Claims a pair of ``ports`` when first asked, and keeps it: the visitor has it in a command of another window."""

    def __init__(self, ports: PortRange | None) -> None:
        self._ports = ports
        self._claimed: VoicePorts | None = None

    def claim(self) -> VoicePorts:
        """The visitor's pair. Raises ``NoPortsFree``."""
        if self._ports is None:
            raise NoPortsFree
        if self._claimed is None:
            self._claimed = claim(self._ports)
        return self._claimed

    def release(self) -> None:
        """The visitor has gone."""
        claimed, self._claimed = self._claimed, None
        if claimed is not None:
            claimed.release()
