# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
"""What is done: projects with their parties, measures and steps, the reports on them, and the indicators."""

from __future__ import annotations

from collections.abc import Iterator

from agreements.models import Roadmap, RoadmapItem
from projects.generating.accounts import OFFICERS, Staff
from projects.generating.deadlines import DUE, DUE_TEXT, LAST_DAY, deadlines
from projects.generating.plan import HOME, SECTORS, Plan
from projects.generating.rows import Rows, series, table, words
from projects.models import (
    Indicator,
    Milestone,
    Observation,
    Project,
    ProjectMeasure,
    ProjectParty,
    StatusUpdate,
    Target,
)


def delivery(plan: Plan, staff: Staff) -> Iterator[Rows]:
    yield from _projects(plan)
    yield from _project_parts(plan)
    yield from _reports(plan, staff)
    yield from _indicators(plan)


def _projects(plan: Plan) -> Iterator[Rows]:
    usual = ["interest", "proposed", "considered", *["planned"] * 2, *["agreed"] * 2, *["in_progress"] * 3]
    stages = words([*usual, "suspended", "completed", "operating", "cancelled", "not_said"])
    own = "pg_temp.dice('own deadline', n) < 0.5"
    worth = "pg_temp.dice('worth', n) < 0.4"
    yield Rows(
        Project,
        "PRJ",
        deadlines("project", plan.projects),
        {
            "stage_at_entry": f"({stages})[1 + pg_temp.pick('stage', n, 15)]",
            "proposed_by": "(ARRAY['us', 'them', 'both', 'not_said'])[1 + pg_temp.pick('proposer', n, 4)]",
            "lead_id": f"CASE WHEN pg_temp.dice('managed', n) < 0.8 THEN {plan.under(str(HOME), 'manager')} END",
            "working_group_id": f"CASE WHEN mod(n, 5) = 0 THEN 1 + pg_temp.pick('overseen', n, {plan.groups}) END",
            "agreement_id": f"CASE WHEN mod(n, 3) = 0 THEN 1 + pg_temp.pick('founded', n, {plan.agreements}) END",
            "place_id": plan.under(str(HOME), "place"),
            "follows_id": "CASE WHEN n > 1 AND pg_temp.dice('follows', n) < 0.03 THEN n - 1 END",
            "started": "CASE WHEN pg_temp.dice('begun', n) < 0.5"
            " THEN daterange(make_date(2022, 1, 1), make_date(2023, 1, 1)) END",
            "due": f"CASE WHEN {own} THEN {DUE} END",
            "due_text": f"CASE WHEN {own} THEN {DUE_TEXT} ELSE '' END",
            "value": f"CASE WHEN {worth} THEN 10000 * (1 + pg_temp.pick('value', n, 5000)) END",
            "value_is_estimate": f"{worth} AND mod(n, 2) = 0",
            "currency": f"CASE WHEN {worth} THEN (ARRAY['USD', 'BYN', 'EUR'])[1 + mod(n, 3)] ELSE '' END",
            "is_priority": "pg_temp.dice('urgent', n) < 0.05",
            "monitored_since": "DATE '2022-01-01' + pg_temp.pick('monitored', n, 700)",
        },
    )
    yield Rows(
        Project.items.through,
        "",
        f"SELECT 2 * p - 2 + k AS n, p, k FROM generate_series(1::bigint, {plan.projects}) p,"
        f" generate_series(1, 2) k WHERE k <= LEAST(pg_temp.pick('links', p, 3), {plan.items})",
        {
            "project_id": "p",
            # The second lies half the register away from the first, so never is the first.
            "roadmapitem_id": f"CASE k WHEN 1 THEN 2 * p - 1"
            f" ELSE 1 + mod(2 * p - 2 + {(plan.items + 1) // 2}, {plan.items}) END",
        },
    )
    yield Rows(
        Project.raised_at.through,
        "",
        f"SELECT n FROM ({series(plan.projects)}) s WHERE mod(n, 5) = 1",
        {"project_id": "n", "meeting_id": f"1 + pg_temp.pick('raised', n, {4 * plan.groups})"},
    )
    yield Rows(
        Project.sectors.through,
        "",
        f"SELECT n FROM ({series(plan.projects)}) s WHERE mod(n, 2) = 1",
        {"project_id": "n", "sector_id": f"1 + pg_temp.pick('project field', n, {len(SECTORS)})"},
    )


def _project_parts(plan: Plan) -> Iterator[Rows]:
    each = f"generate_series(1::bigint, {plan.projects}) p, generate_series(1, 3) k"
    promised = (
        f"(SELECT r.counterpart_id FROM {table(RoadmapItem)} i JOIN {table(Roadmap)} r ON r.id = i.roadmap_id"
        " WHERE i.id = 2 * p - 1 AND pg_temp.pick('links', p, 3) > 0)"
    )
    other = f"COALESCE({promised}, {plan.counterpart('with', 'p')})"
    yield Rows(
        ProjectParty,
        "PPY",
        f"SELECT (p - 1) * 3 + k AS n, p, k FROM {each}"
        " WHERE pg_temp.dice('has party', p * 3 + k) < (ARRAY[0.6, 0.3, 0.1])[k]",
        {
            "project_id": "p",
            "partner_id": f"CASE k WHEN 1 THEN {other} ELSE {plan.under(str(HOME), 'with us')} END",
            "role": "(ARRAY['counterpart', 'co_executor', 'beneficiary'])[k]",
        },
    )
    yield Rows(
        ProjectMeasure,
        "MSR",
        f"SELECT n FROM ({series(plan.projects)}) s WHERE mod(n, 3) = 1",
        {
            "project_id": "n",
            "kind": "(ARRAY['capacity', 'area', 'jobs', 'quantity'])[1 + mod(n, 4)]",
            "value": "1 + pg_temp.pick('measure', n, 900)",
            "unit": "(ARRAY['t', 'ha', 'jobs', 'pieces'])[1 + mod(n, 4)]",
        },
    )
    steps = (
        f"SELECT d.*, p, k FROM ({deadlines('step', 2 * plan.projects)}) d"
        " CROSS JOIN LATERAL (SELECT (n + 1) / 2 AS p, 1 + mod(n - 1, 2)::int AS k) s"
        " WHERE k <= pg_temp.pick('steps', p, 10) - 7"
    )
    yield Rows(
        Milestone,
        "MIL",
        steps,
        {
            "project_id": "p",
            "due": DUE,
            "due_text": DUE_TEXT,
            "position": "k",
            "reached_on": f"CASE WHEN pg_temp.dice('reached', n) < 0.3 THEN DATE '{LAST_DAY}'"
            " - pg_temp.pick('reached on', n, 900) END",
        },
    )


