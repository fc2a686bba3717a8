"""Keyset pages: steady under writes, as fast at the end as at the start, with a signed cursor."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core import signing
from django.db.models import F, Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from partners.dates import today

SALT = "pacta.cursor"
DEFAULT_SIZE, LARGEST_SIZE = 50, 200
# Signed and compressed; no schema tells a good one.
CURSOR = {"type": "string", "pattern": "^[A-Za-z0-9._:-]+$", "examples": ["eyJrZXki…:1sX2aB:u7…"]}
ON = {"type": "string", "format": "date", "description": "The day that the report judges by"}


class _Key(NamedTuple):
    """A row of a page: its id and its value of the column that the list is ordered by."""

    pk: int
    value: Any


class KeysetPagination(BasePagination):
    """`{"next", "previous", "results"}`; `count=true` adds the exact count.

    The cursor holds the filters, the last row's keys and the direction. Nulls come last, the id breaks ties.
    Raises ValidationError (400) naming `page_size`, `ordering`, `count` or `cursor`.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The ids of the page's rows, as `pk`."""
        self.request = request
        self.size = self._size(request)
        self.column, self.falling = self._ordering(request, view)
        self._read_filters(request, {"on"} & set(view.filterset_class.base_filters))
        cursor = self._cursor(request)
        self.total = queryset.count() if self._wants_count(request) else None
        self.backwards = bool(cursor and cursor["back"])
        rows = queryset if cursor is None else queryset.filter(self._beyond(cursor))
        found = [_Key(*key) for key in rows.order_by(*self._order()).values_list("pk", self.column)[: self.size + 1]]
        self.more = len(found) > self.size
        found = found[: self.size]
        self.page = found[::-1] if self.backwards else found
        self.is_first = cursor is None
        return self.page

    def ordered(self, queryset: Any, request: Request, view: Any) -> Any:
        """All rows in the order that is asked for, for an export. Raises ValidationError for what only pages have."""
        for name in {"cursor", "page_size", "count"} & set(request.query_params):
            raise ValidationError({name: [_("A file holds all rows; this belongs to pages.")]})
        self.backwards = False
        self.column, self.falling = self._ordering(request, view)
        return queryset.order_by(*self._order())

    def _read_filters(self, request: Request, judged: set[str]) -> None:
        """What the cursor is bound to. A judged list keeps its day, so that midnight changes no page of a walk."""
        self.parameters = request.query_params.copy()
        for name in judged:
            self.parameters.setdefault(name, today().isoformat())
        paging = {"cursor", "page_size", "count", "format"}
        self.filters = sorted((k, v) for k, v in self.parameters.lists() if k not in paging)

    def get_paginated_response(self, data: Any) -> Response:
        has_next = self.more or self.backwards
        has_previous = not self.is_first and (self.more or not self.backwards)
        answer = {
            "next": self._link(self.page[-1], back=False) if self.page and has_next else None,
            "previous": self._link(self.page[0], back=True) if self.page and has_previous else None,
            "results": data,
        }
        if self.total is not None:
            answer["count"] = self.total
        return Response(answer)

    def _size(self, request: Request) -> int:
        text = request.query_params.get("page_size", str(DEFAULT_SIZE))
        if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and 1 <= int(text) <= LARGEST_SIZE):
            raise ValidationError({"page_size": [_("A number from 1 to %(most)s.") % {"most": LARGEST_SIZE}]})
        return int(text)

    def _wants_count(self, request: Request) -> bool:
        text = request.query_params.get("count", "false")
        if text not in {"true", "false"}:
            raise ValidationError({"count": [_("true or false.")]})
        return text == "true"

    def _ordering(self, request: Request, view: Any) -> tuple[str, bool]:
        text = request.query_params.get("ordering", "id")
        column = text.removeprefix("-")
        if column != "id" and column not in view.ordering_fields:
            raise ValidationError({"ordering": [_("One of %(fields)s.") % {"fields": ", ".join(view.ordering_fields)}]})
        return column.replace("due", "due__last_day") if column == "due" else column, text.startswith("-")

    def _cursor(self, request: Request) -> dict[str, Any] | None:
        text = request.query_params.get("cursor")
        if text is None:
            return None
        try:
            cursor = signing.loads(text, salt=SALT)
        except signing.BadSignature as error:
            raise ValidationError({"cursor": [_("Not a cursor of this register.")]}) from error
        if cursor["filters"] != [[key, values] for key, values in self.filters]:
            raise ValidationError({"cursor": [_("The cursor belongs to other filters.")]})
        return dict(cursor)

    def _order(self) -> list[Any]:
        falling = self.falling != self.backwards
        key = F(self.column)
        # Nulls stand last; walking back they come first.
        placed = {"nulls_first": True} if self.backwards else {"nulls_last": True}
        ordered = key.desc(**placed) if falling else key.asc(**placed)
        return [ordered, "-id" if self.backwards else "id"]

    def _beyond(self, cursor: dict[str, Any]) -> Q:
        value, last = cursor["key"], cursor["id"]
        compare = "lt" if self.falling != cursor["back"] else "gt"
        tie = Q(**{"id__lt" if cursor["back"] else "id__gt": last})
        if value is None:
            beyond = Q(**{f"{self.column}__isnull": True}) & tie
            return beyond | Q(**{f"{self.column}__isnull": False}) if cursor["back"] else beyond
        beyond = Q(**{f"{self.column}__{compare}": value}) | (Q(**{self.column: value}) & tie)
        return beyond if cursor["back"] else beyond | Q(**{f"{self.column}__isnull": True})

    def _link(self, row: Any, *, back: bool) -> str:
        return self._address({"key": _plain(row.value), "id": row.pk, "back": back})

    def _address(self, cursor: dict[str, Any]) -> str:
        parameters = self.parameters.copy()
        parameters["cursor"] = signing.dumps({**cursor, "filters": self.filters}, salt=SALT)
        return str(self.request.build_absolute_uri(f"{self.request.path}?{parameters.urlencode()}"))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        def parameter(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
            return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}

        columns = [sign + name for name in ("id", *view.ordering_fields) for sign in ("", "-")]
        size = {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "default": DEFAULT_SIZE}
        return [
            parameter("cursor", CURSOR, "Where the page begins: follow `next` and `previous`, never make one up."),
            parameter("page_size", size, "Rows a page."),
            parameter("count", {"type": "boolean", "default": False}, "`true` adds the exact count."),
            parameter("ordering", {"type": "string", "enum": columns}, "`-`: falling. Nulls last, the id breaks ties."),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "count": {"type": "integer"}, "results": schema},
        }


