# ruff: noqa: S608  all of this SQL is made of names of our own models
"""How each row stands in each span of days, kept by the database: the answer to "on which day" without working it out.

The words of a QuerySet say what holds on a day: open, deadline, active. To ask them of a million rows takes seconds.
Between two days on which something happened to a row the answer is the same. So a table holds a row for each such
span, and a function, made from the very words after each migration, writes the spans of the given rows anew whenever
a trigger sees that something they rest on has changed. The words stay the one definition; `check_integrity` compares.
Of a past day `as_of` the spans that nothing has touched since are those that are kept; only for the others the words
are asked, over what was recorded then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction
from django.db.models import DateField
from django.db.models.expressions import RawSQL

from partners.asof import SCHEMA, changed_since, events_of, rows_before

LATER = "pacta.standings"
# In a watched table's SQL: the rows written and the rows as they were.
NEW, OLD = "new_rows", "old_rows"
# As of a past day, spans are worked out anew for so many subjects at once.
AT_ONCE = 100


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

    def since(self) -> str:
        """`changed` of all that happened since the moment of a past day, see `_since`."""
        table = self.model._meta.db_table
        told = {"INSERT": {NEW: "new"}, "DELETE": {OLD: "gone"}, "UPDATE": {NEW: "now", OLD: "was"}}
        sql = self.changed
        for rows, name in told[self.event].items():
            sql = sql.replace(rows, f"{table}_{name}")
        return sql


@dataclass(frozen=True)
class Standing:
    """A table of spans: whose they are, on which days they may begin, and what holds then, in the words of QuerySets.

    `days` is SQL for (id, day) of the rows in `wanted(id)`; `holds(day)` gives the rows for which anything holds.
    `near` says of the large tables which rows the spans of the subjects in the array `ids` rest on.
    """

    model: type[models.Model]
    subject: str
    days: str
    holds: Callable[[Any], Any]
    watches: tuple[Watch, ...]
    near: tuple[tuple[type[models.Model], str], ...]

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

    def past_statements(self) -> list[str]:
        """The view of the spans as of a past day, and the functions of which it is made."""
        touched, then = f"{SCHEMA}.{self.table}_touched", f"{SCHEMA}.{self.table}_then"
        fields = self.model._meta.concrete_fields
        columns = ", ".join(f"{field.column} {field.db_type(connection)}" for field in fields)
        kept, fresh = (", ".join(f"{row}.{field.column}" for field in fields) for row in ("kept", "fresh"))
        head = f"LANGUAGE plpgsql STABLE SET search_path = {SCHEMA}, public AS $body$\n#variable_conflict use_column"
        return [
            f"""
            CREATE FUNCTION {touched}() RETURNS TABLE (id bigint) {head}
            BEGIN
                RETURN QUERY {self._touched()};
            END
            $body$
            """,
            f"""
            CREATE FUNCTION {then}() RETURNS TABLE ({columns}) {head}
            DECLARE
                touched bigint[] := ARRAY(SELECT id FROM {touched}());
                ids bigint[];
            BEGIN
                FOR at IN 1 .. cardinality(touched) BY {AT_ONCE} LOOP
                    ids := touched[at : at + {AT_ONCE - 1}];
                    RETURN QUERY
                    WITH wanted AS (SELECT unnest(ids) AS id), {self._near()}, fresh (id, {self.columns}) AS (
                        SELECT -(row_number() OVER () + at * 1000000::bigint), worked_out.*
                        FROM ({self.spans()}) worked_out
                    ) SELECT {fresh} FROM fresh;
                END LOOP;
            END
            $body$
            """,
            f"""
            CREATE VIEW {SCHEMA}.{self.table} AS
            SELECT {kept} FROM public.{self.table} kept
            WHERE NOT EXISTS (SELECT FROM {touched}() touched WHERE touched.id = kept.{self.subject_column})
            UNION ALL SELECT * FROM {then}()
            """,
        ]

    def _near(self) -> str:
        """CTEs that stand before the large tables: a view of a past day cannot be joined by an index, but filtered."""
        tables = [(model._meta.db_table, condition) for model, condition in self.near]
        return ", ".join(
            f"{table} AS MATERIALIZED (SELECT * FROM {SCHEMA}.{table} WHERE {rows})" for table, rows in tables
        )

    def _touched(self) -> str:
        """SQL for the ids of the subjects of which something that their spans rest on is not as it was at the moment.

        What a trigger is told of one statement is said here of all that happened since.
        """
        sources = ", ".join(_since(model) for model in dict.fromkeys(watch.model for watch in self.watches))
        changed = " UNION ".join(f"SELECT * FROM ({watch.since()}) watched (id)" for watch in self.watches)
        return f"WITH {sources} SELECT id FROM ({changed}) changed WHERE id IS NOT NULL"

    def rebuild(self) -> None:
        """Write all spans anew."""
        with transaction.atomic(), connection.cursor() as cursor, spans_later():
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(f"TRUNCATE {self.table}")
            spans = f"WITH wanted AS (SELECT id FROM {self.subjects}) {self.spans()}"
            cursor.execute(f"INSERT INTO {self.table} ({self.columns}) {spans}")
            cursor.execute(f"ANALYZE {self.table}")

    def install(self, plan: Iterable[tuple[Any, bool]] = (), **_told: Any) -> None:
        """After migrations: functions and triggers as the words are now, and the spans, unless they stand so.

        Not on the way back: the words of this release do not fit the tables of the one before, which installs its own.
        What stood is then forgotten, so that all is made anew on the way forward.
        """
        if any(is_backward for _migration, is_backward in plan):
            self._forget()
            return
        watched = {watch.model._meta.db_table for watch in self.watches} | {self.table}
        with transaction.atomic(), connection.cursor() as cursor:
            if not watched <= set(connection.introspection.table_names(cursor)):
                return
            now, past = self.statements(), self.past_statements()
            if not _stands(cursor, self.table, now):
                _execute(cursor, now)
                self.rebuild()
                _mark(cursor, "TABLE", self.table, now)
            view = f"{SCHEMA}.{self.table}"
            if not _stands(cursor, view, past):
                _execute(cursor, [self._without_past(), *past])
                _mark(cursor, "VIEW", view, past)

    def _forget(self) -> None:
        with connection.cursor() as cursor:
            if self.table in connection.introspection.table_names(cursor):
                cursor.execute(f"COMMENT ON TABLE {self.table} IS NULL")

    def _without_past(self) -> str:
        functions = ", ".join(f"{SCHEMA}.{self.table}_{name}()" for name in ("touched", "then"))
        return f"DROP VIEW IF EXISTS {SCHEMA}.{self.table}; DROP FUNCTION IF EXISTS {functions}"

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


def _stands(cursor: Any, relation: str, statements: list[str]) -> bool:
    """Whether the relation was last made by these statements."""
    cursor.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", [relation])
    return bool(cursor.fetchone() == (_hash(statements),))


def _mark(cursor: Any, kind: str, relation: str, statements: list[str]) -> None:
    cursor.execute(f"COMMENT ON {kind} {relation} IS '{_hash(statements)}'")


def _hash(statements: list[str]) -> str:
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()


def _execute(cursor: Any, statements: list[str]) -> None:
    for statement in statements:
        cursor.execute(statement)


def _since(model: type[models.Model]) -> str:
    """What became of a table since the moment: changed rows as they are and as they were, the new and the gone.

    A table of spans has no history: there it is the subjects whose spans are not those that are kept.
    """
    table, fields, events = model._meta.db_table, model._meta.concrete_fields, events_of(model)
    if events is None:
        subject = next(field.column for field in fields if field.is_relation)
        return ", ".join(
            f"{table}_{name} AS (SELECT id AS {subject} FROM {SCHEMA}.{table}_touched())" for name in ("new", "gone")
        )
    names = ", ".join(f"t.{field.column}" for field in fields)
    return f"""
        {table}_now AS MATERIALIZED (SELECT {names} FROM public.{table} t WHERE t.id IN ({changed_since(events)})),
        {table}_was AS MATERIALIZED ({rows_before(model, events)}),
        {table}_new AS (SELECT * FROM {table}_now WHERE id NOT IN (SELECT id FROM {table}_was)),
        {table}_gone AS (SELECT * FROM {table}_was WHERE id NOT IN (SELECT id FROM {table}_now))
    """


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
