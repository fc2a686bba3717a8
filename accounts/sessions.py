"""How long a log-in holds: 3 hours without a request, 12 hours in all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.addresses import of_request

audit = logging.getLogger("pacta.audit")

IDLE, WHOLE = timedelta(hours=3), timedelta(hours=12)
# Noted no more often, so that reading pages writes nothing.
NOTED_EVERY = timedelta(minutes=1)


def begin(request: HttpRequest, user: Any, **_: Any) -> None:
    """Each log-in begins the count anew, whichever door it came through."""
    request.session["began_at"] = request.session["seen_at"] = _now()
    way = getattr(user, "backend", "").rpartition(".")[2]
    audit.info("log-in of user %s (%s) from %s by %s", user.pk, user.username, of_request(request), way)


def end(request: HttpRequest, user: Any, **_: Any) -> None:
    if user is not None:
        audit.info("log-out of user %s (%s) from %s", user.pk, user.username, of_request(request))


def connect() -> None:
    user_logged_in.connect(begin, dispatch_uid="accounts.sessions.begin")
    user_logged_out.connect(end, dispatch_uid="accounts.sessions.end")


class SessionLimitsMiddleware:
    """Ends a session that is too old, before anybody asks whose it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session, now = request.session, _now()
        if SESSION_KEY in session:
            if is_over(session.get("began_at", 0), session.get("seen_at", 0), now):
                session.flush()
            elif now - session["seen_at"] >= NOTED_EVERY.total_seconds():
                session["seen_at"] = now
        return self.get_response(request)


def is_over(began_at: float, seen_at: float, now: float) -> bool:
    """All in seconds since 1970."""
    return now - seen_at > IDLE.total_seconds() or now - began_at > WHOLE.total_seconds()


def _now() -> int:
    return int(timezone.now().timestamp())
