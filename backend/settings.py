"""Django settings of the SalesMind server. Importable with an empty environment; every name is in docs/server.md."""

from __future__ import annotations

import os
import secrets

from django.core.exceptions import ImproperlyConfigured

from backend import environment

DATA_DIRECTORY = environment.data_directory(os.environ)

# Nothing is signed here (tokens are rows, there are no cookies), so a key that dies with the process will do.
SECRET_KEY = os.environ.get("SALESMIND_SECRET_KEY") or secrets.token_urlsafe(48)
DEBUG = False
ALLOWED_HOSTS = environment.names(os.environ, "SALESMIND_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])

# No contrib.auth, contenttypes, sessions or admin: the user model stands on AbstractBaseUser, which needs none
# of them, and every app here costs start-up time.
INSTALLED_APPS = ["rest_framework", "backend.spin"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "backend.spin.middleware.cross_origin",
    "django.middleware.locale.LocaleMiddleware",
    "backend.spin.middleware.ServedHosts",
]
ROOT_URLCONF = "backend.urls"
APPEND_SLASH = (
    False  # backend.spin.errors.not_found does it, and says what to do where redirecting would be wrong
)
DATABASES = {"default": environment.database(os.environ, DATA_DIRECTORY)}
CHANNEL_LAYERS = environment.channel_layers(os.environ)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "spin.User"

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "Japanese"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

BEHIND_PROXY = environment.flag(os.environ, "SALESMIND_BEHIND_PROXY")
# Only a proxy that overwrites the header may be believed.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_SSL_REDIRECT = environment.flag(os.environ, "SALESMIND_REQUIRE_HTTPS")
SECURE_REDIRECT_EXEMPT = [r"(^|/)api/health/?$"]  # a load balancer asks the process itself, in plain http

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["backend.spin.authentication.HeaderToken"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["backend.spin.renderers.UTF8JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "backend.spin.parsers.ShallowJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "NON_FIELD_ERRORS_KEY": "non_field_errors",
}

# Logging is set up by whoever runs the process: backend.serve, or Daphne through backend.asgi.
LOGGING_CONFIG = None

# --- SalesMind's own -------------------------------------------------------------------------------------

OPENAI_API_KEY = os.environ.get("OPENAI_API_KEY", "")
# Where the relay dials. `salesmind serve` sets it; behind Daphne the engine is a unit of its own on this port.
SALESMIND_REALTIME_URL = os.environ.get("SALESMIND_REALTIME_URL") or "ws://127.0.0.1:8790/v1/realtime"
SALESMIND_REALTIME_MODEL = os.environ.get("SALESMIND_REALTIME_MODEL") or "gpt-realtime"
SALESMIND_DIAL_SECONDS = environment.number(os.environ, "SALESMIND_DIAL_SECONDS", 10, 0.1)
# Browser origins that may use the API and the WebSocket besides the server's own; "*" allows any.
SALESMIND_ALLOWED_ORIGINS = environment.names(os.environ, "SALESMIND_ALLOWED_ORIGINS", [])
SALESMIND_MAX_MESSAGE_BYTES = int(
    environment.number(os.environ, "SALESMIND_MAX_MESSAGE_BYTES", 1_048_576, 1024)
)
# TCP connections of the embedded server: in all, and from one address.
SALESMIND_MAX_CONNECTIONS = int(environment.number(os.environ, "SALESMIND_MAX_CONNECTIONS", 2000, 4))
SALESMIND_ADDRESS_CONNECTIONS = int(environment.number(os.environ, "SALESMIND_ADDRESS_CONNECTIONS", 400, 1))
# Open conversations in one process.
SALESMIND_ACCOUNT_SOCKETS = int(environment.number(os.environ, "SALESMIND_ACCOUNT_SOCKETS", 100, 1))
SALESMIND_ADDRESS_SOCKETS = int(environment.number(os.environ, "SALESMIND_ADDRESS_SOCKETS", 200, 1))
SALESMIND_AUDIO_AHEAD_SECONDS = environment.number(os.environ, "SALESMIND_AUDIO_AHEAD_SECONDS", 10, 0.5)
# A worker that has not renewed its leases for this long is taken for dead.
SALESMIND_LEASE_SECONDS = environment.number(os.environ, "SALESMIND_LEASE_SECONDS", 15, 3)
# How often a worker renews its leases and looks for revoked tokens.
SALESMIND_KEEPER_SECONDS = environment.number(os.environ, "SALESMIND_KEEPER_SECONDS", 2, 0.05)
if SALESMIND_KEEPER_SECONDS * 2 > SALESMIND_LEASE_SECONDS:
    raise ImproperlyConfigured(
        "SALESMIND_LEASE_SECONDS must be at least twice SALESMIND_KEEPER_SECONDS, or leases lapse too early."
    )
# An upstream or a client that takes nothing for this long is given up.
SALESMIND_STALL_SECONDS = environment.number(os.environ, "SALESMIND_STALL_SECONDS", 30, 0.5)
# Autobahn, and so Daphne, lets an application close with 1000 and 3000-4999 only; 0 stays within them.
SALESMIND_RFC_CLOSE_CODES = environment.flag(os.environ, "SALESMIND_RFC_CLOSE_CODES", default=True)
# Audio that went to the upstream: a line each second, none, or one for each chunk as the test summary shows them.
SALESMIND_LOG_AUDIO = environment.audio_log(os.environ, "SALESMIND_LOG_AUDIO")

# --- A demo box: only with the secret are there any visitors -----------------------------------------------

SALESMIND_BOX_SECRET = environment.box_secret(os.environ, "SALESMIND_BOX_SECRET_FILE")
# Visitors at the same time, and how many more may wait.
SALESMIND_VISITORS = int(environment.number(os.environ, "SALESMIND_VISITORS", 3, 1))
SALESMIND_VISITOR_QUEUE = int(environment.number(os.environ, "SALESMIND_VISITOR_QUEUE", 20, 0))
SALESMIND_VISIT_MINUTES = environment.number(os.environ, "SALESMIND_VISIT_MINUTES", 30, 0.01)
# A visit whose console has not been heard of for this long is over.
SALESMIND_VISIT_LEASE_SECONDS = environment.number(os.environ, "SALESMIND_VISIT_LEASE_SECONDS", 4, 0.5)
