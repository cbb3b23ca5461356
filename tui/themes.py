"""The console's own themes.

Chosen so that their colours stay apart when a terminal without ``COLORTERM`` (most SSH sessions) rounds
them to 256. Areas are told apart by background, not by lines: box and block characters are of ambiguous
width and break columns on Japanese terminals.
"""

from __future__ import annotations

from collections.abc import Iterator

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from tui.contrast import contrast, readable

DARK = Theme(
    name="salesmind-dark",
    primary="#5fafd7",
    secondary="#87afaf",
    accent="#d7af5f",
    foreground="#dadada",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    success="#87d787",
    warning="#ffaf5f",
    error="#ff5f5f",
    dark=True,
    variables={
        "block-cursor-background": "#5fafd7",
        "block-cursor-foreground": "#121212",
        "block-cursor-blurred-background": "#303030",
        "block-cursor-blurred-foreground": "#dadada",
        "footer-background": "#262626",
        "footer-key-foreground": "#d7af5f",
        "footer-description-foreground": "#b2b2b2",
        "field-foreground": "#dadada",
        "field": "#303030",
        "field-focus": "#005f87",
        "bar": "#303030",
        "dim": "#949494",
        "user": "#5fd7d7",
        "customer": "#d7af5f",
        "title": "#ffffff",
        "input-cursor-background": "#dadada",
        "input-cursor-foreground": "#121212",
    },
)

LIGHT = Theme(
    name="salesmind-light",
    primary="#005f87",
    secondary="#005f5f",
    accent="#875f00",
    foreground="#262626",
    background="#ffffff",
    surface="#eeeeee",
    panel="#e4e4e4",
    success="#005f00",
    warning="#875f00",
    error="#af0000",
    dark=False,
    variables={
        "block-cursor-background": "#005f87",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#d0d0d0",
        "block-cursor-blurred-foreground": "#262626",
        "footer-background": "#e4e4e4",
        "footer-key-foreground": "#875f00",
        "footer-description-foreground": "#444444",
        "field-foreground": "#262626",
        "field": "#d0d0d0",
        "field-focus": "#afd7ff",
        "bar": "#d0d0d0",
        "dim": "#5f5f5f",
        "user": "#005f87",
        "customer": "#875f00",
        "title": "#000000",
        "input-cursor-background": "#262626",
        "input-cursor-foreground": "#ffffff",
    },
)

SIXTEEN = Theme(
    name="salesmind-16",
    primary="#55ffff",
    secondary="#00aaaa",
    accent="#ffff55",
    foreground="#aaaaaa",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#55ff55",
    warning="#ffff55",
    error="#ff5555",
    dark=True,
    variables={
        "block-cursor-background": "#00aaaa",
        "block-cursor-foreground": "#000000",
        "block-cursor-blurred-background": "#0000aa",
        "block-cursor-blurred-foreground": "#ffffff",
        "footer-background": "#0000aa",
        "footer-key-foreground": "#ffff55",
        "footer-description-foreground": "#ffffff",
        "field-foreground": "#ffffff",
        "field": "#555555",
        "field-focus": "#0000aa",
        "bar": "#555555",
        "dim": "#aaaaaa",
        "user": "#55ffff",
        "customer": "#ffff55",
        "title": "#ffffff",
        "input-cursor-background": "#ffffff",
        "input-cursor-foreground": "#000000",
    },
)
"""For terminals of 16 colours, or that say no more of themselves (``TERM=screen``, ``linux``): near-black areas would
be rounded to black here and to grey there, so every colour is one of the sixteen."""

CONTRAST = Theme(
    name="salesmind-contrast",
    primary="#87ffff",
    secondary="#afffff",
    accent="#ffff5f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#87ff87",
    warning="#ffd75f",
    error="#ffafaf",
    dark=True,
    variables={
        "block-cursor-background": "#ffff5f",
        "block-cursor-foreground": "#000000",
        "block-cursor-blurred-background": "#444444",
        "block-cursor-blurred-foreground": "#ffffff",
        "footer-background": "#1c1c1c",
        "footer-key-foreground": "#ffff5f",
        "footer-description-foreground": "#ffffff",
        "field-foreground": "#ffffff",
        "field": "#303030",
        "field-focus": "#00005f",
        "bar": "#444444",
        "dim": "#dadada",
        "user": "#87ffff",
        "customer": "#ffff5f",
        "title": "#ffffff",
        "input-cursor-background": "#ffff5f",
        "input-cursor-foreground": "#000000",
    },
)
"""For eyes that need more than others: text has a contrast of at least 7 (WCAG AAA)."""

