"""The relay's messages by error code, in the language of the handshake."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header

SENTENCES = {
    "token_missing": _("No token was sent. Log in and send it in the Authorization header."),
    "token_invalid": _("The token is not valid, or its account is deactivated."),
    "token_revoked": _("The token was revoked, or its account deactivated. Log in again."),
    "origin_not_allowed": _("Pages from this origin may not use this server."),
    "host_not_allowed": _("The server does not accept this host name (SALESMIND_ALLOWED_HOSTS)."),
    "session_id_malformed": _("session_id is not a UUID."),
    "session_not_found": _("There is no such session."),
    "session_finished": _("The session is already finished. Start a new one."),
    "path_not_found": _("There is no WebSocket here. The path is /ws/realtime/, with the final slash."),
    "too_many_conversations": _(
        "Too many conversations are open for this account or from this address. Close one, then try again."
    ),
    "not_an_event": _("A text message must be a JSON object."),
    "upstream_not_an_event": _(
        "The upstream sent a text message that is not a JSON object; it was not forwarded."
    ),
    "message_too_big": _("A message is longer than %(limit)d bytes."),
    "audio_ahead_of_real_time": _(
        "Audio ran more than %(limit)g s ahead of real time: %(refused)d ms were refused. "
        "Send it at the pace of speech."
    ),
    "upstream_unreachable": _("The Realtime upstream could not be reached: %(cause)s."),
    "upstream_closed": _("The Realtime upstream ended the connection (code %(code)s)."),
    "upstream_stopped": _("The Realtime upstream was stopped or is restarting (code %(code)s)."),
    "upstream_broke": _(
        "The connection to the Realtime upstream broke: it stopped, or the network failed (code %(code)s)."
    ),
    "upstream_unresponsive": _("The Realtime upstream no longer answers. The connection was dropped."),
    "upstream_stalled": _("The Realtime upstream reads no data. The connection was dropped."),
    "session_expired": _("The Realtime session reached its maximum age. Reconnect."),
    "client_stalled": _("The client reads no data. The connection was dropped."),
    "internal_error": _("The relay failed. The cause is in the server's log."),
}
REFUSED = _("The Realtime upstream refused permanently (%(cause)s). Retrying will not help.")


def choose_language(accept_language: str) -> str:
    """The first supported language of an ``Accept-Language`` header, otherwise the default."""
    spoken = {code for code, _name in settings.LANGUAGES}
    for tag, _quality in parse_accept_lang_header(accept_language.lower()):
        if (primary := tag.split("-")[0]) in spoken:
            return primary
    return settings.LANGUAGE_CODE


def sentence(error_code: str, language: str, /, **values: object) -> str:
    """The sentence for an error code, in ``language``; a code of the upstream's own gets the general one."""
    with translation.override(language):
        words = str(SENTENCES.get(error_code, REFUSED))
    return words % values if values else words
