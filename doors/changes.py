# ruff: noqa: S608  all of this SQL is made of names of our own models
"""What changed in the register, in the order in which it was committed, read from the histories.

An event keeps the number of its transaction, and becomes visible when that commits: numbers and times are given before.
So a reader takes only what is below the oldest transaction that still writes (`HORIZON`), ordered by transaction: there
nothing can appear any more that stands before what he has read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection, transaction

from doors.shapes import Shape, prepared_cursor

Ids = Collection[int]
# When each record was last changed, by id; the same by resource.
Times = dict[int, datetime]
Touched = dict[str, Times]

# The oldest transaction that may still commit something here. One that writes in another database of the same server
# is seen too, and does not count; where its owner hides it from us it does, which delays and loses nothing.
HORIZON = """
    SELECT LEAST(COALESCE(min(running::text::bigint), pg_snapshot_xmax(pg_current_snapshot())::text::bigint),
                 pg_current_xact_id_if_assigned()::text::bigint)
    FROM pg_snapshot_xip(pg_current_snapshot()) running
    WHERE NOT EXISTS (
        SELECT FROM pg_stat_activity elsewhere JOIN pg_database here ON here.datname = current_database()
        WHERE elsewhere.backend_xid = running::xid AND elsewhere.datid <> here.oid
    )
"""
# All that can be seen, also above a transaction that still writes. A restored copy brings larger numbers along.
SEEN = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
# A restored copy, a rewound server and a promoted standby count their transactions anew: each changes one of these.
EPOCH = """
    SELECT concat_ws(':', s.system_identifier, c.timeline_id, d.oid, to_regclass(%s)::oid)
    FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
