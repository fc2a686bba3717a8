"""What a page shows as a file for Excel: CSV or XLSX, all rows of all pages, streamed row by row."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from oversight import comparing, reports
from oversight.templatetags.register import partial_date
from partners.dates import PartialDate

FORMATS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A spreadsheet has no more rows; CSV has as many as there are.
MOST_ROWS = 1_048_575
BATCH = 1000
# What a spreadsheet would take for a formula gets an apostrophe before it in CSV; XLSX says itself what is text.
RISKY = ("=", "+", "-", "@", "\t", "\r")


class TooLong(Exception):
    """More rows than a spreadsheet holds."""


@dataclass(frozen=True)
class Table:
    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Any]]


def answer(table: Table, form: str) -> HttpResponseBase:
    """The table as a file to save. Raises TooLong for a spreadsheet of more rows than there can be."""
    response: HttpResponseBase
    if form == "csv":
        response = StreamingHttpResponse(_csv(table), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{table.name}.csv"'
    else:
        response = FileResponse(_xlsx(table), as_attachment=True, filename=f"{table.name}.xlsx", content_type=XLSX)
    response["Cache-Control"] = "private, no-store"
    return response


class _Line:
    """What a writer of the csv module writes to: it hands back each line."""

    def write(self, text: str) -> str:
        return text


def _csv(table: Table) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff"
    yield writer.writerow(table.head)
    for row in table.rows:
        yield writer.writerow([_guarded(plain(value)) for value in row])


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value


def _xlsx(table: Table) -> Any:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table.name)
    sheet.append(table.head)
    for number, row in enumerate(table.rows, start=1):
        if number > MOST_ROWS:
            sheet.close()
            raise TooLong
        sheet.append([_cell(sheet, plain(value)) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def plain(value: Any) -> Any:
    """A number, or text: dates as ISO, partial dates as EDTF, records by name, nothing as nothing."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, PartialDate):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(getattr(value, "local_name", value))


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
            for row in reports.rows(page, on):
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
