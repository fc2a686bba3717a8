"""Makes a synthetic register of any size, by SQL that runs through the same triggers and CHECKs as all other writing.

Every reference begins with SYN-, every name says "synthetic", every record cites SYN-SOURCE. The dice are hashes of
the seed, the name of a choice and the row's number, so that a seed gives the same register on every server. What is
reported, closed or moved happened up to `LAST_DAY`.

Within the tables below `n` is the row's number and its id. One partner, China's state, has 30 % of everything.
"""

# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from math import isqrt
from typing import Any

import pghistory
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import NOT_PROVIDED
from django.utils.translation import gettext as _
from psycopg import sql

from agreements.models import (
    Agreement,
    AgreementParty,
    AgreementRelation,
    ItemRescheduling,
    Meeting,
    MeetingParticipant,
    Roadmap,
    RoadmapArea,
    RoadmapItem,
    TermChange,
    WorkingGroup,
)
from agreements.models.standing import ITEMS
from partners.models import Citation, Cited, Contact, Named, Partner, PartnerAlias, Record, Reference, Sector, Source
from partners.standing import spans_later
from projects.models import (
    Indicator,
    Milestone,
    Observation,
    Project,
    ProjectMeasure,
    ProjectParty,
    ProjectRescheduling,
    StatusUpdate,
    Target,
)
from projects.models.standing import PROJECTS

MOST = 100_000_000  # the numbers of events are 32 bits wide, and an item brings about a dozen events
LAST_DAY = date(2026, 6, 30)
HOME, LARGEST = 1, 2
# The home side, the largest partner, and the others.
STATES = "BY CN RU KZ VN IN PK IR TR AE EG ZW GQ VE CU BR RS UZ TJ KG AZ GE AM MN LA KH ID MY TH NG KE ET ZA MA DZ SA"
SECTORS = ("industry", "agriculture", "health", "education", "transport", "energy", "science", "trade")
OFFICERS, CONTROLLER = 3, "synthetic-controller"


class Refused(Exception):
    """Nothing was written, and why."""


@dataclass(frozen=True)
class Rows:
    """The rows of one table: SQL that gives `n` and what the columns' expressions need, in any order."""

    model: type[models.Model]
    prefix: str
    source: str
    columns: dict[str, str] = field(default_factory=dict)


def generate(items: int, seed: int = 1) -> dict[str, int]:
    """Write a register of so many roadmap items; the rows written, by table. One transaction.

    Raises Refused when the number is out of range or the register is not empty.
    """
    if not 1 <= items <= MOST:
        raise Refused(_("The number of items is from 1 to %(most)s.") % {"most": MOST})
    with transaction.atomic(), pghistory.context(door="generate"), connection.cursor() as cursor:
        _take_register(cursor)
        with spans_later():
            written = Generator(cursor, items, seed).run()
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