"""


class Position(NamedTuple):
    """After this event: the transaction, the event's number in its table, the table's place in the feed."""

    transaction: int
    event: int
    table: int


@dataclass(frozen=True)
class Nested:
    """Rows that a record shows inside itself: parts (id and version) or links (the other record's id)."""

    name: str
    model: Any
    owner: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Synced:
    """A resource in the feed: the tables of its records, what they show inside, and of what they only show a count."""

    route: str
    model: Any
    shape: Shape
    tables: tuple[Any, ...]
    nested: tuple[Nested, ...] = ()
    counted: tuple[tuple[Any, str], ...] = ()

    def visible_to(self, user: Any) -> Any:
        rows = self.model._default_manager.all()
        return rows.visible_to(user) if hasattr(rows, "visible_to") else rows

    def seen(self, ids: Ids, user: Any) -> list[int]:
        """Of these ids those that the user may see; where everybody sees all, also of rows that are gone."""
        if not hasattr(self.model._default_manager, "visible_to"):
            return sorted(ids)
        return list(self.visible_to(user).filter(pk__in=list(ids)).order_by("pk").values_list("pk", flat=True))


@dataclass(frozen=True)
class Reach:
    """Records (`rows` of the ids) that come into sight or leave it when a record of another resource changes."""

    source: str
    target: str
    rows: Callable[[Ids], Any]


@dataclass(frozen=True)
class _Owner:
    """The records that show a row of another table, or the number of such rows, by the column that names them."""

    route: str
    column: str
    is_count: bool = False


@dataclass
class _Table:
    """One table of events: whose records its rows are, and the owners that show them."""

    events: str
    key: str
    own: str = ""
    owners: tuple[_Owner, ...] = ()

    def select(self, place: int, most: int) -> str:
        """Its next events: where they stand, label, time, then the ids: of the row, of each owner.

        The limit stands in each table's own part, so that whatever the planner believes it reads no more.
        """
        ids = ", ".join(["e.id", *[f"e.{owner.column}" for owner in self.owners]])
        return f"""
            (SELECT e.pgh_transaction AS transaction, e.pgh_id AS event, {place} AS place, e.pgh_label AS label,
                    e.pgh_created_at AS at, ARRAY[{ids}]::bigint[] AS ids
             FROM {self.events} e
             WHERE (e.pgh_transaction, e.pgh_id)
                   > (%(transaction)s::bigint, %(event)s::bigint - ({place} > %(table)s::int)::int)
                   AND e.pgh_transaction < %(until)s::bigint
             ORDER BY e.pgh_transaction, e.pgh_id LIMIT {most:d})
        """

    def records(self, label: str, ids: list[int]) -> Iterator[tuple[str, int]]:
        """The records that an event touches by what stands in its row. A count changes as rows come and go."""
        if self.own:
            yield self.own, ids[0]
        for owner, record in zip(self.owners, ids[1:], strict=True):
            if label != "update" or not owner.is_count:
                yield owner.route, record

    def moved(self, rows: Ids) -> Iterator[tuple[str, int, int]]:
        """The owners of rows that had several in their time: resource, owner, row."""
        for owner in self.owners:
            with prepared_cursor() as cursor:
                cursor.execute(
                    f"SELECT {self.key}, array_agg({owner.column}) FROM {self.events}"
                    f" WHERE {self.key} = ANY(%s::bigint[]) GROUP BY 1"
                    f" HAVING min({owner.column}) <> max({owner.column})",
                    [list(rows)],
                )
                for row, owners in cursor.fetchall():
                    yield from ((owner.route, record, row) for record in set(owners))


@dataclass(frozen=True)
class Changes:
    """One stretch of the feed: the records touched, where it ends, and whether there was no room for the next event."""

    touched: Touched
    end: Position
    is_cut: bool


@dataclass(frozen=True)
class Happening:
    """One event by itself: its name, unlike all others of this register; `insert`, `update` or `delete` of a row, and
    the resource and id of the record that this row is (no resource, if it only stands in others); whom it touched."""

    name: str
    label: str
    at: datetime
    own: tuple[str, int]
    touched: Touched
    end: Position


@dataclass(frozen=True)
class Feed:
    """All resources in the order of the API's table."""

    resources: tuple[Synced, ...]
    reaches: tuple[Reach, ...]

    def after(self, position: Position, routes: Iterable[str], size: int) -> Changes:
        """The changes of the next `size` events that touch any of the resources."""
        chosen = set(routes)
        events = self._events(position, chosen, _number(HORIZON), size + 1)
        touched = self._touched(events[:size])
        end = Position(*events[:size][-1][:3]) if events else position
        return Changes({route: touched[route] for route in touched if route in chosen}, end, len(events) > size)

    def next(self, position: Position, routes: Iterable[str]) -> Happening | None:
        """The next event that touches any of the resources. None: there is none yet."""
        chosen = set(routes)
        for event in self._events(position, chosen, _number(HORIZON), 1):
            *stands, label, at, ids = event
            end, touched = Position(*stands), self._touched([event])
            table = self._tables[end.table]
            wanted = {route: touched[route] for route in touched if route in chosen}
            return Happening(f"{table.events}-{end.event}", label, at, (table.own, ids[0]), wanted, end)
        return None

    def has_more(self, position: Position, routes: Iterable[str]) -> bool:
        """Whether anything was committed after the position, also what the feed still holds back."""
        return bool(self._events(position, set(routes), _number(SEEN), 1))

    def epoch(self) -> str:
        """What changes when the order of transactions begins anew."""
        with connection.cursor() as cursor:
            cursor.execute(EPOCH, [self._tables[0].events])
            return f"{cursor.fetchone()[0]} {self._shape}"

    def _touched(self, events: list[Any]) -> Touched:
        """The records of the events, the former owners of what has moved, then what these reach."""
        touched: Touched = {}
        updated: dict[int, Times] = {}
        for *_position, place, label, at, ids in events:
            for route, record in self._tables[place].records(label, ids):
                _touch(touched, route, record, at)
            if label == "update":
                updated.setdefault(place, {})[ids[0]] = at
        for place, rows in updated.items():
            for route, record, row in self._tables[place].moved(rows):
                _touch(touched, route, record, rows[row])
        self._reach(touched)
        return touched

    def _reach(self, touched: Touched) -> None:
        for reach in self.reaches:
            if changed := touched.get(reach.source):
                for record, cause in reach.rows(changed):
                    _touch(touched, reach.target, record, changed[cause])

    def _events(self, position: Position, chosen: set[str], until: int, most: int) -> list[Any]:
        union = " UNION ALL ".join(self._tables[place].select(place, most) for place in self._places(chosen))
        asked = position._asdict() | {"until": until}
        with prepared_cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({union}) events ORDER BY transaction, event, place LIMIT {most:d}", asked)
            return list(cursor.fetchall())

    def _places(self, chosen: set[str]) -> list[int]:
        """The tables whose events touch any of the resources, by themselves or by their reach."""
        wanted = set(chosen)
        for reach in reversed(self.reaches):
            wanted |= {reach.source} if reach.target in wanted else set()
        return [
            place
            for place, table in enumerate(self._tables)
            if wanted & {table.own, *(owner.route for owner in table.owners)}
        ]

    @cached_property
    def _tables(self) -> list[_Table]:
        found: dict[Any, _Table] = {}
        for resource in self.resources:
            for model in resource.tables:
                _table(found, model).own = resource.route
            for nested in resource.nested:
                _table(found, nested.model).owners += (_Owner(resource.route, nested.owner),)
            for model, owner in resource.counted:
                _table(found, model).owners += (_Owner(resource.route, owner, is_count=True),)
        return list(found.values())

    @cached_property
    def _shape(self) -> str:
        """A release that shows more inside a record, or other records, has its clients begin anew."""
        return hashlib.sha256(repr(self._tables).encode()).hexdigest()[:8]


def newest() -> Position:
    """Where a reader begins who has read all rows: before everything that a transaction may still commit."""
    return Position(_number(HORIZON), 0, 0)


@contextmanager
def one_moment() -> Iterator[None]:
    """All questions of the block see the same state of the register. Inside a transaction, that one's."""
    is_inside = connection.in_atomic_block
    with transaction.atomic():
        if not is_inside:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _number(question: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return int(cursor.fetchone()[0])


def _touch(touched: Touched, route: str, record: int, at: datetime) -> None:
    times = touched.setdefault(route, {})
    times[record] = max(at, times.get(record, at))


def _table(found: dict[Any, _Table], model: Any) -> _Table:
    if model not in found:
        events = model.pgh_event_model
        key = "pgh_obj_id" if any(field.name == "pgh_obj" for field in events._meta.fields) else "id"
        found[model] = _Table(events._meta.db_table, key)
    return found[model]
