"""How the bodies of requests are read."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class ShallowJSONParser(JSONParser):
    """JSON; what is nested too deeply for Python's own parser is the client's error, not the server's."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """The value. Raises ``ParseError`` (400)."""
        try:
            return super().parse(*args, **kwargs)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