def _reports(plan: Plan, staff: Staff) -> Iterator[Rows]:
    """Up to four reports a project, a quarter apart; only the last may still wait. A returned one is replaced."""
    source = (
        "SELECT *, CASE WHEN k < last THEN CASE WHEN how < 0.85 THEN 'accepted' ELSE 'returned' END"
        " WHEN how < 0.6 THEN 'accepted' WHEN how < 0.7 THEN 'returned' WHEN how < 0.9 THEN 'submitted'"
        " ELSE 'draft' END AS state,"
        f" LEAST(DATE '{LAST_DAY}', DATE '2022-01-01' + begun + k * 90 + pg_temp.pick('day', n, 20)) AS day"
        " FROM (SELECT (p - 1) * 4 + k AS n, p, k, last, pg_temp.dice('report', (p - 1) * 4 + k) AS how,"
        " pg_temp.dice('report', (p - 1) * 4 + k - 1) AS before, pg_temp.pick('begun', p, 1300) AS begun"
        f" FROM (SELECT n AS p, pg_temp.pick('reports', n, 5) AS last FROM ({series(plan.projects)}) s)"
        " c, generate_series(1, 4) k WHERE k <= last) r"
    )
    stages = words(["agreed", *["in_progress"] * 4, "suspended", "completed", "operating"])
    decided = "state IN ('accepted', 'returned')"
    yield Rows(
        StatusUpdate,
        "UPD",
        source,
        {
            "project_id": "p",
            "state": "state",
            "stage": f"({stages})[1 + pg_temp.pick('reported', n, CASE WHEN k < last THEN 6 ELSE 8 END)]",
            "confidence": "(ARRAY['on_track', 'at_risk', 'delayed'])[1 + pg_temp.pick('confidence', n, 3)]",
            "progress": "LEAST(100, k * 20 + pg_temp.pick('progress', n, 30))",
            "text": "'Synthetic news ' || k || ' of project ' || p || '.'",
            "next_step": "'Synthetic next step'",
            "next_step_due": "CASE WHEN mod(n, 2) = 0 THEN daterange(day + 30, day + 60) END",
            "author_id": f"{staff.officers}[1 + mod(p, {OFFICERS})]",
            "follows_id": "CASE WHEN k > 1 AND before >= 0.85 THEN n - 1 END",
            "submitted_on": "CASE WHEN state <> 'draft' THEN day END",
            "decided_by_id": f"CASE WHEN {decided} THEN {staff.controller} END",
            "decided_at": f"CASE WHEN {decided} THEN (day + time '12:00') AT TIME ZONE 'Europe/Minsk' END",
            "decision_text": "CASE WHEN state = 'returned' THEN 'Synthetic question' ELSE '' END",
        },
    )


def _indicators(plan: Plan) -> Iterator[Rows]:
    def of(turn: int, key: str) -> str:
        return f"CASE WHEN mod(n, 5) = {turn} THEN {key} END"

    trade = "mod(n, 5) = 0"
    yield Rows(
        Indicator,
        "IND",
        series(plan.indicators),
        {
            "subject_id": of(0, str(HOME)),
            "counterpart_id": of(0, plan.counterpart("measured", "(n / 5)")),
            "roadmap_id": of(1, f"1 + pg_temp.pick('roadmap', n, {plan.roadmaps})"),
            "working_group_id": of(2, f"1 + pg_temp.pick('body', n, {plan.groups})"),
            "meeting_id": of(3, f"1 + pg_temp.pick('meeting', n, {4 * plan.groups})"),
            "project_id": of(4, f"1 + pg_temp.pick('project', n, {plan.projects})"),
            "quantity": f"CASE WHEN {trade} THEN 'synthetic trade' ELSE 'synthetic output' END",
            "unit": f"CASE WHEN {trade} THEN 'USD' ELSE 't' END",
            "currency": f"CASE WHEN {trade} THEN 'USD' ELSE '' END",
        },
    )
    for model, prefix, years in ((Target, "TGT", 1), (Observation, "OBS", 3)):
        yield Rows(
            model,
            prefix,
            f"SELECT (i - 1) * {years} + k AS n, i, k FROM generate_series(1::bigint, {plan.indicators}) i,"
            f" generate_series(1, {years}) k",
            {
                "indicator_id": "i",
                "value": f"100 + pg_temp.pick('{prefix}', n, 900)",
                "qualifier": "(ARRAY['exactly', 'about', 'more_than'])[1 + mod(n, 3)]",
                "period": "daterange(make_date(2022 + k, 1, 1), make_date(2023 + k, 1, 1))",
            },
        )
