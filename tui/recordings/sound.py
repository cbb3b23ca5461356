"""The sound of a replay, kept in step with where it is."""

from __future__ import annotations

from recordings.player.protocol import Failed, Opened, Pause, Play
from recordings.playhead import Playhead
from tui.host.services import Player
from tui.i18n import _
from tui.tones import News
from tui.wording.errors import sentence


class ReplaySound:
    """Tells ``player`` what the playhead does. ``news`` says whether there is sound."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._opened = False
        self._told: tuple[bool, float] = (False, 1.0)
        self.news = News(_("Opening the audio..."), "dim")

    def follow(self, head: Playhead, *, jumped: bool) -> None:
        """Bring the sound in step; ``jumped``: the place is another than playing on would have led to."""
        self._listen()
        if not self._opened:
            return
        wanted = (head.playing, head.speed)
        if jumped or wanted != self._told:
            self._told = wanted
            self._player.tell(Play(t=head.t, speed=head.speed) if head.playing else Pause())

    def _listen(self) -> None:
        for said in self._player.drain():
            match said:
                case Opened(name=name):
                    self._opened = True
                    self.news = News(_("Audio: {name}").format(name=name), "plain")
                case Failed(code=code, params=params, message=message):
                    self._opened = False
                    self.news = no_sound(sentence(code, params, message))

    async def stop(self) -> None:
        """Silence."""
        await self._player.stop()


def no_sound(why: str) -> News:
    """The text in place of the audio device's name."""
    return News(_("No audio: {why}").format(why=why), "warn")
