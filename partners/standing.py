# ruff: noqa: S608  all of this SQL is made of names of our own models
"""How each row stands in each span of days, kept by the database: the answer to "on which day" without working it out.

The words of a QuerySet say what holds on a day: open, deadline, active. To ask them of a million rows takes seconds.
Between two days on which something happened to a row the answer is the same. So a table holds a row for each such
span, and a function, made from the very words after each migration, writes the spans of the given rows anew whenever
a trigger sees that something they rest on has changed. The words stay the one definition; `check_integrity` compares.
A past day `as_of` is answered by the words, over what was recorded then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction
from django.db.models import DateField
from django.db.models.expressions import RawSQL

LATER = "pacta.standings"
# In a watched table's SQL: the rows written and the rows as they were.
NEW, OLD = "new_rows", "old_rows"


@dataclass(frozen=True)
class Watch:
    """After `event` on the table of `model`, the rows whose ids `changed` selects stand anew."""

    model: type[models.Model]
    event: str
    changed: str

    def trigger(self, number: int, table: str) -> str:
        rows = {"INSERT": f"NEW TABLE AS {NEW}", "DELETE": f"OLD TABLE AS {OLD}"}
        rows["UPDATE"] = f"{rows['INSERT']} {rows['DELETE']}"
        changed = self.changed.replace("'", "''")
        return f"""
            CREATE OR REPLACE TRIGGER {table}_{number} AFTER {self.event} ON {self.model._meta.db_table}
            REFERENCING {rows[self.event]} FOR EACH STATEMENT EXECUTE FUNCTION {table}_changed('{changed}')
        """


@dataclass(frozen=True)
class Standing:
    """A table of spans: whose they are, on which days they may begin, and what holds then, in the words of QuerySets.

    `days` is SQL for (id, day) of the rows in `wanted(id)`; `holds(day)` gives the rows for which anything holds.
    """

    model: type[models.Model]
    subject: str
    days: str
    holds: Callable[[Any], Any]
    watches: tuple[Watch, ...]

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def subject_column(self) -> str:
        return str(self.model._meta.get_field(self.subject).column)  # type: ignore[union-attr]

    @property
    def told(self) -> list[str]:
        """The columns that the words fill."""
        own = {"id", self.subject, "during"}
        return [field.name for field in self.model._meta.concrete_fields if field.name not in own]

    @property
    def columns(self) -> str:
        return ", ".join([self.subject_column, "during", *self.told])

    @property
    def subjects(self) -> str:
        """The table of those whose spans these are."""
        return str(self.model._meta.get_field(self.subject).related_model._meta.db_table)  # type: ignore[union-attr]

    def spans(self) -> str:
        """SQL for the spans of the rows in `wanted(id)`, as the words have them."""
        rows = self.holds(RawSQL("spans.day", [], DateField())).filter(pk=RawSQL("spans.id", []))
        sql, params = rows.order_by().values(*self.told).query.sql_with_params()
        holds = connection.ops.compose_sql(sql, params)  # type: ignore[attr-defined]
        return f"""
            SELECT spans.id, spans.during, {", ".join(f"held.{name}" for name in self.told)}
            FROM (
                SELECT id, day, daterange(nullif(day, '-infinity'), lead(day) OVER (PARTITION BY id ORDER BY day), '[)')
                    AS during
                FROM (SELECT id, '-infinity'::date AS day FROM wanted UNION {self.days}) begins
            ) spans CROSS JOIN LATERAL ({holds}) held ({", ".join(self.told)})
        """

    def statements(self) -> list[str]:
        """The function that writes spans anew, the one that triggers call, and the triggers."""
        refresh = f"""
            CREATE OR REPLACE FUNCTION {self.table}_refresh(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $body$
            BEGIN
                -- One writer at a time for a row: the second sees what the first has done.
                PERFORM 1 FROM {self.subjects} WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
                WITH wanted AS (SELECT unnest(ids) AS id), fresh ({self.columns}) AS MATERIALIZED ({self.spans()}),
                gone AS (
                    DELETE FROM {self.table} kept WHERE {self.subject_column} = ANY (ids)
                    AND NOT EXISTS (SELECT FROM fresh WHERE {self._same()})
                )
                INSERT INTO {self.table} ({self.columns}) SELECT {self.columns} FROM fresh
                WHERE NOT EXISTS (SELECT FROM {self.table} kept WHERE {self._same()});
            END
            $body$
        """
        changed = f"""
            CREATE OR REPLACE FUNCTION {self.table}_changed() RETURNS trigger LANGUAGE plpgsql AS $body$
            DECLARE
                ids bigint[];
            BEGIN
                IF current_setting('{LATER}', TRUE) = 'later' THEN
                    RETURN NULL;
                END IF;
                EXECUTE format('SELECT array_agg(DISTINCT id) FROM (%s) changed (id)', TG_ARGV[0]) INTO ids;
                IF ids IS NOT NULL THEN
                    PERFORM {self.table}_refresh(ids);
                END IF;
                RETURN NULL;
            END
            $body$
        """
        return [refresh, changed, *(watch.trigger(number, self.table) for number, watch in enumerate(self.watches))]

    def rebuild(self) -> None:
        """Write all spans anew."""
        with transaction.atomic(), connection.cursor() as cursor, spans_later():
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(f"TRUNCATE {self.table}")
            spans = f"WITH wanted AS (SELECT id FROM {self.subjects}) {self.spans()}"
            cursor.execute(f"INSERT INTO {self.table} ({self.columns}) {spans}")
            cursor.execute(f"ANALYZE {self.table}")

    def install(self, **_told: Any) -> None:
        """After migrations: functions and triggers as the words are now, and the spans, unless they stand so."""
        watched = {watch.model._meta.db_table for watch in self.watches} | {self.table}
        with connection.cursor() as cursor:
            if not watched <= set(connection.introspection.table_names(cursor)):
                return
            statements = self.statements()
            mark = hashlib.sha256("\n".join(statements).encode()).hexdigest()
            cursor.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", [self.table])
            if cursor.fetchone() == (mark,):
                return
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            self.rebuild()
            cursor.execute(f"COMMENT ON TABLE {self.table} IS '{mark}'")

    def faults(self) -> str:
        """SQL for the ids of the subjects whose kept spans are not what the words say."""
        worked_out = f"WITH wanted AS (SELECT id FROM {self.subjects}) {self.spans()}"
        kept = f"SELECT {self.columns} FROM {self.table}"
        return f"""
            SELECT DISTINCT id FROM (
                (({worked_out}) EXCEPT ALL ({kept})) UNION ALL (({kept}) EXCEPT ALL ({worked_out}))
            ) differ
        """

    def _same(self) -> str:
        names = [self.subject_column, "during", *self.told]
        return " AND ".join(
            f"kept.{name} = fresh.{name}"
            if name in {self.subject_column, "during"}
            else f"kept.{name} IS NOT DISTINCT FROM fresh.{name}"
            for name in names
        )


@contextmanager
def spans_later() -> Iterator[None]:
    """Write no spans in the block, inside a transaction: who writes much calls `rebuild` for each table at the end."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT set_config('{LATER}', 'later', TRUE)")
        yield
        cursor.execute(f"SELECT set_config('{LATER}', '', TRUE)")


def writing(
    model: type[models.Model], column: str, *watched: str, through: str = "", only: str = "TRUE"
) -> tuple[Watch, ...]:
    """Watches for rows of `model` written, deleted, or changed in one of the `watched` columns (none: in any).

    `column` names the subject of a row; `through` is SQL with `{ids}` for one that lies further away. `only` is SQL
    about `{row}`: others say nothing of how the subject stands.
    """

    def ids(select: str) -> str:
        return through.format(ids=select) if through else select

    new, old = only.format(row="n"), only.format(row="o")
    changed = " OR ".join(f"n.{name} IS DISTINCT FROM o.{name}" for name in watched) or "n IS DISTINCT FROM o"
    both = (
        f"SELECT unnest(ARRAY[n.{column}, o.{column}]) FROM {NEW} n JOIN {OLD} o USING (id)"
        f" WHERE ({changed}) AND ({new} OR {old})"
    )
    return (
        Watch(model, "INSERT", ids(f"SELECT n.{column} FROM {NEW} n WHERE {new}")),
        Watch(model, "UPDATE", ids(both)),
        Watch(model, "DELETE", ids(f"SELECT o.{column} FROM {OLD} o WHERE {old}")),
    )
