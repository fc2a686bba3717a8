"""One run: the register is taken, written in the order in which its rows name one another, and told to the planner."""

from __future__ import annotations

from typing import Any

import pghistory
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils.translation import gettext as _

from agreements.models import ItemRescheduling, RoadmapItem
from agreements.models.standing import ITEMS
from partners.models import Cited, Reference
from partners.standing import spans_later
from projects.generating.accounts import accounts
from projects.generating.agreements import agreements
from projects.generating.citations import citations
from projects.generating.delivery import delivery
from projects.generating.moves import Moves
from projects.generating.partners import ground
from projects.generating.plan import Plan
from projects.generating.roadmaps import close_items, promises
from projects.generating.rows import Writer, register, table, throw_dice
from projects.models import Project, ProjectRescheduling
from projects.models.standing import PROJECTS

MOST = 100_000_000  # the numbers of events are 32 bits wide, and an item brings about a dozen events


class Refused(Exception):
    """Nothing was written, and why."""


def generate(items: int, seed: int = 1) -> dict[str, int]:
    """Write a register of so many roadmap items; the rows written, by table. One transaction.

    Raises Refused when the number is out of range or the register is not empty.
    """
    if not 1 <= items <= MOST:
        raise Refused(_("The number of items is from 1 to %(most)s.") % {"most": MOST})
    with transaction.atomic(), pghistory.context(door="generate"), connection.cursor() as cursor:
        _take_register(cursor)
        with spans_later():
            written = _write(Writer(cursor), Plan(items, seed))
        analyze()  # Without figures of what has just been written, spans of a million projects take an hour.
        for standing in (ITEMS, PROJECTS):
            standing.rebuild()
        return written


def _take_register(cursor: Any) -> None:
    """Keep other writers out until the end: every new record has to enter its reference."""
    cursor.execute("SET LOCAL statement_timeout = 0")
    cursor.execute(f"LOCK TABLE {Reference._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
    if Reference.objects.exists():
        raise Refused(_("The register is not empty, or was not always: a synthetic one needs a new database."))
    # Checks at the end of each statement, instead of a list in memory of every row until the end of the transaction.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _write(writer: Writer, plan: Plan) -> dict[str, int]:
    throw_dice(writer.cursor, plan.seed)
    staff = accounts()
    for rows in [*ground(plan), *agreements(plan), *promises(plan)]:
        writer.insert(rows)
    items = Moves(RoadmapItem, ItemRescheduling, "MOV", "item", staff)
    items.agree(writer)
    close_items(writer.cursor, plan, staff)
    items.ask(writer, "closed_as = ''")
    for rows in delivery(plan, staff):
        writer.insert(rows)
    projects = Moves(Project, ProjectRescheduling, "PMV", "project", staff)
    projects.agree(writer)
    projects.ask(writer)
    _finish(writer)
    return writer.written


def _finish(writer: Writer) -> None:
    """Cite the source, let the numbering go on after our ids, and put the dice away."""
    for model in register():
        if issubclass(model, Cited):
            writer.insert(citations(model))
    tables: list[Any] = [model for model in register() if model._meta.db_table in writer.written]
    for statement in connection.ops.sequence_reset_sql(no_style(), tables):
        writer.cursor.execute(statement)
    writer.cursor.execute("DROP FUNCTION pg_temp.dice, pg_temp.pick")


def analyze() -> None:
    """Tell the planner what is in the tables now."""
    with connection.cursor() as cursor:
        for model in [*register(), Reference]:
            cursor.execute(f"ANALYZE {table(model)}")
