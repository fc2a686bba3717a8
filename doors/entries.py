"""What a reader is told of records that changed: each as it is now, and what is gone or out of his sight as such."""

from __future__ import annotations

from typing import Any

import orjson

from doors.changes import Feed, Synced, Times, Touched
from doors.permissions import may

Entry = dict[str, Any]


def readable(feed: Feed, user: Any) -> list[Synced]:
    """The resources that the user's roles may read."""
    return [resource for resource in feed.resources if may(user, "view", resource.model)]


def told(chosen: list[Synced], touched: Touched, user: Any) -> list[Entry]:
    """The entries of the records touched, as far as the user may know of them."""
    return [
        entry
        for resource in chosen
        if (times := touched.get(resource.route))
        for entry in _changed(resource, times, user)
    ]


def entries(resource: Synced, times: Times) -> list[Entry]:
    """The records as they are now."""
    return [
        {
            "resource": resource.route,
            "id": pk,
            "version": version,
            "deleted": False,
            "changed_at": times[pk],
            "record": orjson.Fragment(body),
        }
        for pk, version, body in resource.shape.bodies(times)
    ]


def _changed(resource: Synced, times: Times, user: Any) -> list[Entry]:
    found = entries(resource, {pk: times[pk] for pk in resource.seen(times, user)})
    there = {entry["id"] for entry in found}
    return found + _tombstones(resource, {pk: at for pk, at in times.items() if pk not in there}, user)


def _tombstones(resource: Synced, times: Times, user: Any) -> list[Entry]:
    """What is gone or has gone out of sight. Of what was never in sight nothing is said."""
    rows = resource.model._default_manager
    if times and hasattr(rows, "never_shown_to"):
        unseen = rows.never_shown_to(user).filter(pk__in=list(times))
        times = {pk: at for pk, at in times.items() if pk not in set(unseen.values_list("pk", flat=True))}
    gone = {"resource": resource.route, "version": None, "deleted": True, "record": None}
    return [{**gone, "id": pk, "changed_at": at} for pk, at in times.items()]
