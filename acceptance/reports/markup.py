"""Injection-safe HTML and SVG: text is escaped unless an ``element`` created it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from acceptance.redaction import redact
from api_client.harmless import one_line

_VOID = frozenset({"meta", "br", "hr", "link"})
_NOT_TEXT = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
"""Control characters and what Unicode says is no character; a browser would show nothing, or worse, for them."""


class Markup(str):
    """Text that is markup already. Only this module makes it."""

    __slots__ = ()


Content = str | Iterable[str]
Attribute = str | int | float | bool | None


def text(content: str) -> Markup:
    """Any text as markup: on one line, without secrets, escaped. Markup stays as it is."""
    if isinstance(content, Markup):
        return content
    return Markup(escape(_NOT_TEXT.sub("\ufffd", redact(one_line(content))), quote=True))


def element(name: str, /, *children: Content, **attributes: Attribute) -> Markup:
    """``<name attribute="...">children</name>``.

    ``class_`` is class, other underscores are hyphens. False and None leave an attribute out, True gives it no
    value. Names are ours alone and not escaped.
    """
    start = "".join([name, *(_attribute(key, value) for key, value in attributes.items())])
    if name in _VOID:
        return Markup(f"<{start}>")
    return Markup(f"<{start}>{join(*children)}</{name}>")


def join(*contents: Content) -> Markup:
    """Everything one after the other."""
    return Markup("".join(_flat(contents)))


def _flat(contents: Iterable[Content]) -> Iterable[str]:
    for content in contents:
        if isinstance(content, str):
            yield text(content)
        else:
            yield from (text(part) for part in content)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{text(_number(value) if isinstance(value, float) else str(value))}"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def style_sheet(css: str) -> Markup:
    """A ``style`` element; ``css`` is ours."""
    return Markup(f"<style>{css}</style>")


def document(*children: Content, language: str) -> Markup:
    """The whole page, with its doctype."""
    return Markup("<!doctype html>\n" + element("html", *children, lang=language) + "\n")
