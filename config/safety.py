"""What production refuses to start with."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

logger = logging.getLogger(__name__)

SHORTEST_KEY, FEWEST_LETTERS = 50, 10
LOOPBACK = {"localhost", ".localhost", "127.0.0.1", "[::1]", "testserver"}
DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_apply", "remote_write", "local"},
}


def refuse_weak_key(key: str) -> None:
    """Raises ImproperlyConfigured for a key that is short, monotonous, or known from an example."""
    known = key.startswith("django-insecure-") or "development-only" in key or "change-me" in key.lower()
    if known or len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_LETTERS:
        raise ImproperlyConfigured(
            f"SECRET_KEY must be random and have {SHORTEST_KEY} characters or more. Make one with:"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"
        )


def refuse_public_debug(hosts: Iterable[str]) -> None:
    """Raises ImproperlyConfigured when DEBUG would show settings and code to others than this machine's user."""
    if public := sorted(set(hosts) - LOOPBACK):
        raise ImproperlyConfigured(f"DEBUG is for one's own machine, but ALLOWED_HOSTS has {', '.join(public)}.")


def refuse_half_single_sign_on(*needed: str) -> None:
    """Raises ImproperlyConfigured when a part of the single sign-on's settings is missing."""
    if not all(needed):
        raise ImproperlyConfigured(
            "OIDC_ISSUER needs OIDC_AUTHORIZATION_ENDPOINT, OIDC_TOKEN_ENDPOINT, OIDC_JWKS_ENDPOINT and OIDC_CLIENT_ID."
        )


def refuse_forgetful_database() -> None:
    """Raises ImproperlyConfigured when the server may forget what it has acknowledged.

    A server that is away now is looked at when the next process starts: the site waits for it.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DURABLE)])
            faults = forgetful(dict(cursor.fetchall()))
    except OperationalError as error:
        logger.warning("Whether the database keeps what it acknowledges was not looked at: %s", error)
        return
    finally:
        connection.close()
        # A server process that is forked must not share its connections.
        connection.close_pool()  # type: ignore[attr-defined]
    if faults:
        raise ImproperlyConfigured(f"The database would lose data in a crash: set {', '.join(faults)} to on.")


def forgetful(settings: Mapping[str, str]) -> list[str]:
    """Those of a server's settings that lose what was acknowledged."""
    return [name for name, safe in DURABLE.items() if settings.get(name) not in safe]
