"""The shape of a record in the API."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from doors.permissions import may_write
from doors.writes import IF_MATCH, KEY, PartialDateSerializerField, compare_version, etag, needs_writing_token, once
from partners.dates import PartialDate
from partners.fields import PartialDateField


class LinkSerializer(serializers.Serializer[Any]):
    """Another record, with its label."""

    id = serializers.IntegerField(read_only=True)
    reference = serializers.CharField(read_only=True)
    name = serializers.SerializerMethodField()

    def get_name(self, record: Any) -> str:
        return str(getattr(record, "name", None) or record)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {"id": instance.pk, "reference": instance.reference, "name": self.get_name(instance)}


class LabelField(serializers.CharField):
    """The label of an enum's value, from a table that is made once instead of once a row."""

    def __init__(self, choices: Any, **options: Any) -> None:
        self.labels = dict(choices)
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Any) -> str:
        return str(self.labels.get(value, value))


class UserField(serializers.CharField):
    """A person, by user name."""

    def to_representation(self, value: Any) -> str:
        return str(value)


class RecordSerializer(serializers.ModelSerializer[Any]):
    """A record as the API gives it: links with labels, enums with labels, partial dates in four keys."""

    url = serializers.SerializerMethodField()

    def get_url(self, record: Any) -> str:
        view: Any = self.context["view"]
        return f"/api/v1/{view.basename}/{record.pk}/"

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """As DRF does it, without asking of every value of every row what kind of thing it is."""
        return {name: give(instance) for name, give in self._givers}

    @cached_property
    def _givers(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(str(field.field_name), _giver(field)) for field in self._readable_fields]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        model: Any = self.Meta.model
        for model_field in model._meta.concrete_fields:
            if isinstance(model_field, PartialDateField):
                fields.update(_partial_date(model_field.name))
            elif model_field.choices:
                fields[f"{model_field.name}_label"] = LabelField(model_field.flatchoices, source=model_field.name)
        return fields

    def build_relational_field(self, field_name: str, relation_info: Any) -> Any:
        if relation_info.related_model._meta.label == "accounts.User":
            return UserField, {"read_only": True, "allow_null": True}
        options = (
            {"read_only": True, "many": True} if relation_info.to_many else {"read_only": True, "allow_null": True}
        )
        return LinkSerializer, options

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        if isinstance(model_field, PartialDateField):
            return serializers.CharField, {"read_only": True, "allow_null": True}
        return super().build_standard_field(field_name, model_field)


# Values that go into JSON as they come from the database.
PLAIN = (serializers.IntegerField, serializers.BooleanField, serializers.CharField, serializers.ChoiceField)


def _giver(field: Any) -> Callable[[Any], Any]:
    """What takes the value of a field out of a record."""
    if type(field) in PLAIN and len(field.source_attrs) == 1:
        return _plain(field.source)
    if len(field.source_attrs) == 2 and type(field) is serializers.DateField:
        return _end(*field.source_attrs)
    if isinstance(field, serializers.ManyRelatedField | serializers.ListSerializer | serializers.SerializerMethodField):
        to_json: Callable[[Any], Any] = field.to_representation
        return lambda record: to_json(field.get_attribute(record))
    if len(field.source_attrs) == 1:
        return _converted(field.source, field.to_representation)
    return lambda record: _as_ever(field, record)


def _plain(name: str) -> Callable[[Any], Any]:
    def give(record: Any) -> Any:
        value = getattr(record, name)
        return str(value) if isinstance(value, PartialDate) else value

    return give


def _end(name: str, end: str) -> Callable[[Any], Any]:
    def give(record: Any) -> Any:
        span = getattr(record, name)
        return None if span is None else getattr(span, end).isoformat()

    return give


def _converted(name: str, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def give(record: Any) -> Any:
        value = getattr(record, name)
        return None if value is None else convert(value)

    return give


def _as_ever(field: Any, record: Any) -> Any:
    value = field.get_attribute(record)
    return None if value is None else field.to_representation(value)


def _partial_date(name: str) -> dict[str, Any]:
    return {
        name: serializers.CharField(read_only=True, allow_null=True, help_text="EDTF"),
        f"{name}_first_day": serializers.DateField(source=f"{name}.first_day", read_only=True, allow_null=True),
        f"{name}_last_day": serializers.DateField(source=f"{name}.last_day", read_only=True, allow_null=True),
    }


class ChangeSerializer(serializers.ModelSerializer[Any]):
    """What PATCH takes: the editable columns. Unknown and fixed ones are named; all rules of the model are asked."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        PartialDateField: PartialDateSerializerField,
    }

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise ValidationError(
                {name: [_("There is no such field, or it is not changed this way.")] for name in unknown}
            )
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ValidationError for what `full_clean` refuses, on a copy: DRF asks no CHECK constraints."""
        tried: Any = copy(self.instance)
        for name, value in attrs.items():
            setattr(tried, name, value)
        tried.full_clean()
        return attrs

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(validated_data))
        return instance


def change_serializer(model: Any) -> Any:
    """The ChangeSerializer of a model: editable columns, less the fixed ones and the deadlines, moved by ledgers."""
    moved = {*getattr(model, "FIXED", ()), *(["due"] if hasattr(model, "original_due") else [])}
    fields = [field.name for field in model._meta.concrete_fields if field.editable and not field.primary_key]
    meta = type("Meta", (), {"model": model, "fields": [name for name in fields if name not in moved]})
    return type(f"{model.__name__}Change", (ChangeSerializer,), {"Meta": meta})


class RecordViewSet(ReadOnlyModelViewSet):
    """Reads one kind of record. Each list may be ordered by `ordering_fields`; the id breaks ties."""

    ordering_fields: tuple[str, ...] = ("reference", "modified_at")
    change_serializer_class: Any = None
    lookup_value_regex = r"\d{1,18}"

    def retrieve(self, request: Request, *args: Any, **options: Any) -> Response:
        record = self.get_object()
        body = self.get_serializer(record).data
        return Response(body, headers={"ETag": etag(record.version, body)})

    @extend_schema(parameters=[IF_MATCH, KEY])
    def partial_update(self, request: Request, *args: Any, **options: Any) -> Response:
        """Change some fields of a record; If-Match says which version was read."""
        needs_writing_token(request)
        return once(request, lambda: self._change(request))

    def _change(self, request: Request) -> Response:
        record = self.get_object()
        if not may_write(request.user, record):
            raise PermissionDenied
        record = type(record)._default_manager.select_for_update().get(pk=record.pk)
        compare_version(request, record)
        change = self.change_serializer_class(record, data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        change.save()
        body = self.get_serializer(self.get_object()).data
        record.refresh_from_db(fields=["version"])
        return Response(body, headers={"ETag": etag(record.version, body)})

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows.visible_to(self.request.user) if hasattr(rows, "visible_to") else rows


def related(model: type[models.Model]) -> tuple[list[str], list[str]]:
    """The foreign keys and the many-to-many relations of a model, for loading them with the rows."""
    keys = [field.name for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    return keys, [field.name for field in model._meta.many_to_many]