class Generator:
    """One run. Sizes grow as in a ministry: items and what hangs on them fast, bodies and partners slowly."""

    def __init__(self, cursor: Any, items: int, seed: int) -> None:
        self.cursor, self.seed, self.items = cursor, int(seed), items
        self.states = len(STATES.split())
        self.per_state = 4 * min(5, 1 + items // 200_000)
        self.roadmaps = 20 * max(1, round(isqrt(items) / 50))
        self.areas = 15
        self.groups = self.roadmaps // 2
        self.forums = self.groups
        self.agreements = max(30, items // 50)
        self.projects = (items + 1) // 2
        self.indicators = max(25, items // 50)
        self.written: dict[str, int] = {}

    def run(self) -> dict[str, int]:
        self._throw_dice()
        self._accounts()
        for rows in [*self._ground(), *self._promises()]:
            self._insert(rows)
        self._move(RoadmapItem, ItemRescheduling, "item")
        self._close_items()
        self._ask_for_moves(RoadmapItem, ItemRescheduling, "item", "closed_as = ''")
        for rows in self._delivery():
            self._insert(rows)
        self._move(Project, ProjectRescheduling, "project")
        self._ask_for_moves(Project, ProjectRescheduling, "project", "TRUE")
        self._finish()
        return self.written

    # Dice

    def _throw_dice(self) -> None:
        """`dice` gives a number from 0 up to 1, `pick` a whole one from 0 up to `faces`; gone with the session."""
        self.cursor.execute(f"""
            CREATE OR REPLACE FUNCTION pg_temp.dice(choice text, n bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
                SELECT ('x' || substr(md5(choice || n::text || ':{self.seed}'), 1, 7))::bit(28)::int / 268435456::float8
            $$;
            CREATE OR REPLACE FUNCTION pg_temp.pick(choice text, n bigint, faces bigint) RETURNS int LANGUAGE sql
            IMMUTABLE AS $$
                SELECT floor(('x' || substr(md5(choice || n::text || ':{self.seed}'), 1, 7))::bit(28)::int
                    / 268435456::float8 * faces)::int
            $$
        """)

    def _counterpart(self, choice: str, n: str = "n") -> str:
        """The id of a foreign state; the largest partner in 3 of 10."""
        others = f"{LARGEST + 1} + pg_temp.pick('{choice}', {n}, {self.states - LARGEST})"
        return f"CASE WHEN mod({n} - 1, 10) < 3 THEN {LARGEST} ELSE {others} END"

    def _under(self, state: str, choice: str, n: str = "n") -> str:
        """The id of an organisation of a state (SQL for its id)."""
        return f"{self.states} * (1 + pg_temp.pick('{choice}', {n}, {self.per_state})) + ({state})"

    # Accounts

    def _accounts(self) -> None:
        """Nobody can log in with these."""
        users = get_user_model()
        names = [f"synthetic-officer-{number}" for number in range(1, OFFICERS + 1)]
        ids = []
        for name in [*names, CONTROLLER]:
            user, is_new = users.objects.get_or_create(username=name)
            if is_new:
                user.set_unusable_password()
                user.save(update_fields=["password"])
                user.groups.add(Group.objects.get(name="controller" if name == CONTROLLER else "officer"))
            ids.append(user.pk)
        self.officers = f"(ARRAY{ids[:-1]})"
        self.controller = str(ids[-1])

    # Partners

    def _ground(self) -> Iterator[Rows]:
        kinds = _words(SECTORS)
        yield Rows(Sector, "SEC", _series(len(SECTORS)), {"name": f"'Synthetic ' || ({kinds})[n]"})
        yield Rows(
            Source,
            "SOURCE",
            _series(1),
            {
                "reference": "'SYN-SOURCE'",
                "kind": "'document'",
                "title": f"'Synthetic register, seed {self.seed}'",
                "note": "'Made by a program. None of it was ever agreed on.'",
            },
        )
        yield from self._partners()
        one_in_three = f"SELECT p.id AS partner, (p.id + 2) / 3 AS n FROM {_table(Partner)} p WHERE mod(p.id, 3) = 1"
        yield Rows(
            PartnerAlias,
            "ALS",
            f"SELECT id AS n, kind FROM {_table(Partner)}",
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

    def _partners(self) -> Iterator[Rows]:
        """States first, then in turn an authority, a region, an enterprise and a university of each."""
        codes = _words(STATES.split())
        yield Rows(
            Partner,
            "PRT",
            _series(self.states),
            {"kind": "'state'", "country": f"({codes})[n]", "name": f"'Synthetic state ' || ({codes})[n]"},
        )
        organisations = (
            f"SELECT n, 1 + mod(n - 1, {self.states}) AS state, mod((n - 1) / {self.states} - 1, 4) AS turn"
            f" FROM generate_series({self.states + 1}::bigint, {self.states * (1 + self.per_state)}) n"
        )
        up = f"n - {self.states}"
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
        partners = f"SELECT id, kind, parent_id FROM {_table(Partner)}"
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

    # What was promised

    def _promises(self) -> Iterator[Rows]:
        yield from self._bodies()
        yield from self._meetings()
        yield from self._agreements()
        yield from self._roadmaps()
        yield from self._items()

    def _bodies(self) -> Iterator[Rows]:
        """A commission, then four groups of it."""
        yield Rows(
            WorkingGroup,
            "WGR",
            _series(self.groups),
            {
                "kind": "CASE mod(n, 5) WHEN 1 THEN 'commission' WHEN 0 THEN 'sub_group' ELSE 'working_group' END",
                "status": "CASE WHEN pg_temp.dice('dissolved', n) < 0.1 THEN 'dissolved' ELSE 'working' END",
                "parent_id": "CASE WHEN mod(n, 5) <> 1 THEN n - mod(n - 1, 5) END",
                "established": "daterange(make_date(2015 + pg_temp.pick('set up', n, 6), 1, 1), DATE '2021-01-01')",
            },
        )
        groups = f"SELECT id, (id + 4) / 5 AS commission, mod(id - 1, 5) + 1 AS own FROM {_table(WorkingGroup)}"
        counterpart = self._counterpart("commission", "commission")
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

    def _meetings(self) -> Iterator[Rows]:
        """Three sessions of each body, a group's within its commission's, then forums."""
        sessions = (
            "SELECT (g.id - 1) * 3 + k AS n, g.id AS body, g.parent_id AS above, k,"
            f" CASE mod(g.id, 5) WHEN 1 THEN 'session' ELSE 'talks' END AS what"
            f" FROM {_table(WorkingGroup)} g, generate_series(1, 3) k"
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
        forums = f"SELECT {3 * self.groups} + f AS n FROM generate_series(1::bigint, {self.forums}) f"
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
        guest = f"CASE side WHEN 0 THEN {HOME} ELSE {self._counterpart('guest', 'meeting')} END"
        yield Rows(
            MeetingParticipant,
            "MPT",
            f"SELECT 2 * id - side AS n, id AS meeting, side FROM {_table(Meeting)}, generate_series(0, 1) side",
            {
                "meeting_id": "meeting",
                "partner_id": guest,
                "role": "CASE side WHEN 0 THEN 'host' ELSE 'participant' END",
            },
        )

    def _agreements(self) -> Iterator[Rows]:
        documents = (
            f"SELECT n, make_date(2010 + pg_temp.pick('signed', n, 14), 1 + pg_temp.pick('m', n, 12), 1) AS day,"
            f" mod(n, 25) = 0 AS bundle FROM ({_series(self.agreements)}) s"
        )
        month = "(day + interval '1 month')::date"
        between = ["interstate", "intergovernmental", "interagency", "twinning"]
        kinds = _words([*between, "memorandum", "programme", "plan", "contract"])
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
                "meeting_id": f"CASE WHEN mod(n, 4) = 0 THEN 1 + pg_temp.pick('at', n, {4 * self.groups}) END",
                "is_bundle": "bundle",
                "declared_documents": "CASE WHEN bundle THEN 12 END",
                "value": "CASE WHEN bundle THEN 26000000 END",
                "currency": "CASE WHEN bundle THEN 'USD' ELSE '' END",
            },
        )
        state = self._counterpart("party", "a")
        yield Rows(
            AgreementParty,
            "PTY",
            f"SELECT (a - 1) * 4 + k AS n, a, k FROM generate_series(1::bigint, {self.agreements}) a,"
            " generate_series(1, 4) k WHERE k < 3 OR pg_temp.dice('more parties', a * 4 + k) < 0.5",
            {
                "agreement_id": "a",
                "partner_id": f"CASE k WHEN 1 THEN {HOME} WHEN 2 THEN {state}"
                f" WHEN 3 THEN {self._under(str(HOME), 'home party')} ELSE {self._under(state, 'foreign party')} END",
                "signatory": "'Synthetic signatory ' || n",
            },
        )
        yield Rows(
            AgreementRelation,
            "REL",
            f"SELECT a / 7 AS n, a FROM generate_series(7::bigint, {self.agreements}, 7) a",
            {
                "agreement_id": "a",
                "kind": "(ARRAY['amends', 'supersedes', 'implements', 'leads_to'])[1 + mod(n, 4)]",
                "to_id": "a - 1",
            },
        )
        yield Rows(
            TermChange,
            "TRM",
            f"SELECT a / 11 AS n, a FROM generate_series(11::bigint, {self.agreements}, 11) a",
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
            _series(self.agreements),
            {"agreement_id": "n", "sector_id": f"1 + pg_temp.pick('agreed field', n, {len(SECTORS)})"},
        )

    def _roadmaps(self) -> Iterator[Rows]:
        """Of each 20, 14 are in force; one was never implemented."""
        # 7 and 20 have no common factor, so each status falls on the large partner and on small ones in turn.
        statuses = _words(
            ["in_implementation"] * 10
            + ["signed"] * 4
            + ["completed"] * 2
            + ["expired", "not_implemented", "prospective", "draft"]
        )
        source = (
            f"SELECT n, ({statuses})[1 + mod((n - 1) * 7, 20)] AS status, 2021 + pg_temp.pick('from', n, 2) AS year,"
            f" pg_temp.pick('years', n, 4) AS years FROM ({_series(self.roadmaps)}) s"
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
                "counterpart_id": self._counterpart("roadmap"),
                "signed": f"CASE WHEN {known} THEN daterange(make_date(year, 3, 1), make_date(year, 4, 1)) END",
                "signed_text": f"CASE WHEN {known} THEN 'March ' || year ELSE '' END",
                "period": f"CASE WHEN {known} AND mod(n, 6) > 0"
                " THEN daterange(make_date(year, 1, 1), make_date(year + 3 + years, 1, 1)) END",
                "adopted_by_id": f"CASE WHEN {known} THEN 1 + pg_temp.pick('adopted', n, {self.agreements}) END",
                "adopted_at_id": f"CASE WHEN mod(n, 3) = 0 THEN 1 + pg_temp.pick('met', n, {4 * self.groups}) END",
                "declared_areas": f"{self.areas}",
                "declared_items": f"{-(-self.items // self.roadmaps)} + 10",
            },
        )
        yield Rows(
            Roadmap.basis.through,
            "",
            _series(self.roadmaps),
            {"roadmap_id": "n", "agreement_id": f"1 + pg_temp.pick('basis', n, {self.agreements})"},
        )
        yield Rows(
            RoadmapArea,
            "ARE",
            f"SELECT (r - 1) * {self.areas} + k AS n, r, k"
            f" FROM generate_series(1::bigint, {self.roadmaps}) r, generate_series(1, {self.areas}) k",
            {"roadmap_id": "r", "number": "k", "position": "k"},
        )

    def _items(self) -> Iterator[Rows]:
        """Open and as the document says; what moves and closes them comes after."""
        source = (
            f"SELECT d.*, r.id AS r, r.counterpart_id AS state FROM ({_deadlines('item', self.items)}) d"
            f" JOIN {_table(Roadmap)} r ON r.id = 1 + pg_temp.pick('of roadmap', n, {self.roadmaps})"
        )
        area = f"(r - 1) * {self.areas} + 1 + pg_temp.pick('area', n, {self.areas})"
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
                "lead_id": f"CASE WHEN pg_temp.dice('led', n) < 0.9 THEN {self._under(str(HOME), 'lead')} END",
                "counterpart_lead_id": "CASE WHEN pg_temp.dice('led there', n) < 0.5"
                f" THEN {self._under('state', 'lead there')} END",
                "working_group_id": "CASE WHEN pg_temp.dice('in group', n) < 0.4"
                f" THEN 1 + pg_temp.pick('group', n, {self.groups}) END",
                "is_priority": "pg_temp.dice('priority', n) < 0.05",
            },
        )
        yield Rows(
            RoadmapItem.co_executors.through,
            "",
            f"SELECT n FROM ({_series(self.items)}) s WHERE pg_temp.dice('helped', n) < 0.2",
            {"roadmapitem_id": "n", "partner_id": self._under(str(HOME), "helper")},
        )

    # What moves and closes a promise

    def _move(self, model: type[Record], ledger: type[Record], subject: str) -> None:
        """Agreed moves by a year, in two rounds, each the row of the ledger and then the deadline itself."""
        for share, latest in ((0.12, "2025-04-20"), (0.03, "2026-05-01")):
            asked = f"LEAST(upper(due) - 40, DATE '{latest}')"
            self._insert(
                Rows(
                    ledger,
                    _prefix(ledger),
                    self._movable(model, ledger, f"pg_temp.dice('moved', id) < {share}"),
                    {
                        **self._request(subject, asked),
                        "decision": "'agreed'",
                        "decided_on": f"{asked} + 20",
                        "decided_by_id": self.controller,
                    },
                )
            )
            self.cursor.execute(
                f"UPDATE {_table(model)} s SET due = m.new_due FROM {_table(ledger)} m"
                f" WHERE m.{subject}_id = s.id AND m.old_due = s.due AND s.due IS NOT NULL"
            )

    def _ask_for_moves(self, model: type[Record], ledger: type[Record], subject: str, where: str) -> None:
        """Requests that wait, and some that were refused."""
        asked = "DATE '2026-06-01' + pg_temp.pick('asked', id, 20)"
        request = self._request(subject, asked)
        dice = f"{where} AND pg_temp.dice('asks', id)"
        waiting = self._movable(model, ledger, f"{dice} < 0.06")
        self._insert(Rows(ledger, _prefix(ledger), waiting, {**request, "decision": "'pending'"}))
        refused = {"decided_on": f"{asked} + 5", "decided_by_id": self.controller, "decision_text": "'Synthetic no.'"}
        turned_down = self._movable(model, ledger, f"{dice} BETWEEN 0.06 AND 0.09")
        self._insert(Rows(ledger, _prefix(ledger), turned_down, {**request, **refused, "decision": "'refused'"}))

    def _movable(self, model: type[Record], ledger: type[Record], where: str) -> str:
        return (
            f"SELECT (SELECT COALESCE(max(id), 0) FROM {_table(ledger)}) + row_number() OVER (ORDER BY id) AS n,"
            " id, due"
            f" FROM {_table(model)} WHERE upper(due) <= DATE '2028-01-01' AND {where}"
        )

    def _request(self, subject: str, asked: str) -> dict[str, str]:
        later = "daterange((lower(due) + interval '1 year')::date, (upper(due) + interval '1 year')::date)"
        return {
            f"{subject}_id": "id",
            "old_due": "due",
            "new_due": later,
            "new_due_text": "'a year later'",
            "reason": "'Synthetic delay'",
            "requested_on": asked,
            "requested_by_id": f"{self.officers}[1 + mod(id, {OFFICERS})]",
        }

    def _close_items(self) -> None:
        """All of what a completed or expired roadmap promised; elsewhere most of the past and little of the future."""
        last = f"DATE '{LAST_DAY}'"
        self.cursor.execute(f"""
            UPDATE {_table(RoadmapItem)} i
            SET closed_as = c.closed_as, closed_by_id = {self.controller}, closed_why = 'Synthetic reason',
                closed_on = LEAST(COALESCE(upper(i.due), DATE '2024-07-01') + pg_temp.pick('closed on', i.id, 90) - 60,
                                  {last}),
                carried_over_to_id = CASE WHEN c.closed_as = 'carried_over' THEN i.id + 1 END
            FROM (
                SELECT i.id, CASE WHEN how < 0.08 AND i.id < {self.items} THEN 'carried_over'
                                  WHEN how < 0.2 THEN 'dropped' ELSE 'fulfilled' END AS closed_as
                FROM {_table(RoadmapItem)} i JOIN {_table(Roadmap)} r ON r.id = i.roadmap_id
                CROSS JOIN LATERAL (SELECT pg_temp.dice('closed as', i.id) AS how) h
                WHERE r.status IN ('completed', 'expired')
                   OR (r.status IN ('signed', 'in_implementation') AND pg_temp.dice('closed', i.id)
                       < CASE WHEN i.due IS NULL THEN 0.3 WHEN upper(i.due) <= {last} THEN 0.7 ELSE 0.05 END)
            ) c
            WHERE c.id = i.id
        """)

    # What is done about it

    def _delivery(self) -> Iterator[Rows]:
        yield from self._projects()
        yield from self._project_parts()
        yield from self._reports()
        yield from self._indicators()

    def _projects(self) -> Iterator[Rows]:
        usual = ["interest", "proposed", "considered", *["planned"] * 2, *["agreed"] * 2, *["in_progress"] * 3]
        stages = _words([*usual, "suspended", "completed", "operating", "cancelled", "not_said"])
        own = "pg_temp.dice('own deadline', n) < 0.5"
        worth = "pg_temp.dice('worth', n) < 0.4"
        yield Rows(
            Project,
            "PRJ",
            _deadlines("project", self.projects),
            {
                "stage_at_entry": f"({stages})[1 + pg_temp.pick('stage', n, 15)]",
                "proposed_by": "(ARRAY['us', 'them', 'both', 'not_said'])[1 + pg_temp.pick('proposer', n, 4)]",
                "lead_id": f"CASE WHEN pg_temp.dice('managed', n) < 0.8 THEN {self._under(str(HOME), 'manager')} END",
                "working_group_id": f"CASE WHEN mod(n, 5) = 0 THEN 1 + pg_temp.pick('overseen', n, {self.groups}) END",
                "agreement_id": f"CASE WHEN mod(n, 3) = 0 THEN 1 + pg_temp.pick('founded', n, {self.agreements}) END",
                "place_id": self._under(str(HOME), "place"),
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
            f"SELECT 2 * p - 2 + k AS n, p, k FROM generate_series(1::bigint, {self.projects}) p,"
            f" generate_series(1, 2) k WHERE k <= LEAST(pg_temp.pick('links', p, 3), {self.items})",
            {
                "project_id": "p",
                # The second lies half the register away from the first, so never is the first.
                "roadmapitem_id": f"CASE k WHEN 1 THEN 2 * p - 1"
                f" ELSE 1 + mod(2 * p - 2 + {(self.items + 1) // 2}, {self.items}) END",
            },
        )
        yield Rows(
            Project.raised_at.through,
            "",
            f"SELECT n FROM ({_series(self.projects)}) s WHERE mod(n, 5) = 1",
            {"project_id": "n", "meeting_id": f"1 + pg_temp.pick('raised', n, {4 * self.groups})"},
        )
        yield Rows(
            Project.sectors.through,
            "",
            f"SELECT n FROM ({_series(self.projects)}) s WHERE mod(n, 2) = 1",
            {"project_id": "n", "sector_id": f"1 + pg_temp.pick('project field', n, {len(SECTORS)})"},
        )

    def _project_parts(self) -> Iterator[Rows]:
        each = f"generate_series(1::bigint, {self.projects}) p, generate_series(1, 3) k"
        promised = (
            f"(SELECT r.counterpart_id FROM {_table(RoadmapItem)} i JOIN {_table(Roadmap)} r ON r.id = i.roadmap_id"
            " WHERE i.id = 2 * p - 1 AND pg_temp.pick('links', p, 3) > 0)"
        )
        other = f"COALESCE({promised}, {self._counterpart('with', 'p')})"
        yield Rows(
            ProjectParty,
            "PPY",
            f"SELECT (p - 1) * 3 + k AS n, p, k FROM {each}"
            " WHERE pg_temp.dice('has party', p * 3 + k) < (ARRAY[0.6, 0.3, 0.1])[k]",
            {
                "project_id": "p",
                "partner_id": f"CASE k WHEN 1 THEN {other} ELSE {self._under(str(HOME), 'with us')} END",
                "role": "(ARRAY['counterpart', 'co_executor', 'beneficiary'])[k]",
            },
        )
        yield Rows(
            ProjectMeasure,
            "MSR",
            f"SELECT n FROM ({_series(self.projects)}) s WHERE mod(n, 3) = 1",
            {
                "project_id": "n",
                "kind": "(ARRAY['capacity', 'area', 'jobs', 'quantity'])[1 + mod(n, 4)]",
                "value": "1 + pg_temp.pick('measure', n, 900)",
                "unit": "(ARRAY['t', 'ha', 'jobs', 'pieces'])[1 + mod(n, 4)]",
            },
        )
        steps = (
            f"SELECT d.*, p, k FROM ({_deadlines('step', 2 * self.projects)}) d"
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

    def _reports(self) -> Iterator[Rows]:
        """Up to four reports a project, a quarter apart; only the last may still wait. A returned one is replaced."""
        source = (
            "SELECT *, CASE WHEN k < last THEN CASE WHEN how < 0.85 THEN 'accepted' ELSE 'returned' END"
            " WHEN how < 0.6 THEN 'accepted' WHEN how < 0.7 THEN 'returned' WHEN how < 0.9 THEN 'submitted'"
            " ELSE 'draft' END AS state,"
            f" LEAST(DATE '{LAST_DAY}', DATE '2022-01-01' + begun + k * 90 + pg_temp.pick('day', n, 20)) AS day"
            " FROM (SELECT (p - 1) * 4 + k AS n, p, k, last, pg_temp.dice('report', (p - 1) * 4 + k) AS how,"
            " pg_temp.dice('report', (p - 1) * 4 + k - 1) AS before, pg_temp.pick('begun', p, 1300) AS begun"
            f" FROM (SELECT n AS p, pg_temp.pick('reports', n, 5) AS last FROM ({_series(self.projects)}) s)"
            " c, generate_series(1, 4) k WHERE k <= last) r"
        )
        stages = _words(["agreed", *["in_progress"] * 4, "suspended", "completed", "operating"])
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
                "author_id": f"{self.officers}[1 + mod(p, {OFFICERS})]",
                "follows_id": "CASE WHEN k > 1 AND before >= 0.85 THEN n - 1 END",
                "submitted_on": "CASE WHEN state <> 'draft' THEN day END",
                "decided_by_id": f"CASE WHEN {decided} THEN {self.controller} END",
                "decided_at": f"CASE WHEN {decided} THEN (day + time '12:00') AT TIME ZONE 'Europe/Minsk' END",
                "decision_text": "CASE WHEN state = 'returned' THEN 'Synthetic question' ELSE '' END",
            },
        )

    def _indicators(self) -> Iterator[Rows]:
        def of(turn: int, key: str) -> str:
            return f"CASE WHEN mod(n, 5) = {turn} THEN {key} END"

        trade = "mod(n, 5) = 0"
        yield Rows(
            Indicator,
            "IND",
            _series(self.indicators),
            {
                "subject_id": of(0, str(HOME)),
                "counterpart_id": of(0, self._counterpart("measured", "(n / 5)")),
                "roadmap_id": of(1, f"1 + pg_temp.pick('roadmap', n, {self.roadmaps})"),
                "working_group_id": of(2, f"1 + pg_temp.pick('body', n, {self.groups})"),
                "meeting_id": of(3, f"1 + pg_temp.pick('meeting', n, {4 * self.groups})"),
                "project_id": of(4, f"1 + pg_temp.pick('project', n, {self.projects})"),
                "quantity": f"CASE WHEN {trade} THEN 'synthetic trade' ELSE 'synthetic output' END",
                "unit": f"CASE WHEN {trade} THEN 'USD' ELSE 't' END",
                "currency": f"CASE WHEN {trade} THEN 'USD' ELSE '' END",
            },
        )
        for model, prefix, years in ((Target, "TGT", 1), (Observation, "OBS", 3)):
            yield Rows(
                model,
                prefix,
                f"SELECT (i - 1) * {years} + k AS n, i, k FROM generate_series(1::bigint, {self.indicators}) i,"
                f" generate_series(1, {years}) k",
                {
                    "indicator_id": "i",
                    "value": f"100 + pg_temp.pick('{prefix}', n, 900)",
                    "qualifier": "(ARRAY['exactly', 'about', 'more_than'])[1 + mod(n, 3)]",
                    "period": "daterange(make_date(2022 + k, 1, 1), make_date(2023 + k, 1, 1))",
                },
            )

    # Writing

    def _insert(self, rows: Rows) -> None:
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
            f"INSERT INTO {_table(model)} ({names}) SELECT {values} FROM ({rows.source}) source ORDER BY n"
        )
        self._count(model)

    def _count(self, model: Any) -> None:
        label = model._meta.db_table
        self.written[label] = self.written.get(label, 0) + self.cursor.rowcount

    def _finish(self) -> None:
        """Cite the source, let the numbering go on after our ids, and tell the planner."""
        for model in _cited():
            self._cite(model)
        tables: list[Any] = [model for model in _register() if model._meta.db_table in self.written]
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            self.cursor.execute(statement)
        self.cursor.execute("DROP FUNCTION pg_temp.dice, pg_temp.pick")

    def _cite(self, model: type[models.Model]) -> None:
        kind = ContentType.objects.get_for_model(model).pk
        cited = (
            f"SELECT (SELECT COALESCE(max(id), 0) FROM {_table(Citation)}) + row_number() OVER (ORDER BY id) AS n,"
            f" id, reference FROM {_table(model)}"
        )
        self._insert(
            Rows(
                Citation,
                "CIT",
                cited,
                {
                    "reference": "reference || '-cite'",
                    "source_id": "1",
                    "content_type_id": f"{kind}",
                    "object_id": "id",
                    "closeness": "'on'",
                },
            )
        )


