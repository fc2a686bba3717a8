"""What every request passes: its id, its content security policy, the log-in and the history context."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequired
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.middleware.http import ConditionalGetMiddleware as DjangoConditionalGet
from django.utils.functional import SimpleLazyObject
from pghistory.middleware import HistoryMiddleware as PghistoryMiddleware

from config import failures
from config.logs import request_id
from partners.asof import as_of
from partners.filters import RecordedDayField

Handler = Callable[[HttpRequest], HttpResponse]
requests = logging.getLogger("pacta.requests")

STRICT = (
    "default-src 'none'; object-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# django-unfold evaluates Alpine expressions and writes inline styles (ADR 0003); nothing else is relaxed.
ADMIN = STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-eval' 'unsafe-inline'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)


class RequestIdMiddleware:
    """Gives each request an id, which stands in the answer, in the log lines and in the history.

    One line a request says who asked for what, from where, and what came of it; never what was in the question.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Set anew by the next request of this thread, and not taken back: Django logs refusals, and a stream is read,
        # after this middleware has returned.
        request_id.set(uuid.uuid4().hex)
        began = time.monotonic()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id.get()
        requests.info("%s %s: %s", request.method, request.path, response.status_code, extra={"fields": {
            "status": response.status_code,
            "milliseconds": round((time.monotonic() - began) * 1000),
            "user": _known_user(request),
            "address": request.META.get("REMOTE_ADDR", ""),
        }})  # fmt: skip
        return response


def _known_user(request: HttpRequest) -> Any:
    """The user's number where somebody has looked who it is: nothing is asked of the database for a log line."""
    user = getattr(request, "_cached_user", None) or request.__dict__.get("user")
    return None if type(user) is SimpleLazyObject else getattr(user, "pk", None)


class ContentSecurityPolicyMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        relaxed = request.path.startswith("/admin/")
        response.setdefault("Content-Security-Policy", ADMIN if relaxed else STRICT)
        return response


class TransportMiddleware:
    """No TRACE, and no API in clear: a redirect would hide from a program that its token went over the wire."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "TRACE":
            return HttpResponseNotAllowed(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        if settings.SECURE_SSL_REDIRECT and request.path.startswith("/api/v1/") and not request.is_secure():
            return failures.in_clear(request)
        return self.get_response(request)


class NulMiddleware:
    """PostgreSQL keeps no NUL character, so nothing that is kept has one in its address."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path:
            raise Http404
        return self.get_response(request)


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


class ConditionalGetMiddleware(DjangoConditionalGet):
    """The API's answers have an ETag, by their content where the view has set none, and are 304 to who has them."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not request.path.startswith("/api/v1/"):
            return response
        # Their reader may keep them, and asks each time whether they still hold.
        response.setdefault("Cache-Control", "private, no-cache")
        return super().process_response(request, response)

    def needs_etag(self, response: HttpResponseBase) -> bool:
        """Also what no cache may keep (`no-store`): a program compares the ETag with the one that it wrote down."""
        return response.status_code == 200


class AsOfMiddleware:
    """`?as_of=2026-03-31`: the whole answer is made of what was recorded by the end of that day.

    A bad day is left to the view, whose filters name it. Only reading looks back; the admin shows what there is.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.as_of, request.as_of_faults = _recorded_day(request)
        if request.as_of is None:
            return self.get_response(request)
        with as_of(request.as_of):
            response: Any = self.get_response(request)
        if response.streaming:
            response.streaming_content = _streamed(response.streaming_content, request.as_of)
        elif response.get("Content-Type", "").startswith("text/html"):
            response.content = _staying(response.content, request.as_of)
        return response


def _recorded_day(request: HttpRequest) -> tuple[date | None, list[str]]:
    if request.method not in {"GET", "HEAD"} or request.path.startswith("/admin/"):
        return None, []
    try:
        return RecordedDayField(required=False).clean(request.GET.get("as_of")), []
    except ValidationError as error:
        return None, [f"as_of: {message}" for message in error.messages]


def _streamed(parts: Iterable[Any], day: date) -> Iterator[Any]:
    """A stream is read after the view has returned."""
    with as_of(day):
        yield from parts


_LINK = re.compile(rb'(<a\b[^>]*?\shref=")([/?][^"#]*)')
_FORM = re.compile(rb'<form\b(?![^>]*method="post")[^>]*>(?!(?:(?!</form>).)*name="as_of")', re.DOTALL)
_OF_TODAY = (b"/admin/", b"/static/", b"/accounts/")


def _staying(page: bytes, day: date) -> bytes:
    """The page with the day in its links and forms, so that nobody falls back to today without noticing.

    Links that are to leave say `data-now` before their address.
    """
    asked = f"as_of={day}".encode()

    def link(found: re.Match[bytes]) -> bytes:
        start, address = found.groups()
        if b"data-now" in start or address.startswith(_OF_TODAY) or b"as_of=" in address:
            return found[0]
        return start + address + (b"&amp;" if b"?" in address else b"?") + asked

    kept = _LINK.sub(link, page)
    return _FORM.sub(lambda found: found[0] + b'<input type="hidden" name="as_of" value="%s">' % asked[6:], kept)
