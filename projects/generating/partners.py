# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
"""Who: the partners, and what is there before anything is agreed on, the sectors and the source."""

from __future__ import annotations

from collections.abc import Iterator

from partners.models import Contact, Partner, PartnerAlias, Sector, Source
from projects.generating.plan import SECTORS, STATES, Plan
from projects.generating.rows import Rows, series, table, words


def ground(plan: Plan) -> Iterator[Rows]:
    kinds = words(SECTORS)
    yield Rows(Sector, "SEC", series(len(SECTORS)), {"name": f"'Synthetic ' || ({kinds})[n]"})
    yield Rows(
        Source,
        "SOURCE",
        series(1),
        {
            "reference": "'SYN-SOURCE'",
            "kind": "'document'",
            "title": f"'Synthetic register, seed {plan.seed}'",
            "note": "'Made by a program. None of it was ever agreed on.'",
        },
    )
    yield from _partners(plan)
    one_in_three = f"SELECT p.id AS partner, (p.id + 2) / 3 AS n FROM {table(Partner)} p WHERE mod(p.id, 3) = 1"
    yield Rows(
        PartnerAlias,
        "ALS",
        f"SELECT id AS n, kind FROM {table(Partner)}",
        {"partner_id": "n", "text": "'Synthetic ' || upper(left(kind, 3)) || n", "kind": "'abbreviation'"},
    )
    yield Rows(
        Contact,
        "PRS",
        one_in_three,
        {
            "partner_id": "partner",
            "full_name": "'Synthetic Person ' || n",
            "position": "'synthetic counsellor'",
            "email": "'person-' || n || '@synthetic.example'",
            "is_active": "pg_temp.dice('in office', n) < 0.9",
        },
    )


def _partners(plan: Plan) -> Iterator[Rows]:
    """States first, then in turn an authority, a region, an enterprise and a university of each."""
    codes = words(STATES.split())
    yield Rows(
        Partner,
        "PRT",
        series(plan.states),
        {"kind": "'state'", "country": f"({codes})[n]", "name": f"'Synthetic state ' || ({codes})[n]"},
    )
    organisations = (
        f"SELECT n, 1 + mod(n - 1, {plan.states}) AS state, mod((n - 1) / {plan.states} - 1, 4) AS turn"
        f" FROM generate_series({plan.states + 1}::bigint, {plan.states * (1 + plan.per_state)}) n"
    )
    up = f"n - {plan.states}"
    yield Rows(
        Partner,
        "PRT",
        organisations,
        {
            "kind": "(ARRAY['authority', 'region', 'enterprise', 'university'])[turn + 1]",
            "country": f"({codes})[state]",
            "name": "'Synthetic ' || (ARRAY['ministry', 'region', 'enterprise', 'university'])[turn + 1]"
            f" || ' ' || n || ' (' || ({codes})[state] || ')'",
            "parent_id": f"CASE turn WHEN 0 THEN state WHEN 2 THEN {up} * 2 WHEN 3 THEN {up} * 3 END",
            "located_in_id": f"CASE turn WHEN 1 THEN state WHEN 2 THEN {up} WHEN 3 THEN {up} * 2 END",
            "is_placeholder": "turn = 2 AND pg_temp.dice('unnamed', n) < 0.1",
        },
    )
    partners = f"SELECT id, kind, parent_id FROM {table(Partner)}"
    yield Rows(
        Partner.founders.through,
        "",
        f"SELECT id AS n, id, parent_id FROM ({partners}) p WHERE kind = 'enterprise'",
        {"from_partner_id": "id", "to_partner_id": "parent_id"},
    )
    yield Rows(
        Partner.sectors.through,
        "",
        f"SELECT id AS n, id FROM ({partners}) p WHERE kind <> 'state'",
        {"partner_id": "id", "sector_id": f"1 + pg_temp.pick('sector', id, {len(SECTORS)})"},
    )
