"""Every error as JSON: no client request is answered with an HTML page."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException


class Conflict(APIException):
    """A request that conflicts with the current state; 400 because the contract says so."""

    status_code = HTTPStatus.BAD_REQUEST


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404. If only the final slash is missing, GET is redirected and other methods get the path in the error.

    A redirected POST would arrive as a GET, which is worse than being told.
    """
    if not request.path_info.endswith("/") and _is_routed(request.path_info + "/"):
        path = _site_prefix(request) + request.path_info + "/"
        if request.method in {"GET", "HEAD"}:
            query = request.META.get("QUERY_STRING", "")
            return HttpResponseRedirect(
                path + (f"?{query}" if query else ""), status=HTTPStatus.MOVED_PERMANENTLY
            )
        return _detail(_("There is nothing here. Did you mean %(path)s?") % {"path": path}, 404)
    return _detail(_("There is nothing here."), 404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 from Django itself, such as a host name that is not served; 413 for a body beyond its limit."""
    if isinstance(exception, RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return _detail(_("The body of the request is longer than %(limit)d bytes.") % {"limit": limit}, 413)
    return _detail(_("The request cannot be parsed, or names a host that is not served here."), 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 from Django itself."""
    return _detail(_("This is not allowed."), 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; the traceback is in the log (logger ``django.request``)."""
    return _detail(_("The server failed. The cause is in its log."), 500)


def _detail(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"detail": sentence}, status=status, json_dumps_params={"ensure_ascii": False})


def _site_prefix(request: HttpRequest) -> str:
    """The site's prefix behind a proxy (``--root-path``), which some servers leave in the path."""
    return str(request.META.get("SCRIPT_NAME", "")).rstrip("/")


def _is_routed(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
