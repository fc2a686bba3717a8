"""The JSON of records, made by PostgreSQL in one prepared statement from what a serializer describes.

A serializer says which keys a record has and where each value comes from: for the OpenAPI description, and for the
columns here. No models are built and no values converted on the way, so an answer costs little more than its SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import psycopg
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models
from django.db.models import Case, F, Func, OuterRef, Value, When
from django.db.models.expressions import OrderBy, RawSQL
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import In
from django.utils.translation import get_language
from orjson import Fragment
from rest_framework import serializers

from doors.fields import DownloadField, LabelField, LinkSerializer, UrlField, UserField
from doors.tables import RISKY
from partners.dates import is_past
from partners.fields import Edtf, PartialDateField

Expression = Any
# Stands in the compiled SQL for the ids, which each call gives.
WANTED = "wanted_ids"


class JsonObject(Func):
    """`json_build_object` of keys and expressions."""

    function = "json_build_object"
    output_field = models.TextField()

    def __init__(self, **values: Expression) -> None:
        super().__init__(*(part for key, value in values.items() for part in (Value(key), value)))


class Shape:
    """What the API gives of the rows of a model."""

    def __init__(self, serializer: type[serializers.Serializer[Any]], rows: models.QuerySet[Any]) -> None:
        self.serializer, self.all = serializer, rows

    def address(self, pk: int) -> str:
        """Where the API gives the record."""
        return f"/api/v1/{self.serializer().fields['url'].route}/{pk}/"  # type: ignore[attr-defined]

    def bodies(self, ids: Iterable[int]) -> list[tuple[int, int, str]]:
        """The id, the version and the JSON text of each of these rows that there is, in the order of the ids."""
        wanted = list(ids)
        with prepared_cursor() as cursor:
            cursor.execute(self._statement(get_language(), is_past()), [wanted])
            found = {row[0]: row for row in cursor.fetchall()}
        return [found[pk] for pk in wanted if pk in found]

    def fragments(self, ids: Iterable[int]) -> list[Fragment]:
        """The same, ready to stand in an answer."""
        return [Fragment(body) for _id, _version, body in self.bodies(ids)]

    @cache  # noqa: B019  shapes live as long as the process
    def _statement(self, _language: str, _past: bool) -> str:  # noqa: FBT001  what the text differs by
        wanted = RawSQL(f'"{self.all.model._meta.db_table}"."id" = ANY ({WANTED})', [], models.BooleanField())  # noqa: S611  our own name
        sql = self.sql(self.all.filter(wanted).order_by()).replace("%", "%%").replace(WANTED, "%s::bigint[]")
        return f"SELECT body.id, body.version, row_to_json(body)::text FROM ({sql}) body ({self.names})"  # noqa: S608

    def sql(self, rows: models.QuerySet[Any]) -> str:
        """SQL of the columns of these rows."""
        return _compiled(rows.values_list(*self.columns().values()))

    def json(self, rows: models.QuerySet[Any]) -> str:
        """SQL of the JSON texts of these rows, in their order."""
        return f"SELECT row_to_json(body)::text FROM ({self.sql(rows)}) body ({self.names})"  # noqa: S608

    def flat_sql(self, rows: models.QuerySet[Any], *, guarded: bool = False) -> str:
        """SQL of the columns of a table; what a spreadsheet would take for a formula can be guarded."""
        return _compiled(rows.values_list(*self.flat(guarded=guarded).values()))

    def flat(self, *, guarded: bool = False) -> dict[str, Expression]:
        """Each column of a table of these rows and the expression of its value."""
        return _flat(self.serializer(), self.all.model, guarded=guarded)

    @property
    def names(self) -> str:
        return ", ".join(f'"{name}"' for name in self.columns())

    def columns(self) -> dict[str, Expression]:
        """Each key of the JSON and the expression of its value."""
        return _columns(self.serializer(), self.all.model)


def _compiled(rows: models.QuerySet[Any]) -> str:
    # Also of what cannot have rows: Django would give no SQL at all for it.
    sql, params = rows.query.get_compiler(connection.alias, elide_empty=False).as_sql()
    return str(connection.ops.compose_sql(sql, params))  # type: ignore[attr-defined]


def _columns(serializer: Any, model: Any) -> dict[str, Expression]:
    return {name: _column(field, model) for name, field in serializer.fields.items()}


def _column(field: Any, model: Any) -> Expression:
    path = str(field.source).replace(".", "__")
    if isinstance(field, LinkSerializer):
        return link(path, model._meta.get_field(path).related_model)
    if isinstance(field, serializers.ListSerializer):
        return _parts(field, model) if isinstance(field.child, serializers.ModelSerializer) else _links(path, model)
    if isinstance(field, UserField):
        return F(f"{path}__username")
    if isinstance(field, LabelField):
        return _label(path, field.labels)
    if isinstance(field, UrlField):
        return text(Value(f"/api/v1/{field.route}/"), Cast("pk", models.TextField()), Value("/"))
    if isinstance(field, DownloadField):
        return text(Value(f"/files/{model._meta.model_name}/"), F("reference"), Value("/"))
    if isinstance(field, serializers.DecimalField):
        return Cast(path, models.TextField())
    return Edtf(path) if _is_span(model, path) else F(path)


def _flat(serializer: Any, model: Any, *, guarded: bool) -> dict[str, Expression]:
    flat: dict[str, Expression] = {}
    for name, field in serializer.fields.items():
        path, column = str(field.source), _column(field, model)
        if isinstance(field, LinkSerializer):
            called = _called(path, model._meta.get_field(path).related_model)
            flat[f"{name}_id"], flat[f"{name}_reference"] = F(f"{path}_id"), F(f"{path}__reference")
            flat[f"{name}_name"] = _guarded(called) if guarded else called
        elif isinstance(field, serializers.DecimalField):
            flat[name] = F(path)
        elif isinstance(field, serializers.DateTimeField):
            flat[name] = _function("replace", Cast(path, models.TextField()), Value(" "), Value("T"))
        elif isinstance(field, serializers.ListSerializer) and isinstance(field.child, LinkSerializer):
            rows, target, _model = _linked(path, model)
            codes = ArraySubquery(rows.values(f"{target}__reference"))
            flat[name] = _function("array_to_string", codes, Value("; "))
        elif isinstance(field, serializers.ListSerializer | serializers.BooleanField):
            flat[name] = Cast(column, models.TextField())
        else:
            flat[name] = _guarded(column) if guarded and _is_free(model, path) else column
    return flat


def _is_free(model: Any, path: str) -> bool:
    """Whether people write what they like into the column."""
    return any(
        field.name == path and isinstance(field, models.CharField | models.TextField) and not field.choices
        for field in model._meta.concrete_fields
    )


def _guarded(column: Expression) -> Expression:
    risky = _function("left", column, Value(1))
    return Case(When(In(risky, RISKY), then=text(Value("'"), column)), default=column, output_field=models.TextField())


def _is_span(model: Any, path: str) -> bool:
    return any(field.name == path and isinstance(field, PartialDateField) for field in model._meta.concrete_fields)


def _label(path: str, labels: dict[Any, Any]) -> Expression:
    whens = [When(**{path: code}, then=Value(str(label))) for code, label in labels.items()]
    return Case(*whens, default=F(path), output_field=models.TextField())


def link(path: str, model: Any) -> Expression:
    told = JsonObject(id=F(f"{path}__pk"), reference=F(f"{path}__reference"), name=_called(path, model))
    return Case(When(**{f"{path}__isnull": True}, then=Value(None)), default=told, output_field=models.TextField())


def _called(path: str, model: Any) -> Expression:
    """What a link to the record is called: a report by its code and its project, everything else by its name."""
    if not isinstance(getattr(model, "name", property()), property):
        return F(f"{path}__name")
    return text(F(f"{path}__reference"), Value(" – "), F(f"{path}__project__name"))


def _function(name: str, *arguments: Expression) -> Expression:
    return Func(*arguments, function=name, output_field=models.TextField())


def text(*parts: Expression) -> Expression:
    return Concat(*parts, output_field=models.TextField())


def _links(path: str, model: Any) -> Expression:
    """The records on the other side of a many-to-many relation, in their own order."""
    rows, target, linked = _linked(path, model)
    return _list(rows.values_list(link(target, linked)))


def _linked(path: str, model: Any) -> tuple[models.QuerySet[Any], str, Any]:
    """The rows of a many-to-many relation, the path to the other side, and its model."""
    relation = model._meta.get_field(path)
    through, target = relation.remote_field.through, relation.m2m_reverse_field_name()
    ordering = [_ordered(target, by) for by in relation.related_model._meta.ordering]
    rows = through._default_manager.filter(**{relation.m2m_field_name(): OuterRef("pk")}).order_by(*ordering)
    return rows, target, relation.related_model


def _ordered(target: str, by: Any) -> Any:
    if isinstance(by, OrderBy):
        name: Any = by.expression
        place = {"nulls_last": by.nulls_last, "nulls_first": by.nulls_first, "descending": by.descending}
        return OrderBy(F(f"{target}__{name.name}"), **place)
    return f"-{target}__{by[1:]}" if by.startswith("-") else f"{target}__{by}"


def _parts(field: Any, model: Any) -> Expression:
    """The rows that belong to a record, each with its own columns."""
    relation = model._meta.get_field(field.source)
    rows = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})
    return _list(rows.values_list(JsonObject(**_columns(field.child, relation.related_model))))


def _list(rows: models.QuerySet[Any]) -> Expression:
    return _function("array_to_json", ArraySubquery(rows))


def prepared_cursor() -> Any:
    """A cursor whose statements the server plans once for a connection; Django's own binds values on the client."""
    connection.ensure_connection()
    cursor: Any = psycopg.Cursor(connection.connection)
    return connection.make_debug_cursor(cursor) if connection.queries_logged else connection.make_cursor(cursor)
