# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
"""What was agreed on: the bodies, their meetings, and the documents."""

from __future__ import annotations

from collections.abc import Iterator

from agreements.models import (
    Agreement,
    AgreementParty,
    AgreementRelation,
    Meeting,
    MeetingParticipant,
    TermChange,
    WorkingGroup,
)
from projects.generating.plan import HOME, LARGEST, SECTORS, Plan
from projects.generating.rows import Rows, series, table, words


def agreements(plan: Plan) -> Iterator[Rows]:
    yield from _bodies(plan)
    yield from _meetings(plan)
    yield from _documents(plan)


def _bodies(plan: Plan) -> Iterator[Rows]:
    """A commission, then four groups of it."""
    yield Rows(
        WorkingGroup,
        "WGR",
        series(plan.groups),
        {
            "kind": "CASE mod(n, 5) WHEN 1 THEN 'commission' WHEN 0 THEN 'sub_group' ELSE 'working_group' END",
            "status": "CASE WHEN pg_temp.dice('dissolved', n) < 0.1 THEN 'dissolved' ELSE 'working' END",
            "parent_id": "CASE WHEN mod(n, 5) <> 1 THEN n - mod(n - 1, 5) END",
            "established": "daterange(make_date(2015 + pg_temp.pick('set up', n, 6), 1, 1), DATE '2021-01-01')",
        },
    )
    groups = f"SELECT id, (id + 4) / 5 AS commission, mod(id - 1, 5) + 1 AS own FROM {table(WorkingGroup)}"
    counterpart = plan.counterpart("commission", "commission")
    yield Rows(
        WorkingGroup.sides.through,
        "",
        f"SELECT 2 * id - side AS n, side, g.* FROM ({groups}) g, generate_series(0, 1) side",
        {"workinggroup_id": "id", "partner_id": f"CASE side WHEN 0 THEN {HOME} ELSE {counterpart} END"},
    )
    yield Rows(
        WorkingGroup.sectors.through,
        "",
        f"SELECT id AS n, id, own FROM ({groups}) g WHERE own > 1",
        {"workinggroup_id": "id", "sector_id": f"1 + pg_temp.pick('field', id, {len(SECTORS)})"},
    )


def _meetings(plan: Plan) -> Iterator[Rows]:
    """Three sessions of each body, a group's within its commission's, then forums."""
    sessions = (
        "SELECT (g.id - 1) * 3 + k AS n, g.id AS body, g.parent_id AS above, k,"
        f" CASE mod(g.id, 5) WHEN 1 THEN 'session' ELSE 'talks' END AS what"
        f" FROM {table(WorkingGroup)} g, generate_series(1, 3) k"
    )
    held = "make_date(2022 + {k}, 1 + pg_temp.pick('month held', n, 6), 1 + pg_temp.pick('day held', n, 27))"
    session_day, forum_day = held.format(k="k"), held.format(k="pg_temp.pick('year held', n, 5)")
    yield Rows(
        Meeting,
        "MTG",
        sessions,
        {
            "kind": "what",
            "working_group_id": "body",
            "ordinal": "k",
            "held": f"daterange({session_day}, {session_day} + 1)",
            "parent_id": "(above - 1) * 3 + k",
            "place_id": f"CASE mod(k, 2) WHEN 0 THEN {HOME} ELSE {LARGEST} END",
            "outcome": "'Synthetic protocol ' || n",
        },
    )
    forums = f"SELECT {3 * plan.groups} + f AS n FROM generate_series(1::bigint, {plan.forums}) f"
    yield Rows(
        Meeting,
        "MTG",
        forums,
        {
            "kind": "(ARRAY['forum', 'fair', 'conference', 'visit'])[1 + mod(n, 4)]",
            "held": f"daterange({forum_day}, {forum_day} + 3)",
            "declared_documents": "1 + pg_temp.pick('documents', n, 30)",
            "declared_documents_qualifier": "'more_than'",
            "declared_value": "1000000 * (1 + pg_temp.pick('total', n, 50))",
            "currency": "'USD'",
        },
    )
    guest = f"CASE side WHEN 0 THEN {HOME} ELSE {plan.counterpart('guest', 'meeting')} END"
    yield Rows(
        MeetingParticipant,
        "MPT",
        f"SELECT 2 * id - side AS n, id AS meeting, side FROM {table(Meeting)}, generate_series(0, 1) side",
        {
            "meeting_id": "meeting",
            "partner_id": guest,
            "role": "CASE side WHEN 0 THEN 'host' ELSE 'participant' END",
        },
    )


