"""Cross-origin answers for browsers, by the same rule as the WebSocket's; and whom the allowed hosts hold for."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware

from backend.spin.origins import origin_allowed

PREFLIGHT_SECONDS = 600
HEALTH_PATHS = ("/api/health/", "/api/health")


class ServedHosts(CommonMiddleware):
    """Django's own check of the ``Host``, from which health is free: a load balancer asks by address.

    It tells nothing that a web page could use against its visitor.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        """None to go on. Raises ``DisallowedHost`` (400)."""
        return None if request.path_info in HEALTH_PATHS else super().process_request(request)


def cross_origin(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Let pages of the allowed origins read the answers. Others get them too, but their browser hides them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        origin = request.headers.get("Origin")
        allowed = origin is not None and origin_allowed(
            origin, request.headers.get("Host"), settings.SALESMIND_ALLOWED_ORIGINS
        )
        preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse(status=204) if preflight else get_response(request)
        if allowed and origin is not None:
            response["Access-Control-Allow-Origin"] = origin
            response["Vary"] = ", ".join(filter(None, [response.get("Vary"), "Origin"]))
            if preflight:
                response["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
                response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept-Language"
                response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response

    return middleware
