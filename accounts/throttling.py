"""How many requests a token, a user or an address may make, counted over all processes (ADR 13).

Each process counts for itself and settles with the others in PostgreSQL after every hundredth part of a quota: a quota
is overdrawn by at most that much for each process, and most requests cost no query. Quotas under 200 are kept exactly.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_network
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import Throttled

from accounts.addresses import of_request

Settle = Callable[[str, int, int], int | None]
logger = logging.getLogger(__name__)

# So many keys are remembered by a process before those of past windows are forgotten.
MOST_KEYS = 10_000


@dataclass
class Count:
    """What one process knows of a key in one window: of all processes at the last settlement, and of itself since."""

    ends_at: int
    known: int = 0
    since: int = 0
    is_settled: bool = False


@dataclass
class Counter:
    """The counts of one process. `settle(key, ends_at, number)` adds to the common count; it gives that, or None."""

    settle: Settle
    counts: dict[str, Count] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, key: str, quota: int, ends_at: int, *, may_settle: bool = True) -> int:
        """What is left of the quota after this request; -1 when nothing was left for it."""
        with self.lock:
            count = self._count(key, ends_at)
            if count.known + count.since >= quota:
                return -1
            count.since += 1
            is_due = may_settle and (not count.is_settled or count.since >= quota // 100)
            number = self._put_aside(count) if is_due else 0
            used = count.known + count.since
        common = self.settle(key, ends_at, number) if number else None
        if common is not None:
            # This request is the last of those settled: later ones of other threads do not take its place.
            used = common
            with self.lock:
                count.known = max(count.known, common)
        return max(quota - used, -1)

    def _count(self, key: str, ends_at: int) -> Count:
        count = self.counts.get(key)
        if count is None or count.ends_at != ends_at:
            if len(self.counts) >= MOST_KEYS:
                self.counts.clear()
            count = self.counts[key] = Count(ends_at)
        return count

    @staticmethod
    def _put_aside(count: Count) -> int:
        """Until PostgreSQL has answered, other threads see what is on its way as used."""
        number, count.since, count.is_settled = count.since, 0, True
        count.known += number
        return number


def settle(key: str, ends_at: int, number: int) -> int | None:
    """The requests of all processes in this window, with `number` more. None when the database cannot write."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO accounts_usage AS kept (key, ends_at, used) VALUES (%s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET ends_at = greatest(kept.ends_at, excluded.ends_at), used = "
                "CASE WHEN kept.ends_at < excluded.ends_at THEN 0 ELSE kept.used END + excluded.used RETURNING used",
                [key, ends_at, number],
            )
            used = int(cursor.fetchone()[0])
            if used == number:
                _forget_past_windows(cursor)
            return used
    except DatabaseError as error:
        logger.warning("Requests are counted in this process alone: %s", type(error).__name__)
        return None


def _forget_past_windows(cursor: Any) -> None:
    """A few at each key that begins a window, so that addresses do not pile up."""
    cursor.execute(
        "DELETE FROM accounts_usage WHERE key IN"
        " (SELECT key FROM accounts_usage WHERE ends_at < %s LIMIT 100 FOR UPDATE SKIP LOCKED)",
        [int(time.time()) - 60],
    )


_counter = Counter(settle)


def charge(request: HttpRequest, limit: str, who: Any) -> None:
    """Counts one request on the limit of settings.RATE_LIMITS. Raises Throttled when nothing is left.

    What looks at a past day is inside a transaction that writes nothing: it is counted here and settled later.
    """
    rate: tuple[int, int] | None = settings.RATE_LIMITS[limit]
    if rate is None:
        return
    quota, seconds = rate
    now = time.time()
    ends_at = (int(now) // seconds + 1) * seconds
    looks_back = getattr(request, "as_of", None) is not None
    left = _counter.use(f"{limit}:{who}", quota, ends_at, may_settle=not looks_back)
    resets_in = max(1, round(ends_at - now))
    request.rate_limit = {  # type: ignore[attr-defined]
        "RateLimit-Policy": f'"{limit}";q={quota};w={seconds}',
        "RateLimit": f'"{limit}";r={max(left, 0)};t={resets_in}',
    }
    if left < 0:
        raise Throttled(wait=resets_in)


def charge_address(request: HttpRequest) -> None:
    """Counts a request of nobody known. Who has one IPv6 address has 2^64: they count as one."""
    found = of_request(request)
    if isinstance(found, IPv6Address):
        charge(request, "anonymous", ip_network((found, 64), strict=False))
    else:
        charge(request, "anonymous", found)


class RateLimitMiddleware:
    """Says in each answer how much is left: draft-ietf-httpapi-ratelimit-headers-10, RateLimit and RateLimit-Policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in getattr(request, "rate_limit", {}).items():
            response[name] = value
        return response
