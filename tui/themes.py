"""The console's own themes.

Chosen so that their colours stay apart when a terminal without ``COLORTERM`` (most SSH sessions) rounds
them to 256. Areas are told apart by background, not by lines: box and block characters are of ambiguous
width and break columns on Japanese terminals.
"""

from __future__ import annotations

from textual.theme import Theme

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
        "field": "#303030",
        "field-focus": "#005f87",
        "bar": "#303030",
        "dim": "#8a8a8a",
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
    secondary="#5f8787",
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
        "field": "#d0d0d0",
        "field-focus": "#afd7ff",
        "bar": "#d0d0d0",
        "dim": "#6c6c6c",
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

THEMES = (DARK, LIGHT, SIXTEEN)


def dark_theme(color_system: str | None) -> Theme:
    """The dark theme for what Rich says that the terminal can show (``standard``: 16 colours)."""
    return SIXTEEN if color_system == "standard" else DARK
