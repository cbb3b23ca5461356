"""The switches of the operator's own voice during a conversation: mute, push to talk, echo, gain."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from textual.worker import Worker

from relay import commands
from relay.stream import Echo, InputSettings, StreamEvent
from tui.actions import Action
from tui.conversation.actions import MUTE, TALK
from tui.conversation.feed import Feed
from tui.conversation.instruments.diagnosis import Finding
from tui.conversation.screen import ConversationScreen
from tui.i18n import N_, _
from tui.settings import ConsoleSettings
from tui.tones import News

GAIN_STEP_DB = 3.0
GAIN_LIMIT_DB = 30.0
ECHO_ORDER: tuple[Echo, ...] = ("off", "half-duplex", "cancel")
assert set(ECHO_ORDER) == set(get_args(Echo))

SWITCHES = frozenset({"mute", "push_to_talk", "echo", "louder", "quieter"})
"""The actions; they need a conversation in progress."""


class InputScreen(ConversationScreen):
    """Sends the relay what is switched; what is shown is what the relay reports."""

    def __init__(self) -> None:
        super().__init__()
        self._muted = False
        """As last requested; the relay's next report shows it."""
        self._push_to_talk = False
        self._unanswered = 0
        """How many requests for echo and gain the relay has not answered yet; each gets one answer."""
        self._echo: Echo = "off"
        self._gain_db = 0.0
        """As last requested, while something is unanswered."""

    def give(self, command: commands.Command) -> Worker[None]:
        """Send ``command`` to the relay."""
        raise NotImplementedError

    def with_switches(self, settings: ConsoleSettings) -> ConsoleSettings:
        """``settings`` with what was switched in the last conversation, for the next one on this screen."""
        if self.feed is None:
            return settings
        state = self.feed.state
        return replace(settings, audio=replace(settings.audio, echo=state.echo, gain_db=state.gain_db))

    def start_switched(self) -> None:
        """At the start of a conversation: nobody is heard before push to talk opens the microphone."""
        self._muted = self._push_to_talk
        self._unanswered = 0
        if self._muted:
            self.give(commands.Mute(on=True))

    def voice_label(self) -> str:
        """With push to talk, that."""
        return _("Push to talk") if self._push_to_talk else super().voice_label()

    def health_of(self, finding: Finding, feed: Feed) -> News:
        """With push to talk, a closed microphone is nothing to be mended."""
        if finding.cause == "muted" and self._push_to_talk:
            words = _("Push to talk: the microphone is closed. {key} opens it.")
            return News(words.format(key=self.key_name(TALK)), "plain")
        return super().health_of(finding, feed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The key to talk exists with push to talk only."""
        if action == "talk":
            return self._push_to_talk and not self.typing and self.feed is not None and not self.feed.finished
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """Talking is ended by the key that began it."""
        if action is TALK and not self._muted:
            return N_("Done")
        return super().action_label(action)

    def action_shown(self, action: Action) -> bool:
        """With push to talk, muting is what its key does; its label needs the room of another."""
        given_up = self._push_to_talk and (action is MUTE or action.name == "filter")
        return super().action_shown(action) and not given_up

    def action_mute(self) -> None:
        """Mute, or be heard again."""
        self._muted = not self._muted
        self.give(commands.Mute(on=self._muted))

    def action_push_to_talk(self) -> None:
        """Close the microphone until a key opens it, or leave it open."""
        self._push_to_talk = not self._push_to_talk
        self._muted = self._push_to_talk
        self.give(commands.Mute(on=self._muted))
        if self._push_to_talk:
            words = _("Push to talk: {key} opens the microphone, and closes it again when you have spoken.")
            self.say_news(News(words.format(key=self.key_name(TALK)), "good"))
        else:
            self.say_news(News(_("The microphone is open."), "good"))
        self.refresh_bindings()

    def action_talk(self) -> None:
        """Open or close the microphone. A toggle: terminals do not report that a key is let go."""
        self.action_mute()
        self.refresh_bindings()

    def action_echo(self) -> None:
        """The next way to handle echo; the relay says what is in force."""
        if self._recall():
            self._echo = ECHO_ORDER[(ECHO_ORDER.index(self._echo) + 1) % len(ECHO_ORDER)]
            self._request(commands.UseEcho(mode=self._echo))

    def action_louder(self) -> None:
        """Send the voice louder."""
        self._change_gain(GAIN_STEP_DB)

    def action_quieter(self) -> None:
        """Send the voice less loud."""
        self._change_gain(-GAIN_STEP_DB)

    def _change_gain(self, step_db: float) -> None:
        if self._recall():
            self._gain_db = max(-GAIN_LIMIT_DB, min(GAIN_LIMIT_DB, self._gain_db + step_db))
            self._request(commands.UseGain(db=self._gain_db))

    def _recall(self) -> bool:
        """Begin from what is in force, unless requests are on their way; whether there is a conversation."""
        if self.feed is None:
            return False
        if self._unanswered == 0:
            self._echo, self._gain_db = self.feed.state.echo, self.feed.state.gain_db
        return True

    def _request(self, command: commands.UseEcho | commands.UseGain) -> None:
        self._unanswered += 1
        self.give(command)

    def attend(self, event: StreamEvent) -> None:
        """Count the answers."""
        if isinstance(event, InputSettings):
            self._unanswered = max(0, self._unanswered - 1)
        super().attend(event)
