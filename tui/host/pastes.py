"""What a terminal sends between the marks of a bracketed paste is text: no control character in it acts as a key.

Textual's parser goes on looking for escape sequences inside a paste and gives what it does not know as keys, so a
pasted ESC and what follows it could quit the program. It has no hook for this: its parser is replaced, and a test in
a real terminal notices if a later Textual no longer lets us.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.message import Message

START = "\x1b[200~"
END = "\x1b[201~"
KEPT = "\t\n\r"
_C1 = range(0x80, 0xA0)


class PasteFilter:
    """Removes control characters from pastes, however the input is split; leaves everything else alone."""

    def __init__(self) -> None:
        self._inside = False
        self._matched = ""
        """How much of the mark that comes next has been seen. Inside a paste it is held back until it is the mark."""

    def feed(self, text: str) -> str:
        """The text to parse instead of ``text``; empty while everything is held back."""
        return "".join(self._inside_paste(one) if self._inside else self._outside(one) for one in text)

    def _outside(self, character: str) -> str:
        self._matched = self._matched + character if START.startswith(self._matched + character) else ""
        if not self._matched and character == START[0]:
            self._matched = character
        if self._matched == START:
            self._inside, self._matched = True, ""
        return character

    def _inside_paste(self, character: str) -> str:
        if END.startswith(self._matched + character):
            self._matched += character
            if self._matched != END:
                return ""
            self._inside, self._matched = False, ""
            return END
        held, self._matched = self._matched[1:], ""  # without its ESC
        if character == END[0]:
            self._matched = character
            return held
        return held + (character if _is_text(character) else "")


def _is_text(character: str) -> bool:
    return character in KEPT or (character >= " " and character != "\x7f" and ord(character) not in _C1)


def keep_pastes_text() -> None:
    """Install the filter in Textual's driver for POSIX terminals."""
    from textual.drivers import linux_driver

    class Parser(linux_driver.XTermParser):  # type: ignore[name-defined, misc]
        def __init__(self, debug: bool = False) -> None:
            super().__init__(debug)
            self._pastes = PasteFilter()

        def feed(self, data: str) -> Iterable[Message]:
            if data and not (data := self._pastes.feed(data)):
                return ()  # to the parser, nothing at all is the end of the input
            return super().feed(data)  # type: ignore[no-any-return]

    setattr(linux_driver, "XTermParser", Parser)  # noqa: B010 (mypy does not let a class be assigned)
