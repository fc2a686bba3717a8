"""What every request passes: its id, its content security policy, the log-in and the history context."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequired
from django.http import HttpRequest, HttpResponse
from pghistory.middleware import HistoryMiddleware as PghistoryMiddleware

from config.logs import request_id

Handler = Callable[[HttpRequest], HttpResponse]

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# django-unfold evaluates Alpine expressions and writes inline styles (ADR 0003); nothing else is relaxed.
ADMIN = STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-eval' 'unsafe-inline'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)


class RequestIdMiddleware:
    """Gives each request an id, which stands in the answer, in the log lines and in the history."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(uuid.uuid4().hex)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class ContentSecurityPolicyMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        relaxed = request.path.startswith(("/admin/", "/api/docs/"))
        response.setdefault("Content-Security-Policy", ADMIN if relaxed else STRICT)
        return response


class LoginRequiredMiddleware(DjangoLoginRequired):
    """Pages need a log-in; the API answers for itself (401 instead of a redirect)."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        if request.path.startswith("/api/"):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)


class HistoryMiddleware(PghistoryMiddleware):
    """Tells the history who changed what, through which door, in which request."""

    def get_context(self, request: HttpRequest) -> dict[str, Any]:
        door = "admin" if request.path.startswith("/admin/") else "api" if request.path.startswith("/api/") else "page"
        return {**super().get_context(request), "door": door, "request": request_id.get()}