def analyze() -> None:
    """Tell the planner what is in the tables now."""
    with connection.cursor() as cursor:
        for model in [*_register(), Reference]:
            cursor.execute(f"ANALYZE {_table(model)}")


def _register() -> list[type[models.Model]]:
    """The register's tables, those of many-to-many relations too."""
    mine = [apps.get_app_config(label) for label in ("partners", "agreements", "projects")]
    return [model for app in mine for model in app.get_models(include_auto_created=True)]


def _cited() -> list[type[models.Model]]:
    return [model for model in _register() if issubclass(model, Cited)]


def _table(model: Any) -> str:
    return str(model._meta.db_table)


def _prefix(model: type[Record]) -> str:
    return {ItemRescheduling: "MOV", ProjectRescheduling: "PMV"}[model]  # type: ignore[index]


def _series(count: int) -> str:
    return f"SELECT n FROM generate_series(1::bigint, {count}) n"


def _words(words: Iterable[str]) -> str:
    return "ARRAY[" + ", ".join(f"'{word}'" for word in words) + "]"


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


# A third of what documents name are days or months; the rest is coarser, and one in ten names nothing.
_PRECISIONS = (
    "CASE WHEN p < 0.2 THEN 'day' WHEN p < 0.4 THEN 'month' WHEN p < 0.52 THEN 'quarter' WHEN p < 0.64 THEN 'half'"
    " WHEN p < 0.8 THEN 'year' WHEN p < 0.9 THEN 'years' END"
)


