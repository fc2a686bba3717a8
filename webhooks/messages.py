"""What a subscription is to be told next: read from the sync feed, which is its outbox (ADR 14, 15)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.utils.module_loading import import_string

from doors.changes import Feed, Happening, Position, Synced, newest, one_moment
from doors.entries import Entry, readable, told

# So many events that do not concern a reader are passed over before the place is written down.
PASSED_AT_ONCE = 200
ACTIONS = {"insert": "created", "update": "updated", "delete": "deleted"}


# In the place of a server: its register was restored, and its receiver is to hear of it.
RESTARTING = "restarting"


class Elsewhere(Exception):
    """The place is one of another server's, or of this one before it was restored."""


def feed() -> Feed:
    """The feed of the whole register, which is put together where all rooms are known."""
    return import_string(settings.FEED)


@dataclass(frozen=True)
class Place:
    """Where a subscription stands in the feed: after an event, as one server and one release count them."""

    server: str
    shape: str
    after: Position

    @classmethod
    def now(cls) -> Place:
        server, shape = feed().epoch().split()
        return cls(server, shape, newest())

    @classmethod
    def read(cls, text: str) -> Place:
        server, shape, *numbers = text.split()
        return cls(server, shape, Position(*map(int, numbers)))

    def restarting(self) -> Place:
        return replace(self, server=RESTARTING)

    def __str__(self) -> str:
        return " ".join([self.server, self.shape, *map(str, self.after)])


@dataclass(frozen=True)
class Message:
    """One POST. The name stays the same however often it is sent."""

    name: str
    body: bytes


def message(name: str, kind: str, at: datetime, data: Any) -> Message:
    return Message(name, orjson.dumps({"type": kind, "timestamp": at, "data": data}))


def following(place: Place, user: Any, asked: list[str], now: datetime) -> tuple[Message | None, Place]:
    """The next message for a reader, and where he stands once he has it. None: nothing of the stretch is for him.

    Raises Elsewhere.
    """
    with one_moment():
        here = Place.now()
        if place.server == RESTARTING:
            name = f"{_short(here.server)}-restarted-{_short(str(place))}"
            return message(name, "feed.restarted", now, []), here
        if place.server != here.server:
            raise Elsewhere
        if place.shape != here.shape:
            # Another release counts tables anew: from the start of the last event, which may come once more.
            place = replace(place, shape=here.shape, after=place.after._replace(table=-1))
        return _next(place, readable(feed(), user), asked, user)


def _next(place: Place, known: list[Synced], asked: list[str], user: Any) -> tuple[Message | None, Place]:
    chosen = [resource for resource in known if not asked or resource.route in asked]
    routes = [resource.route for resource in chosen]
    for _number in range(PASSED_AT_ONCE):
        happening = feed().next(place.after, routes) if routes else None
        if happening is None:
            break
        place = replace(place, after=happening.end)
        if entries := told(chosen, happening.touched, user):
            return _of(happening, entries, place.server), place
    return None, place


def _of(happening: Happening, entries: list[Entry], server: str) -> Message:
    """The record itself before those that only show it."""
    acted = [{**entry, "action": _action(happening, entry)} for entry in entries]
    acted.sort(key=lambda entry: (entry["resource"], entry["id"]) != happening.own)
    kind = f"{acted[0]['resource']}.{acted[0]['action']}"
    return message(f"{_short(server)}-{happening.name}", kind, happening.at, acted)


def _action(happening: Happening, entry: Entry) -> str:
    """What happened to a record then; what it shows inside is a part of it."""
    return ACTIONS[happening.label] if (entry["resource"], entry["id"]) == happening.own else "updated"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
