"""What a page shows as a table: all rows of all pages, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from doors.tables import Table
from oversight import comparing, reports
from oversight.templatetags.register import partial_date
from partners.dates import PartialDate

BATCH = 1000


def deadlines(name: str, parts: list[Any], on: Any) -> Table:
    """Items, then projects, of a page of deadlines."""
    days = {
        "overdue": (_("days late"), "days_late"),
        "due": (_("days left"), "days_left"),
        "silent": (_("days silent"), "days_silent"),
    }
    label, counted = days[name]
    head = [
        *(_("kind"), _("reference"), _("title"), _("roadmap"), _("partner"), _("lead")),
        *(_("deadline, as written"), _("last day of the deadline"), label, _("last report")),
    ]
    return Table(f"{name}-{on}", head, _deadline_rows(parts, on, counted))


def _deadline_rows(parts: list[Any], on: Any, counted: str) -> Iterator[Sequence[Any]]:
    for part in parts:
        found = iter(part.iterator(chunk_size=BATCH))
        while page := list(islice(found, BATCH)):
            for row in reports.rows(page, on, news=False):
                written = row.due_shown
                yield [
                    *(row.type, row.record.reference, row.record, row.roadmap, row.partner, row.record.lead),
                    *(partial_date(written) if isinstance(written, PartialDate) else written, row.deadline),
                    *(getattr(row, counted), row.last_reported_on),
                ]


def slippage(rows: Iterable[Any], by: str, on: Any) -> Table:
    lines = ([row.of.reference, row.of, row.moves, row.days] for row in rows)
    return Table(f"slippage-{on}", [_("reference"), by, _("moves"), _("days")], lines)


def terms(rows: Any, on: Any) -> Table:
    head = [_("reference"), _("agreement"), _("parties"), _("renewal"), _("notice by"), _("ends")]
    lines = (
        [
            *(row.reference, row, "; ".join(party.partner.local_name for party in row.parties.all())),
            *(str(row.get_renewal_display()), row.notice_by, row.ends_on),
        ]
        for row in rows.iterator(chunk_size=BATCH)
    )
    return Table(f"terms-{on}", head, lines)


def findings(checks: Iterable[Any], on: Any) -> Table:
    head = [_("finding"), _("reference"), _("record"), _("declared"), _("entered")]
    lines = (
        [str(check.label), row.reference, row, row.declared, row.entered]
        for check in checks
        for row in check.rows.order_by("id").iterator(chunk_size=BATCH)
    )
    return Table(f"findings-{on}", head, lines)


def comparison(asked: Any, changed: dict[str, list[Any]]) -> Table:
    head = [
        *(_("change"), _("kind"), _("reference"), _("title"), _("lead")),
        *(_("day"), _("now"), _("days"), _("in words")),
    ]
    return Table(f"changes-{asked.before}-{asked.day}", head, _changes(asked.kinds, changed))


def _changes(kinds: Iterable[Any], changed: dict[str, list[Any]]) -> Iterator[Sequence[Any]]:
    for kind in kinds:
        for part in changed[kind.name]:
            for row in comparing.told(kind.name, part.order_by("-day", "id").iterator(chunk_size=BATCH)):
                yield [
                    *(str(kind.label), row.type, row.record.reference, row.record, row.lead),
                    *(row.on, row.to, row.days, row.words),
                ]
