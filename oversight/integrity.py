# ruff: noqa: S608  all of this SQL is made of names of our own models
"""What must hold in the tables at any time, as named checks: each is one query that returns what breaks it.

Constraints and triggers keep most of this. The checks look behind them: after a restore, after work by hand with
triggers off, and after a defect of ours. A query returns table, reference, what was found and what was expected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pghistory.models
import pgtrigger
from django.apps import apps
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agreements.models import ItemRescheduling, Roadmap, RoadmapArea, RoadmapItem
from agreements.models.standing import ITEMS
from oversight.sweeping import altered, missing, orphans
from partners.models import Citation, Cited, Record, Reference
from partners.standing import Standing
from projects.models import Project, ProjectRescheduling, StatusUpdate
from projects.models.standing import PROJECTS

Row = tuple[str, str, str | None, str | None]


@dataclass(frozen=True)
class Check:
    """`wrong` says what is the matter with a row, with %(found)s and %(expected)s. A finding is no error.

    `rows` looks where SQL cannot, at the files.
    """

    name: str
    wrong: Any
    sql: Callable[[], str] = str
    is_finding: bool = False
    rows: Callable[[], Iterable[Row]] | None = None


@dataclass(frozen=True)
class Problem:
    """One row that breaks a check."""

    check: str
    is_finding: bool
    table: str
    reference: str
    message: str

    def __str__(self) -> str:
        return f"{self.check}: {self.table} {self.reference}: {self.message}"


def problems(names: Iterable[str] = ()) -> Iterator[Problem]:
    """Everything that is broken, check by check; of the named checks only where any are named."""
    chosen = set(names) or {check.name for check in CHECKS}
    with transaction.atomic(), connection.cursor() as cursor:
        # A check reads whole tables, which on a large register takes longer than a page may.
        cursor.execute("SET LOCAL statement_timeout = 0")
        for check in CHECKS:
            if check.name in chosen:
                for table, reference, found, expected in _rows(check, cursor):
                    message = str(check.wrong) % {"found": found, "expected": expected}
                    yield Problem(check.name, check.is_finding, table, reference, message)


def _rows(check: Check, cursor: Any) -> Iterable[Row]:
    if check.rows:
        return check.rows()
    cursor.execute(check.sql())
    return list(cursor.fetchall())


# What the checks are made of


def _records() -> list[Any]:
    return [model for model in apps.get_models() if issubclass(model, Record) and model._meta.managed]


def _cited() -> list[Any]:
    return [model for model in _records() if issubclass(model, Cited)]


def _register() -> list[Any]:
    """The tables of the records and of their many-to-many relations."""
    labels = {model._meta.app_label for model in _records()}
    found = [
        model for label in sorted(labels) for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    return [model for model in found if not issubclass(model, pghistory.models.Event)]


def _events() -> list[tuple[Any, Any]]:
    """Each table of events with the table it traces."""
    every: list[Any] = [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]
    return [(event, event.pgh_tracked_model) for event in every]


def _table(model: Any) -> str:
    return str(model._meta.db_table)


def _named(model: Any, row: str) -> str:
    """SQL for the name of a row; those of relations have none of their own."""
    return f"{row}.reference" if issubclass(model, Record) else f"'id ' || {row}.id"


def _union(queries: Iterable[str]) -> str:
    return "\nUNION ALL\n".join(queries)


def _list_of(rows: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"('{table}', '{name}')" for table, name in rows)


# News


def _newest_report() -> str:
    return (
        f"SELECT DISTINCT ON (project_id) project_id, stage, submitted_on FROM {_table(StatusUpdate)}"
        " WHERE state = 'accepted' ORDER BY project_id, submitted_on DESC, id DESC"
    )


def _project_stage() -> str:
    return f"""
        SELECT '{_table(Project)}', p.reference, p.stage, COALESCE(u.stage, p.stage_at_entry)
        FROM {_table(Project)} p LEFT JOIN ({_newest_report()}) u ON u.project_id = p.id
        WHERE p.stage IS DISTINCT FROM COALESCE(u.stage, p.stage_at_entry)
    """


def _last_report() -> str:
    return f"""
        SELECT '{_table(Project)}', p.reference, p.last_reported_on::text, u.submitted_on::text
        FROM {_table(Project)} p LEFT JOIN ({_newest_report()}) u ON u.project_id = p.id
        WHERE p.last_reported_on IS DISTINCT FROM u.submitted_on
    """


# Deadlines

LEDGERS: list[tuple[Any, Any, str]] = [
    (RoadmapItem, ItemRescheduling, "item_id"),
    (Project, ProjectRescheduling, "project_id"),
]


def _agreed(ledger: Any, subject: str) -> str:
    """The agreed moves of each subject in the order in which they were decided; `step` counts, `rest` is to come."""
    return f"""
        SELECT reference, {subject} AS subject, old_due, new_due, row_number() OVER forth AS step,
               lag(new_due) OVER forth AS reached, row_number() OVER back AS rest
        FROM {_table(ledger)} WHERE decision = 'agreed'
        WINDOW forth AS (PARTITION BY {subject} ORDER BY decided_on, id),
               back AS (PARTITION BY {subject} ORDER BY decided_on DESC, id DESC)
    """


def _ledger_chain() -> str:
    return _union(
        f"""SELECT '{_table(ledger)}', m.reference, m.old_due::text, before.due::text
        FROM ({_agreed(ledger, subject)}) m JOIN {_table(model)} s ON s.id = m.subject
        CROSS JOIN LATERAL (SELECT CASE m.step WHEN 1 THEN s.original_due ELSE m.reached END AS due) before
        WHERE m.old_due IS DISTINCT FROM before.due"""
        for model, ledger, subject in LEDGERS
    )


def _deadline_by_ledger() -> str:
    return _union(
        f"""SELECT '{_table(model)}', s.reference, s.due::text, after.due::text
        FROM {_table(model)} s LEFT JOIN ({_agreed(ledger, subject)}) m ON m.subject = s.id AND m.rest = 1
        CROSS JOIN LATERAL (SELECT CASE WHEN m.rest IS NULL THEN s.original_due ELSE m.new_due END AS due) after
        WHERE s.due IS DISTINCT FROM after.due"""
        for model, ledger, subject in LEDGERS
    )


# References and sources


def _living() -> str:
    return _union(
        f"SELECT '{m._meta.label_lower}' AS model, '{_table(m)}' AS in_table, id, reference FROM {_table(m)}"
        for m in _records()
    )


def _deleted() -> str:
    return _union(
        f"SELECT '{model._meta.label_lower}' AS model, pgh_obj_id AS id FROM {_table(event)} WHERE pgh_label = 'delete'"
        for event, model in _events()
        if issubclass(model, Record)
    )


def _reference_without_record() -> str:
    return f"""
        SELECT '{_table(Reference)}', r.code, r.model || ' ' || r.object_id, NULL
        FROM {_table(Reference)} r
        WHERE NOT EXISTS (SELECT 1 FROM ({_living()}) l WHERE l.model = r.model AND l.id = r.object_id)
          AND NOT EXISTS (SELECT 1 FROM ({_deleted()}) d WHERE d.model = r.model AND d.id = r.object_id)
    """


def _record_without_reference() -> str:
    return f"""
        SELECT l.in_table, l.reference, r.model || ' ' || r.object_id, l.model || ' ' || l.id
        FROM ({_living()}) l LEFT JOIN {_table(Reference)} r ON r.code = l.reference
        WHERE r.code IS NULL OR r.model <> l.model OR r.object_id <> l.id
    """


def _citation_without_record() -> str:
    cited = _union(
        f"SELECT '{m._meta.app_label}' AS app, '{m._meta.model_name}' AS model, id FROM {_table(m)}" for m in _cited()
    )
    return f"""
        SELECT '{_table(Citation)}', c.reference, t.app_label || '.' || t.model || ' ' || c.object_id, NULL
        FROM {_table(Citation)} c LEFT JOIN django_content_type t ON t.id = c.content_type_id
        WHERE NOT EXISTS (SELECT 1 FROM ({cited}) r
                          WHERE r.app = t.app_label AND r.model = t.model AND r.id = c.object_id)
    """


def _record_without_source() -> str:
    return _union(
        f"""SELECT '{_table(m)}', r.reference, NULL, NULL FROM {_table(m)} r
        WHERE NOT EXISTS (
            SELECT 1 FROM {_table(Citation)} c JOIN django_content_type t ON t.id = c.content_type_id
            WHERE c.object_id = r.id AND t.app_label = '{m._meta.app_label}' AND t.model = '{m._meta.model_name}'
        )"""
        for m in _cited()
    )


def _link_to_nothing() -> str:
    keys = [(m, f) for m in _register() for f in m._meta.concrete_fields if isinstance(f, models.ForeignKey)]
    return _union(_broken_key(model, key.column, key.target_field) for model, key in keys)


def _broken_key(model: Any, column: str, target: Any) -> str:
    there = _table(target.model)
    return f"""
        SELECT '{_table(model)}', {_named(model, "r")}, '{column}', '{there} ' || r.{column} FROM {_table(model)} r
        WHERE r.{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {there} t WHERE t.{target.column} = r.{column})
    """


def _area_of_other_roadmap() -> str:
    return f"""
        SELECT '{_table(RoadmapItem)}', i.reference, a.reference, NULL
        FROM {_table(RoadmapItem)} i JOIN {_table(RoadmapArea)} a ON a.id = i.area_id
        WHERE a.roadmap_id <> i.roadmap_id
    """


def _circle() -> str:
    """Every foreign key of a record to its own table makes a tree, or a chain."""
    steps = _union(
        f"SELECT '{_table(model)}'::text AS in_table, '{key.column}'::text AS by, id, {key.column} AS above"
        f" FROM {_table(model)} WHERE {key.column} IS NOT NULL"
        for model in _records()
        for key in model._meta.concrete_fields
        if isinstance(key, models.ForeignKey) and key.related_model is model
    )
    names = _union(f"SELECT '{_table(model)}' AS in_table, id, reference FROM {_table(model)}" for model in _records())
    return f"""
        WITH RECURSIVE steps AS MATERIALIZED ({steps}),
        walk(in_table, by, start, at) AS (
            SELECT in_table, by, id, above FROM steps
            UNION
            SELECT w.in_table, w.by, w.start, s.above FROM walk w
            JOIN steps s ON s.in_table = w.in_table AND s.by = w.by AND s.id = w.at
        )
        SELECT w.in_table, n.reference, w.by, NULL FROM walk w
        JOIN ({names}) n ON n.in_table = w.in_table AND n.id = w.start WHERE w.at = w.start
    """


# History


def _last_event(event: Any) -> str:
    return f"(SELECT DISTINCT ON (id) * FROM {_table(event)} ORDER BY id, pgh_id DESC)"


def _row_without_event() -> str:
    return _union(
        f"""SELECT '{_table(model)}', {_named(model, "r")}, NULL, NULL FROM {_table(model)} r
        WHERE NOT EXISTS (SELECT 1 FROM {_table(event)} e WHERE e.id = r.id)"""
        for event, model in _events()
    )


def _row_gone() -> str:
    return _union(
        f"""SELECT '{_table(model)}', {_named(model, "e")}, e.pgh_label, NULL FROM {_last_event(event)} e
        WHERE e.pgh_label <> 'delete' AND NOT EXISTS (SELECT 1 FROM {_table(model)} r WHERE r.id = e.id)"""
        for event, model in _events()
    )


def _row_unlike_event() -> str:
    def query(event: Any, model: Any) -> str:
        columns = [field.column for field in model._meta.concrete_fields if field.column != "id"]
        changed = ", ".join(f"CASE WHEN r.{c} IS DISTINCT FROM e.{c} THEN '{c}' END" for c in columns)
        ours, theirs = (", ".join(f"{row}.{c}" for c in columns) for row in "re")
        return f"""SELECT '{_table(model)}', {_named(model, "r")}, concat_ws(', ', {changed},
                   CASE e.pgh_label WHEN 'delete' THEN 'deleted' END), NULL
            FROM {_table(model)} r JOIN {_last_event(event)} e ON e.id = r.id
            WHERE ROW({ours}) IS DISTINCT FROM ROW({theirs}) OR e.pgh_label = 'delete'"""

    return _union(query(event, model) for event, model in _events())


# Guards


def _constraint_not_validated() -> str:
    return """
        SELECT conrelid::regclass::text, conname::text, NULL, NULL FROM pg_constraint
        WHERE NOT convalidated AND connamespace = current_schema()::regnamespace
    """


def _constraint_missing() -> str:
    """A unique constraint with a condition is an index; both count."""
    ours = _list_of((_table(m), c.name) for m in _register() for c in m._meta.constraints)
    return f"""
        SELECT o.in_table, o.name, NULL, NULL FROM (VALUES {ours}) o(in_table, name)
        WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = o.in_table::regclass AND conname = o.name)
          AND NOT EXISTS (SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                          WHERE i.indrelid = o.in_table::regclass AND i.indisunique AND c.relname = o.name)
    """


def _index_invalid() -> str:
    return """
        SELECT i.indrelid::regclass::text, c.relname::text, NULL, NULL FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace
    """


def _trigger_off() -> str:
    """Those that keep foreign keys are internal and count too."""
    return """
        SELECT t.tgrelid::regclass::text, t.tgname::text, t.tgenabled::text, NULL FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgenabled NOT IN ('O', 'A') AND c.relnamespace = current_schema()::regnamespace
    """


def _trigger_missing() -> str:
    ours = _list_of((_table(model), trigger.get_pgid(model)) for model, trigger in pgtrigger.registered())
    return f"""
        SELECT o.in_table, o.name, NULL, NULL FROM (VALUES {ours}) o(in_table, name)
        WHERE NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = o.in_table::regclass AND tgname = o.name)
    """


# Standings


def _standing(standing: Standing) -> str:
    return f"""
        SELECT '{standing.subjects}', coalesce(s.reference, faulty.id::text), '', ''
        FROM ({standing.faults()}) faulty LEFT JOIN {standing.subjects} s ON s.id = faulty.id
    """


# Files


def _row_without_file() -> Iterator[Row]:
    for row in missing():
        yield _table(row), row.reference, row.content.name, None


def _file_unlike_row() -> Iterator[Row]:
    for row in altered():
        yield _table(row), row.reference, row.content.name, None


def _file_without_row() -> Iterator[Row]:
    for path in orphans(timezone.now()):
        yield "files", path, None, None


# Findings


def _finished_with_open_items() -> str:
    return f"""
        SELECT '{_table(RoadmapItem)}', i.reference, r.status, r.reference
        FROM {_table(RoadmapItem)} i JOIN {_table(Roadmap)} r ON r.id = i.roadmap_id
        WHERE r.status IN ('completed', 'expired') AND i.closed_on IS NULL
    """


CHECKS = [
    Check("project_stage", _("the stage is %(found)s; the last accepted report says %(expected)s"), _project_stage),
    Check(
        "project_last_report",
        _("last reported on %(found)s; the last accepted report is of %(expected)s"),
        _last_report,
    ),
    Check("ledger_chain", _("moves from %(found)s; the deadline stood at %(expected)s"), _ledger_chain),
    Check("deadline_by_ledger", _("the deadline is %(found)s; the ledger says %(expected)s"), _deadline_by_ledger),
    Check("item_standing", _("its kept spans are not what its own facts say"), lambda: _standing(ITEMS)),
    Check("project_standing", _("its kept spans are not what its own facts say"), lambda: _standing(PROJECTS)),
    Check("reference_without_record", _("names %(found)s, which never was"), _reference_without_record),
    Check(
        "record_without_reference",
        _("is not in the register of references as %(expected)s (but as %(found)s)"),
        _record_without_reference,
    ),
    Check("citation_without_record", _("stands on %(found)s, which is not there"), _citation_without_record),
    Check("link_to_nothing", _("%(found)s points to %(expected)s, which is not there"), _link_to_nothing),
    Check("area_of_other_roadmap", _("the area %(found)s belongs to another roadmap"), _area_of_other_roadmap),
    Check("circle", _("leads back to itself by %(found)s"), _circle),
    Check("row_without_event", _("has no history"), _row_without_event),
    Check("row_gone", _("is gone without a deletion; its last event is %(found)s"), _row_gone),
    Check("row_unlike_event", _("differs from its last event in: %(found)s"), _row_unlike_event),
    Check("constraint_not_validated", _("the constraint was never checked on all rows"), _constraint_not_validated),
    Check("constraint_missing", _("the constraint is missing"), _constraint_missing),
    Check("index_invalid", _("the index is invalid"), _index_invalid),
    Check("trigger_off", _("the trigger is switched off (%(found)s)"), _trigger_off),
    Check("trigger_missing", _("the trigger is missing"), _trigger_missing),
    Check("row_without_file", _("its file %(found)s is missing"), rows=_row_without_file),
    Check("file_unlike_row", _("its file %(found)s is not the one that was stored"), rows=_file_unlike_row),
    Check("file_without_row", _("no row names this file"), rows=_file_without_row, is_finding=True),
    Check("record_without_source", _("cites no source"), _record_without_source, is_finding=True),
    Check(
        "finished_with_open_items",
        _("is open, though the roadmap %(expected)s is %(found)s"),
        _finished_with_open_items,
        is_finding=True,
    ),
]
