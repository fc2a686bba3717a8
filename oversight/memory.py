"""What was worked out of the whole register and holds until somebody changes it.

The register's state is the last event of each history: every change of every register table writes one. What is kept
here is kept under that state, so it can never be older than the lists it is shown with. Nothing is kept that was
worked out while another transaction was writing: its events are numbered, but not yet to be seen.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cache
from threading import Lock
from typing import Any, TypeVar

import pghistory.models
from django.apps import apps
from django.db import connection
from django.utils.translation import get_language

from partners.dates import is_past, today

T = TypeVar("T")
MOST = 64
_kept: OrderedDict[Hashable, Any] = OrderedDict()
_lock = Lock()


def remembered(work: Callable[..., T], *asked: Hashable) -> T:
    """`work(*asked)`, or what it gave for the same while the register has not changed. For reading only."""
    is_quiet, state = _state()
    what = f"{work.__module__}.{work.__qualname__}"
    server = (connection.alias, connection.settings_dict["NAME"], state)
    key = (server, is_past() and today(), get_language(), what, asked)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            found: T = _kept[key]
            return found
    found = work(*asked)
    if is_quiet:
        with _lock:
            _kept[key] = found
            while len(_kept) > MOST:
                _kept.popitem(last=False)
    return found


def _state() -> tuple[bool, tuple[Any, ...]]:
    """Whether nobody is writing, and the number of the last event of each history that can be seen.

    A writer who took a number and is not done may be followed by one who took the next and is: then the last number
    would not change when the first is done. So nobody may be in the middle of a transaction that writes (each holds a
    lock on its own id), and none may have ended between that look and the one at the numbers. A replica does not show
    who is writing, so nothing that it worked out is kept.
    """
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        is_alone, before = cursor.fetchone()
        cursor.execute(_question())
        now, *last = cursor.fetchone()
    return is_alone and now == before, tuple(last)


WRITERS = """
    SELECT NOT pg_is_in_recovery() AND NOT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND pid <> pg_backend_pid()
    ), pg_current_snapshot()::text
"""

# After a restore the numbers of events are given anew.
EPOCH = """
    (SELECT c.timeline_id || ':' || d.oid FROM pg_control_checkpoint() c, pg_database d
     WHERE d.datname = current_database())
"""


@cache
def _question() -> str:
    events: list[Any] = [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]
    last = ", ".join(f"(SELECT max(pgh_id) FROM {event._meta.db_table})" for event in events)  # noqa: S608  our own
    return f"SELECT pg_current_snapshot()::text, {EPOCH}, {last}"
