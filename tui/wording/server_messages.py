"""A server's messages at form fields, in the language of the screen.

Our own server is asked for it. Others answer in a language of their own, mostly in the English or Japanese of Django
REST framework, whose messages are known here in both (rest_framework/locale); what is not known is shown as it came.
"""

from __future__ import annotations

import re

from tui.i18n import N_, _

_KNOWN: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (sentence, re.compile("|".join(f"(?:{pattern})" for pattern in patterns)))
    for sentence, patterns in (
        (N_("This field is required."), (r"This field is required\.", r"この項目は必須です。")),
        (
            N_("This field may not be blank."),
            (r"This field may not be (?:blank|null)\.", r"この項目は(?:空|null)にできません。"),
        ),
        (
            N_("Ensure this field has at least {n} characters."),
            (
                r"Ensure this field has at least (\d+) characters\.",
                r"この項目が少なくとも\s*(\d+)\s*文字以上であることを確認してください。",
                r"この項目は少なくとも(\d+)文字以上にしてください。",
            ),
        ),
        (
            N_("Ensure this field has no more than {n} characters."),
            (
                r"Ensure this field has no more than (\d+) characters\.",
                r"この項目が\s*(\d+)\s*文字より長くならないようにしてください。",
            ),
        ),
        (
            N_("This is not a valid UUID."),
            (
                r"Must be a valid UUID\.",
                r"[\"“「]?.*[\"”」]? is not a valid UUID\.",
                r".*は有効な\s*UUID\s*ではありません。",
                r"有効な\s*UUID\s*でなければなりません。",
            ),
        ),
    )
)


def of_server(message: str) -> str:
    """``message`` in the current language if it is known, otherwise as the server wrote it."""
    for sentence, pattern in _KNOWN:
        if found := pattern.fullmatch(message.strip()):
            number = next((group for group in found.groups() if group), "")
            return _(sentence).format(n=number)
    return message
