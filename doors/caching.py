"""What others may keep of an answer: nobody shares it, and what is not for every reader is not kept at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from doors.permissions import EVERYBODY, MODELS

Handler = Callable[[HttpRequest], HttpResponse]


class PrivateAnswersMiddleware:
    """`Cache-Control` of pages and of the API's answers, where the view says none."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            is_api = request.path.startswith("/api/")
            kept = is_api and response.status_code in {200, 304} and not is_personal(request)
            # `no-cache` keeps a copy and asks each time whether it still holds, by its ETag.
            response["Cache-Control"] = "private, no-cache" if kept else "private, no-store"
        return response


def is_personal(request: HttpRequest) -> bool:
    """Whether readers differ in the rows that they see: drafts of others are hidden, contacts are for staff.

    A view that names no rows is personal: nobody has said that it is not.
    """
    rows: Any = getattr(_view(request), "queryset", None)
    if rows is None:
        return True
    rights = MODELS.get(rows.model._meta.label_lower)
    return rights is None or rights.view != EVERYBODY or hasattr(rows, "visible_to")


def _view(request: HttpRequest) -> Any:
    found = request.resolver_match
    return getattr(found.func, "cls", None) if found else None
