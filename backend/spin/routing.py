"""The WebSocket routes (salesmind-api, section 3)."""

from __future__ import annotations

from django.urls import path, re_path

from backend.spin.consumers import RealtimeConsumer, UnknownPath

websocket_urlpatterns = [
    path("ws/realtime/", RealtimeConsumer.as_asgi()),
    re_path(r"", UnknownPath.as_asgi()),
]