def _deadlines(choice: str, count: int) -> str:
    """Numbered rows with what `DUE` and `DUE_TEXT` are made of, from 2022 to 2028."""
    return (
        f"SELECT n, y, m, d, {_PRECISIONS} AS precise, LEAST(y + 2, 2028) AS y2 FROM (SELECT n,"
        f" 2022 + pg_temp.pick('{choice} year', n, 7) AS y, 1 + pg_temp.pick('{choice} month', n, 12) AS m,"
        f" 1 + pg_temp.pick('{choice} day', n, 27) AS d, pg_temp.dice('{choice} precision', n) AS p"
        f" FROM generate_series(1::bigint, {count}) n) drawn"
    )


DUE = """CASE precise
    WHEN 'day' THEN daterange(make_date(y, m, d), make_date(y, m, d) + 1)
    WHEN 'month' THEN daterange(make_date(y, m, 1), (make_date(y, m, 1) + interval '1 month')::date)
    WHEN 'quarter' THEN daterange(make_date(y, (m - 1) / 3 * 3 + 1, 1),
                                  (make_date(y, (m - 1) / 3 * 3 + 1, 1) + interval '3 months')::date)
    WHEN 'half' THEN daterange(make_date(y, (m - 1) / 6 * 6 + 1, 1),
                               (make_date(y, (m - 1) / 6 * 6 + 1, 1) + interval '6 months')::date)
    WHEN 'year' THEN daterange(make_date(y, 1, 1), make_date(y + 1, 1, 1))
    WHEN 'years' THEN daterange(make_date(y, 1, 1), make_date(y2 + 1, 1, 1))
END"""
DUE_TEXT = """CASE precise
    WHEN 'day' THEN to_char(make_date(y, m, d), 'DD.MM.YYYY')
    WHEN 'month' THEN to_char(make_date(y, m, 1), 'MM.YYYY')
    WHEN 'quarter' THEN 'quarter ' || (m + 2) / 3 || ' of ' || y
    WHEN 'half' THEN 'half ' || (m + 5) / 6 || ' of ' || y
    WHEN 'year' THEN y::text
    WHEN 'years' THEN y || ' to ' || y2
    ELSE ''
END"""