class ChainPagination(KeysetPagination):
    """Keyset pages over several querysets, one after the other, as one list: `parts` of a report.

    Each part is ordered by the column that the report names (never NULL there), then by id.
    """

    def paginate_chain(self, parts: list[Any], column: str, request: Request, *, falling: bool = False) -> list[Any]:
        """The page's rows of all parts. Each row has `part`, the position of its queryset."""
        self.request, self.column, self.falling = request, column, falling
        self.size = self._size(request)
        self._read_filters(request, {"on"})
        cursor = self._cursor(request)
        self.total = sum(part.count() for part in parts) if self._wants_count(request) else None
        self.backwards = bool(cursor and cursor["back"])
        found: list[Any] = []
        for position in self._positions(len(parts), cursor):
            found += self._of_part(parts[position], position, cursor, self.size + 1 - len(found))
        self.more = len(found) > self.size
        self.page = found[: self.size][:: -1 if self.backwards else 1]
        self.is_first = cursor is None
        return self.page

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [each for each in super().get_schema_operation_parameters(view) if each["name"] != "ordering"]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        told = super().get_paginated_response_schema(schema)
        return {**told, "required": ["on", *told["required"]], "properties": {"on": ON, **told["properties"]}}

    def _positions(self, parts: int, cursor: dict[str, Any] | None) -> range:
        start = cursor["part"] if cursor else 0
        return range(start, -1, -1) if self.backwards else range(start, parts)

    def _of_part(self, rows: Any, position: int, cursor: dict[str, Any] | None, most: int) -> list[Any]:
        if most <= 0:
            return []
        if cursor and cursor["part"] == position:
            rows = rows.filter(self._beyond(cursor))
        return list(rows.order_by(*self._order())[:most])

    def _link(self, row: Any, *, back: bool) -> str:
        return self._address({"key": _plain(getattr(row, self.column)), "id": row.pk, "part": row.part, "back": back})


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else str(value)
