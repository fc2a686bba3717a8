# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
"""What was promised: roadmaps, their areas and their items, and how items are closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agreements.models import Roadmap, RoadmapArea, RoadmapItem
from projects.generating.accounts import Staff
from projects.generating.deadlines import DUE, DUE_TEXT, LAST_DAY, deadlines
from projects.generating.plan import HOME, Plan
from projects.generating.rows import Rows, series, table, words


def promises(plan: Plan) -> Iterator[Rows]:
    yield from _roadmaps(plan)
    yield from _items(plan)


def _roadmaps(plan: Plan) -> Iterator[Rows]:
    """Of each 20, 14 are in force; one was never implemented."""
    # 7 and 20 have no common factor, so each status falls on the large partner and on small ones in turn.
    statuses = words(
        ["in_implementation"] * 10
        + ["signed"] * 4
        + ["completed"] * 2
        + ["expired", "not_implemented", "prospective", "draft"]
    )
    source = (
        f"SELECT n, ({statuses})[1 + mod((n - 1) * 7, 20)] AS status, 2021 + pg_temp.pick('from', n, 2) AS year,"
        f" pg_temp.pick('years', n, 4) AS years FROM ({series(plan.roadmaps)}) s"
    )
    known = "status NOT IN ('prospective', 'draft')"
    yield Rows(
        Roadmap,
        "RDM",
        source,
        {
            "kind": "(ARRAY['roadmap', 'plan', 'programme', 'issue_list', 'protocol'])[1 + mod(n, 5)]",
            "status": "status",
            "home_side_id": f"{HOME}",
            "counterpart_id": plan.counterpart("roadmap"),
            "signed": f"CASE WHEN {known} THEN daterange(make_date(year, 3, 1), make_date(year, 4, 1)) END",
            "signed_text": f"CASE WHEN {known} THEN 'March ' || year ELSE '' END",
            "period": f"CASE WHEN {known} AND mod(n, 6) > 0"
            " THEN daterange(make_date(year, 1, 1), make_date(year + 3 + years, 1, 1)) END",
            "adopted_by_id": f"CASE WHEN {known} THEN 1 + pg_temp.pick('adopted', n, {plan.agreements}) END",
            "adopted_at_id": f"CASE WHEN mod(n, 3) = 0 THEN 1 + pg_temp.pick('met', n, {4 * plan.groups}) END",
            "declared_areas": f"{plan.areas}",
            "declared_items": f"{-(-plan.items // plan.roadmaps)} + 10",
        },
    )
    yield Rows(
        Roadmap.basis.through,
        "",
        series(plan.roadmaps),
        {"roadmap_id": "n", "agreement_id": f"1 + pg_temp.pick('basis', n, {plan.agreements})"},
    )
    yield Rows(
        RoadmapArea,
        "ARE",
        f"SELECT (r - 1) * {plan.areas} + k AS n, r, k"
        f" FROM generate_series(1::bigint, {plan.roadmaps}) r, generate_series(1, {plan.areas}) k",
        {"roadmap_id": "r", "number": "k", "position": "k"},
    )


def _items(plan: Plan) -> Iterator[Rows]:
    """Open and as the document says; what moves and closes them comes after."""
    source = (
        f"SELECT d.*, r.id AS r, r.counterpart_id AS state FROM ({deadlines('item', plan.items)}) d"
        f" JOIN {table(Roadmap)} r ON r.id = 1 + pg_temp.pick('of roadmap', n, {plan.roadmaps})"
    )
    area = f"(r - 1) * {plan.areas} + 1 + pg_temp.pick('area', n, {plan.areas})"
    yield Rows(
        RoadmapItem,
        "ITM",
        source,
        {
            "name": "'Synthetic measure ' || n",
            "roadmap_id": "r",
            "area_id": f"CASE WHEN pg_temp.dice('in area', n) < 0.9 THEN {area} END",
            "number": "n",
            "position": "n",
            "wording": "'The synthetic sides carry out synthetic measure ' || n || '.'",
            "due": DUE,
            "due_text": DUE_TEXT,
            "lead_id": f"CASE WHEN pg_temp.dice('led', n) < 0.9 THEN {plan.under(str(HOME), 'lead')} END",
            "counterpart_lead_id": "CASE WHEN pg_temp.dice('led there', n) < 0.5"
            f" THEN {plan.under('state', 'lead there')} END",
            "working_group_id": "CASE WHEN pg_temp.dice('in group', n) < 0.4"
            f" THEN 1 + pg_temp.pick('group', n, {plan.groups}) END",
            "is_priority": "pg_temp.dice('priority', n) < 0.05",
        },
    )
    yield Rows(
        RoadmapItem.co_executors.through,
        "",
        f"SELECT n FROM ({series(plan.items)}) s WHERE pg_temp.dice('helped', n) < 0.2",
        {"roadmapitem_id": "n", "partner_id": plan.under(str(HOME), "helper")},
    )


def close_items(cursor: Any, plan: Plan, staff: Staff) -> None:
    """All of what a completed or expired roadmap promised; elsewhere most of the past and little of the future."""
    last = f"DATE '{LAST_DAY}'"
    cursor.execute(f"""
        UPDATE {table(RoadmapItem)} i
        SET closed_as = c.closed_as, closed_by_id = {staff.controller}, closed_why = 'Synthetic reason',
            closed_on = LEAST(COALESCE(upper(i.due), DATE '2024-07-01') + pg_temp.pick('closed on', i.id, 90) - 60,
                              {last}),
            carried_over_to_id = CASE WHEN c.closed_as = 'carried_over' THEN i.id + 1 END
        FROM (
            SELECT i.id, CASE WHEN how < 0.08 AND i.id < {plan.items} THEN 'carried_over'
                              WHEN how < 0.2 THEN 'dropped' ELSE 'fulfilled' END AS closed_as
            FROM {table(RoadmapItem)} i JOIN {table(Roadmap)} r ON r.id = i.roadmap_id
            CROSS JOIN LATERAL (SELECT pg_temp.dice('closed as', i.id) AS how) h
            WHERE r.status IN ('completed', 'expired')
               OR (r.status IN ('signed', 'in_implementation') AND pg_temp.dice('closed', i.id)
                   < CASE WHEN i.due IS NULL THEN 0.3 WHEN upper(i.due) <= {last} THEN 0.7 ELSE 0.05 END)
        ) c
        WHERE c.id = i.id
    """)
