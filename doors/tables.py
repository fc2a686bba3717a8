"""Tables as files for Excel: CSV, and XLSX where text is text, written row by row."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from partners.dates import PartialDate

FORMATS = ("csv", "xlsx")
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A spreadsheet has no more rows; CSV has as many as there are.
MOST_ROWS = 1_048_575
LONGEST = "10min"
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
    if form == "csv":
        return streamed(patient(_csv(table)), f"{table.name}.csv", CSV)
    response = FileResponse(_xlsx(table), as_attachment=True, filename=f"{table.name}.xlsx", content_type=XLSX)
    response["Cache-Control"] = "private, no-store"
    return response


def streamed(parts: Iterable[Any], name: str, kind: str) -> StreamingHttpResponse:
    """A file to save, sent as it is made. Where that fails the connection is cut, so that nobody takes it for whole."""
    response = StreamingHttpResponse(parts, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def patient(parts: Iterable[Any]) -> Iterator[Any]:
    """The parts, read in one transaction that may take LONGEST: a cursor of the server's, not all rows at once."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, TRUE)", [LONGEST])
        yield from parts


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
