# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
"""How rows are written: SQL that gives them, the tables they go to, and the dice that they are thrown with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import NOT_PROVIDED
from psycopg import sql

from partners.models import Named, Record


@dataclass(frozen=True)
class Rows:
    """The rows of one table: SQL that gives `n` and what the columns' expressions need, in any order."""

    model: type[models.Model]
    prefix: str
    source: str
    columns: dict[str, str] = field(default_factory=dict)


class Writer:
    """Writes rows, and counts them by table."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor
        self.written: dict[str, int] = {}

    def insert(self, rows: Rows) -> None:
        """Write the rows in order of `n`; columns that nobody names get the model's default."""
        model: Any = rows.model
        columns = {**_defaults(model), **rows.columns, "id": "n"}
        if issubclass(model, Record):
            columns.setdefault("reference", f"'SYN-{rows.prefix}-' || lpad(n::text, 8, '0')")
        if issubclass(model, Named) and "name" not in rows.columns:
            columns["name"] = f"'Synthetic {model._meta.verbose_name} ' || n"
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(columns.values())
        self.cursor.execute(
            f"INSERT INTO {table(model)} ({names}) SELECT {values} FROM ({rows.source}) source ORDER BY n"
        )
        self._count(model)

    def _count(self, model: Any) -> None:
        label = model._meta.db_table
        self.written[label] = self.written.get(label, 0) + self.cursor.rowcount


def _defaults(model: Any) -> dict[str, str]:
    """What Django would write into the columns that the database cannot fill by itself."""
    filled = {}
    for column in model._meta.concrete_fields:
        if column.null or column.primary_key or column.db_default is not NOT_PROVIDED or column.is_relation:
            continue
        value = column.get_default()
        if value is not None:
            filled[column.column] = sql.Literal(value if isinstance(value, bool | int) else str(value)).as_string(None)
    return filled


def register() -> list[type[models.Model]]:
    """The register's tables, those of many-to-many relations too."""
    mine = [apps.get_app_config(label) for label in ("partners", "agreements", "projects")]
    return [model for app in mine for model in app.get_models(include_auto_created=True)]


def throw_dice(cursor: Any, seed: int) -> None:
    """`dice` gives a number from 0 up to 1, `pick` a whole one from 0 up to `faces`; gone with the session."""
    cursor.execute(f"""
        CREATE OR REPLACE FUNCTION pg_temp.dice(choice text, n bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
            SELECT ('x' || substr(md5(choice || n::text || ':{seed}'), 1, 7))::bit(28)::int / 268435456::float8
        $$;
        CREATE OR REPLACE FUNCTION pg_temp.pick(choice text, n bigint, faces bigint) RETURNS int LANGUAGE sql
        IMMUTABLE AS $$
            SELECT floor(('x' || substr(md5(choice || n::text || ':{seed}'), 1, 7))::bit(28)::int
                / 268435456::float8 * faces)::int
        $$
    """)


def table(model: Any) -> str:
    return str(model._meta.db_table)


def series(count: int) -> str:
    return f"SELECT n FROM generate_series(1::bigint, {count}) n"


def words(several: Iterable[str]) -> str:
    return "ARRAY[" + ", ".join(f"'{word}'" for word in several) + "]"
