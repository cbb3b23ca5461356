"""The sentence for each code, in the operator's language: what went wrong and what to do about it.

The rooms below raise typed errors and emit events with a stable ``code`` and English for logs. People
read what stands here. A test asks every code of every room for its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui.i18n import N_, _

if TYPE_CHECKING:
    from relay.stream import Notice, Problem

WORDING: dict[str, str] = {
    # Between the console and the server
    "bad_url": N_("This address cannot be used. Write it like http://host:8000 or https://host."),
    "invalid_parameter": N_("The token or the session id holds characters this server cannot take."),
    "server_unreachable": N_(
        "No server answers at this address. Check the address and that the server runs."
    ),
    "server_timeout": N_("The server did not answer in time. Check the network, then try again."),
    "tls_error": N_("The certificate cannot be verified. If you trust this server, start with --insecure."),
    "unexpected_redirect": N_("The server sends us elsewhere: {location}. Use that address instead."),
    "bad_credentials": N_("User name or password is wrong."),
    "account_refused": N_("This account may not log in: it is deactivated, or its e-mail is not verified."),
    "not_authenticated": N_("The server no longer knows this login. Log in again."),
    "forbidden": N_("This account is not allowed to do that."),
    "not_found": N_("The server has no such thing, or it belongs to somebody else."),
    "validation_failed": N_("The server refuses these values. See the messages at the fields."),
    "rate_limited": N_("Too many requests. Wait a little, then try again."),
    "server_fault": N_("The server failed. Try again; if it stays so, see the server's log."),
    "unexpected_answer": N_("What answers there is not a SalesMind server. Check the address."),
    "realtime_bad_token": N_("The server refuses the token for realtime mode. Log in again."),
    "realtime_wrong_path": N_("The server has no /ws/realtime/ here. Check the address and the proxy."),
    "realtime_refused": N_("The server refuses the realtime connection."),
    "send_stalled": N_("The network takes no more audio. The connection was dropped."),
    "connection_lost": N_("The connection was lost."),
    # Sound
    "library_missing": N_("The PortAudio library is not installed. Install it with: {command}"),
    "no_device": N_("There is no sound device ({direction}). Choose a recording, or connect one."),
    "device_not_found": N_("There is no sound device {wanted}. There are: {available}"),
    "permission_denied": N_("The system does not let this program use {device}. Allow the microphone."),
    "device_busy": N_("Another program is using {device}. Close it there, or choose another device."),
    "rate_refused": N_("{device} takes neither 24000 Hz nor {rate} Hz. Choose another device."),
    "device_failed": N_("{device} could not be opened: {reason}. Choose another device."),
    "digital_silence": N_("{device} gives exact zeros only. Check that it is not muted and is allowed."),
    "no_frames": N_("Nothing has come from {device} for two seconds. Check it, or choose another one."),
    "device_lost": N_("{device} went away. Connect it again, or choose another device."),
    "file_not_found": N_("There is no file {path}. Check the path."),
    "file_unreadable": N_("{path} cannot be read as sound: {reason}"),
    "file_unwritable": N_("{path} cannot be written: {reason}"),
    "connect_failed": N_("Nobody answers at {address}: {reason}. Start the other side first."),
    "bad_spec": N_("{spec} is not a source or sink we know: {reason}"),
    "aec_missing": N_("Echo cancelling is not installed. Install it with: {command}"),
    # The console itself
    "unexpected": N_("Something unexpected happened. Details are in the log file: {log}"),
    "relay_not_started": N_("The conversation process could not be started: {reason}"),
    "state_not_saved": N_("What is remembered between runs could not be saved: {reason}"),
}


class _Params(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(code: str, params: Mapping[str, str] | None = None, fallback: str = "") -> str:
    """The sentence for ``code``; ``fallback`` (a server's own words) for a code we do not know."""
    known = WORDING.get(str(code))
    if known is None:
        return f"{fallback} ({code})" if fallback else _("Unknown problem: {code}").format(code=code)
    return _(known).format_map(_Params(params or {}))


def of_error(error: Exception) -> str:
    """The sentence for an exception of the rooms below; any exception gives one, never a traceback."""
    code = getattr(error, "code", None)
    if code is None:
        return _("Unexpected problem: {kind}").format(kind=type(error).__name__)
    words = sentence(str(code), getattr(error, "params", None), str(error))
    summary = getattr(error, "summary", None)
    if summary and str(code) in ("account_refused", "validation_failed", "forbidden", "server_fault"):
        return str(summary) if str(code) == "validation_failed" else f"{words} ({summary})"
    return words


def of_event(event: Problem | Notice) -> str:
    """The sentence for an error or notice of the conversation."""
    return sentence(event.code, event.params, event.message)
