"""The HTTP routes (salesmind-api, section 2)."""

from __future__ import annotations

from django.urls import path

from backend.spin import views
from backend.spin.box import views as box

handler400 = "backend.spin.errors.bad_request"
handler403 = "backend.spin.errors.forbidden"
handler404 = "backend.spin.errors.not_found"
handler500 = "backend.spin.errors.server_error"

urlpatterns = [
    path("api/health/", views.Health.as_view()),
    path("api/auth/login/", views.Login.as_view()),
    path("api/session/start/", views.SessionStart.as_view()),
    path("api/session/list/", views.SessionList.as_view()),
    path("api/session/finish/", views.SessionFinish.as_view()),
    path("api/session/<uuid:session_id>/", views.SessionDetail.as_view()),
    path("api/report/<int:report_id>/", views.ReportDetail.as_view()),
    path("api/box/visitors/", box.Visitors.as_view()),
    path("api/box/visitors/<uuid:visit_id>/", box.Visitor.as_view()),
    path("api/box/message/", box.Message.as_view()),
]
