"""A short proof that a copy of the register is complete: per resource the number of rows and a checksum.

The checksum is the sum, modulo 2^64, of the first eight bytes of the SHA-256 of each row's text: `id:version` of a
record, `id of the record:id:version` of a part inside it, `id of the record:id` of a link. No order is needed, so
PostgreSQL adds it up in one pass, and a client in one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models import Count, Sum

from doors.changes import Synced


class Fingerprint(models.Func):
    """The first eight bytes of the SHA-256 of the values, joined by colons, as a (signed) number."""

    template = (
        "('x' || encode(substr(sha256(convert_to(concat_ws(':', %(expressions)s), 'UTF8')), 1, 8), 'hex'))"
        "::bit(64)::bigint"
    )
    output_field = models.BigIntegerField()


def digests(resource: Synced, user: Any) -> Iterator[dict[str, Any]]:
    """The digest of the rows that the user sees, then of what they show inside."""
    yield _digest(resource.route, None, resource.visible_to(user), "id", "version")
    for nested in resource.nested:
        rows = nested.model._default_manager.all()
        yield _digest(resource.route, nested.name, rows, nested.owner, *nested.shown)


def _digest(route: str, part: str | None, rows: Any, *columns: str) -> dict[str, Any]:
    found = rows.order_by().aggregate(rows=Count("*"), total=Sum(Fingerprint(*columns)))
    # PostgreSQL adds up signed numbers; modulo 2^64 that is the same.
    checksum = int(found["total"] or 0) % 2**64
    return {"resource": route, "part": part, "rows": found["rows"], "checksum": f"{checksum:016x}"}
