"""Long answers from a streaming replica, where it has all that the primary had when the question came (ADR 25).

So nobody misses what he or anybody else had stored before he asked. A replica that is behind, away or promoted is not
read: the primary answers. Without DATABASE_REPLICA_URL nothing here does anything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections
from psycopg.errors import QueryCanceled

logger = logging.getLogger(__name__)

REPLICA = "replica"
PATIENCE = 0.1  # seconds for a replica that is a little behind
AVOIDED = 30.0  # seconds after a failure
# What has been acknowledged is flushed; the number of the cluster keeps a wrong address from being read.
PRIMARY = "SELECT pg_current_wal_flush_lsn()::text, system_identifier FROM pg_control_system()"
IS_LEVEL = """
    SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn AND system_identifier = %s
    FROM pg_control_system()
"""


class _Avoiding:
    until = 0.0


def from_replica(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The answer of `handler`, made by the replica where that is level; what it streams too.

    For handlers that only read, and can be asked a second time, by the primary, where the replica fails.
    """

    @wraps(handler)
    def reading(*args: Any, **kwargs: Any) -> Any:
        if not _is_level():
            return handler(*args, **kwargs)
        try:
            with _on_replica():
                response = handler(*args, **kwargs)
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                raise  # it would take as long again
            _avoid(error)
            return handler(*args, **kwargs)
        if getattr(response, "streaming", False):
            response.streaming_content = _streamed(response.streaming_content)
        return response

    return reading


def _is_level() -> bool:
    """Whether the replica shows all that is committed now. Inside a transaction the primary's state is the answer."""
    if REPLICA not in settings.DATABASES or connection.in_atomic_block or time.monotonic() < _Avoiding.until:
        return False
    with connection.cursor() as cursor:
        cursor.execute(PRIMARY)
        there = cursor.fetchone()
    try:
        return _has_replayed(there)
    except OperationalError as error:
        _avoid(error)
        return False


def behind() -> int | None:
    """The bytes of log that the replica has not replayed yet; None without one, or when it does not answer."""
    if REPLICA not in settings.DATABASES:
        return None
    with connection.cursor() as cursor:
        cursor.execute(PRIMARY)
        there = cursor.fetchone()[0]
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute("SELECT greatest(pg_wal_lsn_diff(%s, pg_last_wal_replay_lsn()), 0)", [there])
            found: int | None = cursor.fetchone()[0]
            return found
    except OperationalError:
        return None


def _has_replayed(there: Any) -> bool:
    until = time.monotonic() + PATIENCE
    with connections[REPLICA].cursor() as cursor:
        while True:
            cursor.execute(IS_LEVEL, there)
            if cursor.fetchone()[0]:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)


def _avoid(error: OperationalError) -> None:
    _Avoiding.until = time.monotonic() + AVOIDED
    connections[REPLICA].close()
    logger.warning("The replica is not asked for %d s: %s", AVOIDED, error)


@contextmanager
def _on_replica() -> Iterator[None]:
    """This thread's `connection` and every QuerySet are the replica's: two servers could contradict each other.

    Django's routers choose for QuerySets alone, and half of the long answers are statements of our own.
    """
    primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[REPLICA]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary


def _streamed(parts: Any) -> Iterator[Any]:
    """A stream is read after the handler has returned. Where it fails it is cut, and the next goes to the primary."""
    with _on_replica():
        try:
            yield from parts
        except OperationalError as error:
            _avoid(error)
            raise
