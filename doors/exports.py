"""A whole list as a file: CSV and NDJSON straight from PostgreSQL's COPY, XLSX row by row.

The way: the filters choose the rows, a shape says the columns, the rows are counted for the header `Pacta-Rows`, and
one statement is sent as the database makes it, in constant memory. Its rows are of one moment, that of its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import orjson
from django.db import connection
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.serializers import Serializer

from doors.shapes import Shape
from doors.tables import CSV, MOST_ROWS, Table, answer, patient, streamed

NDJSON = "application/x-ndjson"
# How many rows a list or a report gives; who has got fewer or more lines has not got this answer.
ROWS = "Pacta-Rows"
# JSON never holds these raw, so that COPY neither quotes nor escapes it.
AS_IT_IS = r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"


class TooManyRows(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("format: a spreadsheet holds no so many rows; ask for csv or ndjson.")


def exported(shape: Shape, rows: Any, form: str, name: str) -> HttpResponseBase:
    """The rows in their order as a file. Raises TooManyRows (413) for a spreadsheet."""
    count = rows.count()
    if form == "ndjson":
        response: HttpResponseBase = streamed(patient(_copied(shape.json(rows), AS_IT_IS)), f"{name}.ndjson", NDJSON)
    elif form == "csv":
        head = f"\ufeff{','.join(shape.flat())}\r\n".encode()
        lines = _copied(shape.flat_sql(rows, guarded=True), "(FORMAT csv)")
        response = streamed(patient(chain([head], lines)), f"{name}.csv", CSV)
    else:
        if count > MOST_ROWS:
            raise TooManyRows
        response = answer(Table(name, list(shape.flat()), patient(_selected(shape.flat_sql(rows)))), "xlsx")
    response[ROWS] = str(count)
    return response


def _copied(sql: str, options: str) -> Iterator[bytes]:
    with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT WITH {options}") as copy:
        for block in copy:
            yield bytes(block)


def _selected(sql: str) -> Iterator[Any]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while batch := cursor.fetchmany(1000):
            yield from batch


def reported(rows: Iterable[Any], head: list[str], form: str, name: str, count: int) -> HttpResponseBase:
    """The rows of a report, as the API has them, as a file. Raises TooManyRows (413) for a spreadsheet."""
    if form == "ndjson":
        lines = (orjson.dumps(row, default=str) + b"\n" for row in rows)
        response: HttpResponseBase = streamed(patient(lines), f"{name}.ndjson", NDJSON)
    elif form == "xlsx" and count > MOST_ROWS:
        raise TooManyRows
    else:
        flat = ([row.get(column) for column in head] for row in map(flattened, map(_plain, rows)))
        response = answer(Table(name, head, flat if form == "csv" else patient(flat)), form)
    response[ROWS] = str(count)
    return response


def _plain(row: Any) -> Any:
    return orjson.loads(orjson.dumps(row)) if isinstance(row, orjson.Fragment) else row


def heading(serializer: Any) -> list[str]:
    """The columns of a report's table: a link has three."""
    head: list[str] = []
    for name, field in serializer.fields.items():
        inner = field.fields if isinstance(field, Serializer) else ()
        head += [f"{name}_{key}" for key in inner] or [name]
    return head


def flattened(row: dict[str, Any]) -> dict[str, Any]:
    """A row with what is inside its values beside them: `lead: {id, name}` becomes `lead_id` and `lead_name`."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{key}_{inner}": part for inner, part in value.items()}
            flat[key] = orjson.dumps(value).decode()
        else:
            flat[key] = value
    return flat
