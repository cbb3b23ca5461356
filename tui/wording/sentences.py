"""The sentence for each code from the rooms below: what went wrong and what to do about it.

Marked for translation here, translated in ``tui.wording.errors``. A code that two rooms use differently has
its room in front: ``audio.connection_lost``.
"""

from __future__ import annotations

from tui.i18n import N_

SENTENCES: dict[str, str] = {
    # A demo box
    "voice_ports_taken": N_(
        "All ports for visitors' microphones are in use. Type, or play the sample lines; or try again later."
    ),
    # The configuration
    "theme_unknown": N_("There is no theme {name}. Choose one of {names}."),
    "keys_unknown": N_(
        "The [keys] table of the configuration has unknown names: {ids}. {key} shows the names."
    ),
    # Between the console and the server
    "bad_url": N_("This address cannot be used. Write it like http://host:8000 or https://host."),
    "invalid_parameter": N_(
        "The token or the session id contains characters that this server cannot handle."
    ),
    "server_unreachable": N_(
        "No server answers at this address. Check the address and that the server is running."
    ),
    "name_unknown": N_("The host name {host} cannot be resolved. Check its spelling and the network."),
    "name_timeout": N_("Looking up {host} timed out after {seconds} s. Check the network."),
    "proxy_unusable": N_(
        "The proxy in {variable} cannot be used. Write it like http://host:8080; SOCKS is not supported."
    ),
    "proxy_unreachable": N_(
        "The proxy {proxy} cannot be reached. Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY."
    ),
    "proxy_refused": N_(
        "The proxy {proxy} refuses the connection (HTTP {status}). Ask whoever runs it, or add the server "
        "to NO_PROXY."
    ),
    "proxy_login": N_(
        "The proxy {proxy} requires a user name and password. Put them in its address, like "
        "http://user:password@host:port."
    ),
    "proxy_bad_gateway": N_(
        "The proxy {proxy} cannot reach the server (HTTP {status}). Check the address and that the server "
        "is running."
    ),
    "proxy_timeout": N_(
        "Neither the proxy {proxy} nor the server behind it answered in {seconds} s. Check both addresses."
    ),
    "server_timeout": N_("The server did not answer in time. Check the network, then try again."),
    "tls_error": N_("The certificate cannot be verified. If you trust this server, start with --insecure."),
    "no_tls": N_(
        "The server does not use TLS on this port. Use http:// instead of https://, or another port."
    ),
    "not_text": N_("{name} is not valid UTF-8 and cannot be sent. Enter it again."),
    "unexpected_redirect": N_("The server has moved to {location}. Use that address instead."),
    "redirected_away": N_(
        "The server redirects to {location}, which is not the address of a SalesMind server. Check the "
        "address, and whether you have to log in there first."
    ),
    "bad_credentials": N_("User name or password is wrong."),
    "account_refused": N_("This account may not log in. Ask whoever runs the server."),
    "email_not_verified": N_(
        "This account's e-mail address is not verified yet. Follow the link in the mail."
    ),
    "not_authenticated": N_("This login is no longer valid. Log in again."),
    "forbidden": N_("This account is not allowed to do that."),
    "not_found": N_("Not found: it does not exist, or belongs to another user."),
    "validation_failed": N_("The server rejected these values. See the messages next to the fields."),
    "rate_limited": N_("Too many requests. Wait a moment, then try again."),
    "server_fault": N_("The server failed. Try again; if it keeps failing, see the server's log."),
    "unexpected_answer": N_("That address is not a SalesMind server. Check the address."),
    "realtime_bad_token": N_("The server refuses the token for realtime mode. Log in again."),
    "realtime_wrong_path": N_("The server has no /ws/realtime/ here. Check the address and the proxy."),
    "realtime_refused": N_(
        "The server, or a gateway in front of it, refuses the realtime connection (HTTP {status})."
    ),
    "send_stalled": N_("The network accepts no more audio. The connection was dropped."),
    "connection_lost": N_("The connection was lost."),
    # A demo box
    "box_unknown": N_("The server lets no visitors in. Start it with --box-secret-file."),
    "box_secret_wrong": N_("The server does not accept the secret of the box. Give both the same file."),
    "box_full": N_("All places are taken, and so is the queue. Please come back a little later."),
    "visit_over": N_("The visit is over."),
    # Closes and errors of the realtime socket
    "normal": N_("The conversation was closed normally."),
    "going_away": N_("The server is shutting down, most likely to restart."),
    "session_expired": N_("The conversation reached the service's time limit."),
    "no_close_frame": N_(
        "The connection broke off without a close frame: the server stopped, or the network is down."
    ),
    "unreadable": N_("The server sent unreadable data, so the connection was dropped. See its log."),
    "message_too_big": N_("A message was too big for the server. Choose a smaller chunk size."),
    "server_failed": N_("The server failed, or the connection went silent."),
    "try_later": N_("The server is busy or restarting. Try again shortly."),
    "invalid_api_key": N_("OpenAI refuses the server's API key. Ask whoever runs the server."),
    "upstream_refused": N_("The speech service refuses the conversation. See the previous error."),
    "beta_api_shape_disabled": N_(
        "This server still uses OpenAI's beta Realtime API, switched off in May 2026. It needs an update."
    ),
    "upstream_lost": N_("The server could not reach, or has lost, its speech service."),
    "malformed_request": N_("The server does not understand the address of the conversation."),
    "bad_token": N_("The server refuses the token for realtime mode. Log in again."),
    "unknown_session": N_("There is no such session, or it belongs to another user."),
    "session_finished": N_("This session is finished. Start a new one to talk."),
    "wrong_path": N_("There are no conversations at that address. Check the address."),
    "forbidden_origin": N_("The server does not accept conversations from this origin."),
    "client_stalled": N_("The server gave up because this console read no data for too long."),
    "other": N_("The server closed the connection for a reason of its own."),
    "insufficient_quota": N_(
        "The server's OpenAI account has used up its quota. Ask whoever runs the server."
    ),
    "credit_balance_exhausted": N_("The server's OpenAI account has no credit. Ask whoever runs the server."),
    "billing_hard_limit_reached": N_(
        "The server's OpenAI account has reached its spending limit. Ask whoever runs the server."
    ),
    "account_deactivated": N_("The server's OpenAI account is deactivated. Ask whoever runs the server."),
    "model_not_found": N_("OpenAI does not know the server's model. Ask whoever runs the server."),
    "rate_limit_exceeded": N_("The speech service is limiting requests. Wait a moment, then speak again."),
    "response_cancel_not_active": N_("There was no answer left to stop."),
    "conversation_already_has_active_response": N_(
        "The customer is already answering. Wait for the answer to end."
    ),
    "input_audio_buffer_commit_empty": N_("There was no new speech to answer."),
    "connection_error": N_("The server could not reach, or has lost, its speech service."),
    "forwarding_error": N_("The server no longer forwards anything. Reconnect."),
    # What our own server says before it closes, or instead of closing
    "token_missing": N_("This login is no longer valid. Log in again."),
    "token_invalid": N_("This login is no longer valid. Log in again."),
    "token_revoked": N_("The login was revoked, or the account deactivated. Log in again."),
    "origin_not_allowed": N_("The server does not accept conversations from this origin."),
    "too_many_conversations": N_(
        "The server allows no more conversations for this account or address: close one, then try again."
    ),
    "host_not_allowed": N_(
        "The server does not accept this host name: use another address, or have the name allowed."
    ),
    "session_id_malformed": N_("The server cannot read the session's id. Choose the session again."),
    "session_not_found": N_("There is no such session, or it belongs to another user."),
    "path_not_found": N_("There are no conversations at that address. Check the address."),
    "internal_error": N_("The server failed. Try again; if it keeps failing, see the server's log."),
    "audio_ahead_of_real_time": N_(
        "The server refuses audio far ahead of real time: the source is not paced."
    ),
    "upstream_unreachable": N_("The server cannot reach its speech service."),
    "upstream_not_found": N_(
        "The speech service does not know the address or the model that the server asks for (HTTP 404). "
        "Ask whoever runs the server."
    ),
    "upstream_busy": N_(
        "The server's speech service accepts no more conversations right now. Wait a moment."
    ),
    "upstream_failed": N_(
        "The server's speech service is failing. If it continues, ask whoever runs the server."
    ),
    "api_key_missing": N_("The server has no OpenAI API key. Ask whoever runs the server."),
    "upstream_closed": N_("The server's speech service ended the connection."),
    "upstream_stopped": N_("The server's speech service was stopped or is restarting."),
    "upstream_broke": N_("The server lost the connection to its speech service."),
    "upstream_unresponsive": N_("The server's speech service no longer answers."),
    "upstream_stalled": N_("The server's speech service accepts no data."),
    # The conversation's own process
    "session_created_timeout": N_(
        "The server accepted the connection but sent no session.created within {seconds} s."
    ),
    "session_updated_timeout": N_(
        "The server did not answer session.update within {seconds} s, so no audio was sent."
    ),
    "session_update_refused": N_("The server refused the session's configuration."),
    "closed_by_server": N_("The server ended the conversation."),
    "response_failed": N_("The answer failed."),
    "speech_sent_late": N_(
        "Resending {seconds} s of speech that the lost connection may not have delivered."
    ),
    "speech_not_sent": N_("{seconds} s of speech were not sent: there was no connection."),
    "audio_dropped": N_("The network is too slow: {seconds} s of audio waited too long and were dropped."),
    "source_late": N_("The network is too slow: the recording is sent {seconds} s late."),
    "server_does_not_answer": N_(
        "The server accepts the audio but has not answered for {seconds} s. Waiting up to {limit} s."
    ),
    "session_renewed": N_("Reconnecting before the connection reaches its time limit."),
    "log_unwritable": N_(
        "The log {path} cannot be written: {reason}. The conversation continues without it."
    ),
    "answer_too_long": N_(
        "More than {minutes} minutes of the answer are waiting to be played. The rest of it is dropped."
    ),
    "upstream_silent": N_(
        "Audio went out for {seconds} s and nothing came back. The server has probably lost its upstream."
    ),
    "server_silent": N_(
        "Audio went out for {seconds} s and the server answered nothing, not even pings. It has hung."
    ),
    "line_dead": N_(
        "Nothing has come back on this connection for {seconds} s, although the server answers others. It is dead."
    ),
    "line_stalled": N_(
        "The network takes nothing. What is said now waits, up to 30 s of it, and is sent when it does."
    ),
    "line_goes_on": N_("The network took nothing for {seconds} s. What was said meanwhile is sent now."),
    "malformed_message": N_("The server sent a message that cannot be read ({type})."),
    "chunk_rate_suggests_44100": N_(
        "{rate} chunks/s: this is 44.1 kHz audio labelled as 24 kHz. Check the source's sample rate."
    ),
    "chunk_rate_suggests_48000": N_(
        "{rate} chunks/s: this is 48 kHz audio labelled as 24 kHz. Check the source's sample rate."
    ),
    "recording_failed": N_(
        "The recording in {directory} cannot be written: {reason}. The conversation continues without it."
    ),
    "recording_not_deleted": N_("The recording in {directory} cannot be deleted: {reason}."),
    "bad_configuration": N_("The conversation cannot start with these settings. See the log file."),
    "relay_fault": N_("The conversation process failed. See the log file."),
    "relay_crashed": N_("The conversation process ended unexpectedly. See the log file: {log}"),
    # Sound
    "library_missing": N_("The PortAudio library is not installed. Install it with: {command}"),
    "no_device": N_("There is no sound device ({direction}). Choose a recording, or connect one."),
    "device_not_found": N_("There is no sound device {wanted}. Available: {available}"),
    "permission_denied": N_("This program is not allowed to use {device}. Allow access to the microphone."),
    "device_busy": N_("{device} is in use by another program. Close that program, or choose another device."),
    "rate_refused": N_("{device} supports neither 24000 Hz nor {rate} Hz. Choose another device."),
    "device_failed": N_("{device} could not be opened: {reason}. Choose another device."),
    "digital_silence": N_(
        "{device} delivers only digital silence. Check that it is not muted and that access is allowed."
    ),
    "no_frames": N_("Nothing has come from {device} for two seconds. Check it, or choose another device."),
    "sound_system_silent": N_(
        "The sound system did not answer within {seconds} s. Check the sound server, or choose a recording."
    ),
    "device_listing_failed": N_("The sound devices could not be listed: {reason}."),
    "channels_cancel": N_(
        "The channels of {name} are in antiphase: mixed to mono, they cancel out. Use only one of them."
    ),
    "device_lost": N_("{device} was disconnected. Reconnect it, or choose another device."),
    "file_not_found": N_("There is no file {path}. Check the path."),
    "file_unreadable": N_("{path} cannot be read as sound: {reason}"),
    "file_unwritable": N_("{path} cannot be written: {reason}"),
    "audio.connection_lost": N_("The connection to {address} was lost: {reason}. Restart the other side."),
    "connect_failed": N_("Nothing answers at {address}: {reason}. Start the other side first."),
    "bad_spec": N_("{spec} is not a valid source or sink: {reason}"),
    "aec_missing": N_("Echo cancellation is not installed. Install it with: {command}"),
    # Recordings
    "no_recording": N_("There is no recording in {path}."),
    "recording_unreadable": N_("The recording {path} cannot be read: {reason}"),
    "no_tracks": N_("The recording has no audio."),
    "tracks_unreadable": N_("The recording's audio is damaged from here on."),
    "held_here": N_(
        "{device} cannot be opened beside the others: it may be the same hardware under another name."
    ),
    "output_stuck": N_("{device} is open but plays nothing. Choose another device."),
    "soundcheck_gone": N_("The process that tries the sound devices ended unexpectedly."),
    "player_gone": N_("The process that plays the sound ended unexpectedly."),
    # Kept results of the acceptance procedure
    "results_damaged": N_(
        "The saved results in {path} are damaged ({reason}). Move the file away to start a new one."
    ),
    "results_newer": N_(
        "The saved results in {path} come from a newer version of this program. Update the program."
    ),
    "results_unusable": N_("The saved results in {path} cannot be opened: {reason}"),
    "results_busy": N_("Another program is writing to {path}. Try again."),
    "results_unknown_run": N_("There is no saved run {run}."),
    "results_ambiguous": N_("Several runs start with {run}. Give more of the id."),
    # The console itself
    "templates_unreadable": N_(
        "The saved templates in {path} cannot be read: {reason}. Mend or remove the file to save new ones."
    ),
    "clipboard_too_small": N_(
        "Not copied: {size} kB is more than the {most} kB that terminals accept at once. Export it instead."
    ),
    "unexpected": N_("Something unexpected happened. Details are in the log file: {log}"),
    "unexpected_for_visitor": N_("Something unexpected happened. Please tell whoever looks after this box."),
    "no_job_control": N_("There is no shell to go back to."),
    "relay_not_started": N_("The conversation process could not be started: {reason}"),
    "state_not_saved": N_("The console's state could not be saved: {reason}"),
}
