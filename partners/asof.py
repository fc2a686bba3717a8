# ruff: noqa: S608  all of this SQL is made of names of our own models
"""The register as it was recorded by the end of a past day.

In the schema `as_of` stands, under the name of each table with a history, a view of the rows that it had at the moment
`pacta.as_of`: the live rows without a later event, and of changed or deleted rows the last event that is not later.
`as_of` puts that schema before the tables for one transaction, so that every word of every QuerySet runs unchanged.
A schema and not temporary views, because these would be made anew for each request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any

import pghistory.models
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from partners.dates import ONE_DAY, looking_at
from partners.models import Partner

SCHEMA = "as_of"
MOMENT = "current_setting('pacta.as_of')::timestamptz"


@contextmanager
def as_of(day: date) -> Iterator[None]:
    """Read the register as recorded by the end of `day` in Minsk; `today()` is that day. Nothing can be written."""
    moment = timezone.make_aware(datetime.combine(day + ONE_DAY, time.min))
    is_inside = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor, looking_at(day):
        cursor.execute("SELECT current_setting('search_path')")
        tables = cursor.fetchone()[0]
        cursor.execute(
            "SELECT set_config('search_path', %s, TRUE), set_config('pacta.as_of', %s, TRUE)",
            [f"{SCHEMA}, {tables}", moment.isoformat()],
        )
        with _without_row_identity():
            yield
        # Inside a transaction of the caller, SET LOCAL would outlive the block: its savepoint is rolled back, which
        # works after a failed statement too.
        if is_inside:
            transaction.set_rollback(True)


def first_day() -> date | None:
    """The day on which the first partner was recorded: before it the register was empty."""
    events: Any = Partner._meta.get_field("events").related_model
    first = events.objects.aggregate(at=Min("pgh_created_at"))["at"]
    return first and timezone.localdate(first)


@contextmanager
def _without_row_identity() -> Iterator[None]:
    """A view has no primary key, by which PostgreSQL would know the other columns of a group."""
    features: Any = connection.features
    before, features.allows_group_by_selected_pks = features.allows_group_by_selected_pks, False
    try:
        yield
    finally:
        features.allows_group_by_selected_pks = before


def drop_views(plan: Any = (), **_told: Any) -> None:
    """Before migrations: tables do not change their columns under a view."""
    if plan:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def make_views(**_told: Any) -> None:
    """After migrations: the views of all tables that there are, unless they stand."""
    with transaction.atomic(), connection.cursor() as cursor:
        statements = [*_table_views(cursor), *_view_views(cursor)]
        mark = hashlib.sha256("\n".join(statements).encode()).hexdigest()
        cursor.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", [SCHEMA])
        if cursor.fetchone() == (mark,):
            return
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        cursor.execute("SELECT current_setting('search_path')")
        tables = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('search_path', %s, TRUE)", [f"{SCHEMA}, {tables}"])
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SELECT set_config('search_path', %s, TRUE)", [tables])
        cursor.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{mark}'")


def _table_views(cursor: Any) -> list[str]:
    """For each table with a history that is there (in the middle of the migrations not all are)."""
    there = set(connection.introspection.table_names(cursor))
    traced = [(event.pgh_tracked_model, event) for event in _events()]
    return [_as_recorded(model, event) for model, event in traced if {_table(model), _table(event)} <= there]


def _events() -> list[Any]:
    models: list[Any] = apps.get_models()
    return [model for model in models if issubclass(model, pghistory.models.Event)]


def _table(model: Any) -> str:
    return str(model._meta.db_table)


def _as_recorded(model: Any, event: Any) -> str:
    table, events = _table(model), _table(event)
    names = ", ".join(f't."{field.column}"' for field in model._meta.concrete_fields)
    return f"""
        CREATE VIEW {SCHEMA}.{table} AS
        SELECT {names} FROM public.{table} t
        WHERE NOT EXISTS (SELECT FROM public.{events} e WHERE e.{_key(event)} = t.id AND e.pgh_created_at >= {MOMENT})
        UNION ALL
        {rows_before(model, event)}
    """


def events_of(model: Any) -> Any:
    """The events that trace the model; None where it keeps no history."""
    return next((event for event in _events() if event.pgh_tracked_model is model), None)


def changed_since(event: Any) -> str:
    """SQL for the ids of the rows that have an event after the moment."""
    return f"SELECT DISTINCT {_key(event)} AS id FROM public.{_table(event)} WHERE pgh_created_at >= {MOMENT}"


def rows_before(model: Any, event: Any) -> str:
    """SQL for the rows that were changed or deleted after the moment, as they were then."""
    key, names = _key(event), ", ".join(f'x."{field.column}"' for field in model._meta.concrete_fields)
    return f"""
        SELECT {names} FROM ({changed_since(event)}) changed
        CROSS JOIN LATERAL (
            SELECT * FROM public.{_table(event)} e WHERE e.{key} = changed.id AND e.pgh_created_at < {MOMENT}
            ORDER BY e.pgh_id DESC LIMIT 1
        ) x
        WHERE x.pgh_label <> 'delete'
    """


def _key(event: Any) -> str:
    """The column of the traced row's id: a relation's rows have no record of their own to point at."""
    return "pgh_obj_id" if any(field.name == "pgh_obj" for field in event._meta.fields) else "id"


def _view_views(cursor: Any) -> list[str]:
    """Our own views over tables, anew over the views of these: they come out unqualified, as the path has them."""
    cursor.execute("SELECT viewname, pg_get_viewdef(format('%I', viewname)::regclass) FROM pg_views"
                   " WHERE schemaname = current_schema() AND viewowner = current_user ORDER BY 1")  # fmt: skip
    ours = {_table(model) for model in apps.get_models() if not model._meta.managed}
    return [f"CREATE VIEW {SCHEMA}.{name} AS {sql}" for name, sql in cursor.fetchall() if name in ours]
