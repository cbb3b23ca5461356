"""Take the pictures of the README and the guide from the running program.

    python scripts/make_screenshots.py        (`make screenshots`)

Starts the demo's server and engine, drives the real app through login, a new session, two spoken turns and the whole
acceptance procedure, and exports what it shows as SVG, in English and Japanese. The conversation is also filmed: one
animated SVG. Takes some minutes for each language.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from relay.conversation import ConversationState
from scripts.animated_svg import animated
from tui import i18n
from tui.acceptance.question import QuestionScreen
from tui.acceptance.screen import AcceptanceScreen
from tui.app import SalesMindApp
from tui.cli.embedded_server import EmbeddedServer
from tui.conversation.live import LiveScreen
from tui.host.screenshot import in_cells
from tui.settings import ConsoleSettings
from tui.themes import DARK

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE = (120, 36)
PATIENCE_S = 40.0
WHOLE_RUN_S = 900.0
FRAME_S = 0.8
MOST_FRAMES = 28
LARGEST_BYTES = 300_000
"""Of a picture in the repository."""


async def until(pilot: Pilot[int], holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Let the app run until ``holds``. Raises ``TimeoutError``."""
    async with asyncio.timeout(patience_s):
        while not holds():
            await pilot.pause(0.1)


class Film:
    """Frames of the running app, taken in the background."""

    def __init__(self, app: SalesMindApp) -> None:
        self._app = app
        self._frames: list[str] = []
        self._task = asyncio.create_task(self._roll())

    async def _roll(self) -> None:
        while len(self._frames) < MOST_FRAMES:
            self._frames.append(in_cells(self._app.export_screenshot()))
            await asyncio.sleep(FRAME_S)

    def save(self, path: Path) -> None:
        """Stop, and write what there is. Raises ``ValueError`` if it is too big for the repository."""
        self._task.cancel()
        picture = animated(self._frames, FRAME_S)
        if len(picture.encode()) > LARGEST_BYTES:
            raise ValueError(f"{path}: {len(picture.encode())} bytes; take fewer frames")
        path.write_text(picture, encoding="utf-8")


async def take(language: i18n.Language, server_url: str, state: Path) -> None:
    """All pictures in one language."""
    i18n.set_language(language)
    settings = ConsoleSettings(
        server_url=server_url, demo=True, language=language, state_directory=state, theme=DARK.name
    )
    app = SalesMindApp(settings)
    app.memory.tour_over = True

    def save(name: str) -> None:
        app.save_screenshot(f"{name}-{language}.svg", path=str(IMAGES))

    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(2.0)
        save("login")
        await pilot.press("f2", "f3")
        await until(pilot, lambda: type(app.screen).__name__ == "SessionsScreen")
        await pilot.press("n")
        await pilot.pause(0.5)
        await pilot.press("f2")
        await pilot.pause(0.5)
        save("new-session")
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)

        def conversation() -> ConversationState:
            assert isinstance(app.screen, LiveScreen)
            assert app.screen.feed is not None
            return app.screen.feed.state

        await until(pilot, lambda: conversation().gate_open)
        film = Film(app)
        for answers in (1, 2):
            await pilot.press("f2")
            await until(pilot, lambda: finished_answers(conversation()) >= answers)  # noqa: B023
            if answers < 2:
                await until(pilot, lambda: not conversation().answering)
        await pilot.pause(1.5)
        save("live")
        film.save(IMAGES / f"conversation-{language}.svg")
        await until(pilot, lambda: not conversation().answering)
        await pilot.press("escape")
        await pilot.pause(0.5)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: conversation().ended)
        await pilot.pause(0.5)
        save("summary")
        await pilot.press("escape")
        await pilot.pause(2.0)
        save("sessions")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AcceptanceScreen))
        await pilot.press("a")

        def over() -> bool:
            if isinstance(app.screen, QuestionScreen):
                app.screen.dismiss("not_applicable")  # nobody is there to judge by ear
            return isinstance(app.screen, AcceptanceScreen) and app.screen.board.over

        await until(pilot, over, WHOLE_RUN_S)
        await pilot.press("home", *["down"] * 4)
        await pilot.pause(1.0)
        save("acceptance")


def finished_answers(state: ConversationState) -> int:
    """How many of the customer's turns are complete."""
    return sum(turn.role == "assistant" and turn.final for turn in state.turns)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, EmbeddedServer(Path(directory), 0, print) as server:
        url = server.start()
        for language in i18n.LANGUAGES:
            asyncio.run(take(language, url, Path(directory) / language))


if __name__ == "__main__":
    main()