THEMES = (DARK, LIGHT, SIXTEEN, CONTRAST)
_TERMINALS_OWN = ("ansi-dark", "ansi-light")
"""Textual's themes of the terminal's own colours: which those are, and what can be read on what, cannot be known."""


def theme_names() -> tuple[str, ...]:
    """Every theme that can be chosen, ours first."""
    ours = tuple(theme.name for theme in THEMES)
    return ours + tuple(name for name in BUILTIN_THEMES if name not in _TERMINALS_OWN)


def theme_named(name: str) -> Theme:
    """The theme to register under ``name``. Raises ``KeyError``."""
    for theme in THEMES:
        if theme.name == name:
            return theme
    return fitted(BUILTIN_THEMES[name])


def fitted(theme: Theme) -> Theme:
    """One of Textual's themes with the colours that our screens use besides, all of them readable."""
    generated = theme.to_color_system().generate()
    colours = {name: Color.parse(generated[name]).hex6.lower() for name in _BASE}
    areas = (colours["background"], colours["surface"], colours["panel"])

    def text(name: str) -> str:
        return readable(colours[name], areas)

    foreground, primary = text("foreground"), text("primary")
    fields = (colours["panel"], colours["surface"])
    cursor = readable(primary, (colours["background"],))
    return Theme(
        name=theme.name,
        primary=primary,
        secondary=text("secondary"),
        accent=text("accent"),
        foreground=foreground,
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["panel"],
        success=text("success"),
        warning=text("warning"),
        error=text("error"),
        dark=theme.dark,
        variables={
            "block-cursor-background": cursor,
            "block-cursor-foreground": readable(colours["background"], (cursor,)),
            "block-cursor-blurred-background": colours["panel"],
            "block-cursor-blurred-foreground": foreground,
            "footer-background": colours["panel"],
            "footer-key-foreground": text("accent"),
            "footer-description-foreground": foreground,
            "field-foreground": readable(foreground, fields),
            "field": fields[0],
            "field-focus": fields[1],
            "bar": colours["panel"],
            "dim": readable(colours["secondary"], areas),
            "user": primary,
            "customer": text("accent"),
            "title": foreground,
            "input-cursor-background": foreground,
            "input-cursor-foreground": readable(colours["background"], (foreground,)),
        },
    )


def texts(theme: Theme) -> Iterator[tuple[str, str, str]]:
    """Every pair of colours in which text is shown: its name, the text's colour, the background's."""
    held = {name: str(getattr(theme, name)) for name in _BASE} | theme.variables
    for name in _TEXT_COLOURS:
        for area in ("background", "surface", "panel"):
            yield f"{name} on {area}", held[name], held[area]
    for name, area in _PAIRS:
        yield f"{name} on {area}", held[name], held[area]


def least_contrast(theme: Theme) -> float:
    """The contrast of its least readable text."""
    return min(contrast(colour, area) for _, colour, area in texts(theme))


_BASE = (
    *("primary", "secondary", "accent", "foreground", "background", "surface", "panel"),
    *("success", "warning", "error"),
)
_TEXT_COLOURS = (
    *("foreground", "primary", "secondary", "accent", "success", "warning", "error"),
    *("dim", "user", "customer", "title"),
)
_PAIRS = (
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("footer-key-foreground", "footer-background"),
    ("footer-description-foreground", "footer-background"),
    ("field-foreground", "field"),
    ("field-foreground", "field-focus"),
    ("input-cursor-foreground", "input-cursor-background"),
    ("background", "accent"),
)
"""Text on other areas than the three: cursors, footer, fields; the last is a button that has the focus."""


def dark_theme(color_system: str | None) -> Theme:
    """The dark theme for what Rich says that the terminal can show (``standard``: 16 colours)."""
    return SIXTEEN if color_system == "standard" else DARK
