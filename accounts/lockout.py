"""Guessing passwords: five wrong ones for a name from an address, then a quarter of an hour of nothing (ADR 24)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_network
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.addresses import of_request


def client_network(request: HttpRequest) -> str | None:
    """Whose tries count together: an IPv4 address, or the 2^64 IPv6 addresses that one subscriber has."""
    found = of_request(request)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False).network_address)
    return str(found) if found else None


def is_without_password(request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
    """Whether somebody comes in by other means than a name and a password."""
    return not (credentials or {}).get("username")


@contextmanager
def one_at_a_time(request: HttpRequest, name: str) -> Iterator[None]:
    """Tries for a name from an address wait for one another: in parallel, more than five would be let through."""
    with transaction.atomic(), connection.cursor() as cursor:
        key = f"log-in {client_network(request)} {name}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        yield


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """The same for a name that exists and one that does not."""
    response = render(request, "registration/locked_out.html", status=429)
    response["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return response
