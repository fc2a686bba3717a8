"""What is answered when nothing can be: a page in the house's look, problem details for programs.

They are Django's error handlers, so they speak for views and middleware alike.
"""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from config.logs import request_id
from doors.problems import RETRY_AFTER, UNAVAILABLE, is_full

TOLD = {
    400: (_("The request was not understood"), _("Go back, and try it again from the page before.")),
    403: (_("This is not open to you"), _("Your role does not allow it. If it should, ask an administrator.")),
    404: (
        _("There is no such page"),
        _("The address may be misspelt. The search finds records by their names."),
    ),
    500: (
        _("Something went wrong here"),
        _("It is our fault, and nothing of what you sent was stored. It has been written down."),
    ),
    503: (
        _("The register cannot answer now"),
        _("It is busy or its database is being restarted. Nothing is lost: try again in a moment."),
    ),
}
FORGED = _(
    "The form was open too long, or you have logged in again since. Go back, load the page anew and send it once more;"
    " your browser must accept cookies."
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF: the form came from elsewhere, or from a session that is over."""
    return _answer(request, 403, FORGED)


def in_clear(request: HttpRequest) -> HttpResponse:
    """A program asked by plain HTTP."""
    return _answer(request, 403, _("Ask by HTTPS. A token that was sent in clear should be revoked."))


def failed(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After when the database is away, overloaded or too slow, or the disk is full, else 500.

    Django calls it while it handles the exception.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, UNAVAILABLE) and not is_full(error):
        return _answer(request, 500)
    response = _answer(request, 503)
    response["Retry-After"] = RETRY_AFTER
    return response


def _answer(request: HttpRequest, status: int, why: Any = "") -> HttpResponse:
    title, usual = TOLD[status]
    if request.path.startswith("/api/"):
        phrase = HTTPStatus(status).phrase
        problem = {"type": "about:blank", "title": phrase, "status": status, "detail": str(why or title)}
        return HttpResponse(json.dumps(problem), status=status, content_type="application/problem+json")
    context = {"heading": title, "why": why or usual, "status": status, "request_id": request_id.get()}
    # Who is logged in stands in the database: where that may be away, the page does without.
    known = request if status < 500 else None
    return HttpResponse(render_to_string("failure.html", context, known), status=status)