def _documents(plan: Plan) -> Iterator[Rows]:
    documents = (
        f"SELECT n, make_date(2010 + pg_temp.pick('signed', n, 14), 1 + pg_temp.pick('m', n, 12), 1) AS day,"
        f" mod(n, 25) = 0 AS bundle FROM ({series(plan.agreements)}) s"
    )
    month = "(day + interval '1 month')::date"
    between = ["interstate", "intergovernmental", "interagency", "twinning"]
    kinds = words([*between, "memorandum", "programme", "plan", "contract"])
    yield Rows(
        Agreement,
        "AGR",
        documents,
        {
            "kind": f"({kinds})[1 + pg_temp.pick('document', n, 8)]",
            "status": "(ARRAY['signed', 'in_force', 'terminated', 'not_said'])[1 + pg_temp.pick('status', n, 4)]",
            "subject": "'Synthetic subject ' || n",
            "signed": f"daterange(day, {month})",
            "signed_text": "to_char(day, 'MM.YYYY')",
            "in_force": f"CASE WHEN pg_temp.dice('in force', n) < 0.7 THEN daterange({month}, {month} + 1) END",
            "valid_until": "CASE WHEN pg_temp.dice('ends', n) < 0.4"
            " THEN daterange(make_date(2024 + pg_temp.pick('end', n, 6), 1, 1), DATE '2031-01-01') END",
            "renewal": "(ARRAY['not_said', 'never', 'tacit', 'express'])[1 + pg_temp.pick('renewal', n, 4)]",
            "parent_id": "CASE WHEN n > 1 AND mod(n, 10) = 0 THEN n - 1 END",
            "place_id": f"{HOME}",
            "meeting_id": f"CASE WHEN mod(n, 4) = 0 THEN 1 + pg_temp.pick('at', n, {4 * plan.groups}) END",
            "is_bundle": "bundle",
            "declared_documents": "CASE WHEN bundle THEN 12 END",
            "value": "CASE WHEN bundle THEN 26000000 END",
            "currency": "CASE WHEN bundle THEN 'USD' ELSE '' END",
        },
    )
    state = plan.counterpart("party", "a")
    yield Rows(
        AgreementParty,
        "PTY",
        f"SELECT (a - 1) * 4 + k AS n, a, k FROM generate_series(1::bigint, {plan.agreements}) a,"
        " generate_series(1, 4) k WHERE k < 3 OR pg_temp.dice('more parties', a * 4 + k) < 0.5",
        {
            "agreement_id": "a",
            "partner_id": f"CASE k WHEN 1 THEN {HOME} WHEN 2 THEN {state}"
            f" WHEN 3 THEN {plan.under(str(HOME), 'home party')} ELSE {plan.under(state, 'foreign party')} END",
            "signatory": "'Synthetic signatory ' || n",
        },
    )
    yield Rows(
        AgreementRelation,
        "REL",
        f"SELECT a / 7 AS n, a FROM generate_series(7::bigint, {plan.agreements}, 7) a",
        {
            "agreement_id": "a",
            "kind": "(ARRAY['amends', 'supersedes', 'implements', 'leads_to'])[1 + mod(n, 4)]",
            "to_id": "a - 1",
        },
    )
    yield Rows(
        TermChange,
        "TRM",
        f"SELECT a / 11 AS n, a FROM generate_series(11::bigint, {plan.agreements}, 11) a",
        {
            "agreement_id": "a",
            "kind": "(ARRAY['extension', 'suspension'])[1 + mod(n, 2)]",
            "since": "date '2024-01-01' + pg_temp.pick('term change', n, 700)",
            "until": "date '2026-06-30' + pg_temp.pick('new term', n, 1000)",
        },
    )
    yield Rows(
        Agreement.sectors.through,
        "",
        series(plan.agreements),
        {"agreement_id": "n", "sector_id": f"1 + pg_temp.pick('agreed field', n, {len(SECTORS)})"},
    )
