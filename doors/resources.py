"""The shape of a record in the API."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from doors.exports import exported
from doors.fields import LabelField, LinkSerializer, UserField
from doors.pagination import KeysetPagination
from doors.permissions import may_write
from doors.replica import from_replica
from doors.rest import EXPORTS, checked
from doors.shapes import Shape
from doors.writes import (
    IF_MATCH,
    KEY,
    PartialDateSerializerField,
    answer,
    compare_version,
    needs_writing_token,
    once,
)
from partners.fields import PartialDateField
from partners.filters import RecordedFilterSet


class RecordSerializer(serializers.ModelSerializer[Any]):
    """A record as the API gives it: links with labels, enums with labels, partial dates in four keys.

    It describes; the JSON itself is made by PostgreSQL, after this description (`doors.shapes`).
    """

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        model: Any = self.Meta.model
        for model_field in model._meta.concrete_fields:
            if isinstance(model_field, PartialDateField):
                fields.update(_partial_date(model_field.name))
            elif model_field.choices:
                # Said also of what is not written: DRF tells it of input alone.
                fields[model_field.name].allow_blank = model_field.blank  # type: ignore[attr-defined]
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
    shape: Shape
    change_serializer_class: Any = None
    lookup_value_regex = r"\d{1,18}"

    @from_replica
    def list(self, request: Request, *args: Any, **options: Any) -> Any:
        # The ids of the page first, then their JSON: what the filters join costs nothing for the rest of the row.
        rows, form = self.filter_queryset(self.get_queryset()), request.accepted_renderer.format
        if form != "json":
            return exported(self.shape, KeysetPagination().ordered(rows, request, self), form, self.basename)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.shape.fragments(row.pk for row in page or ()))

    def retrieve(self, request: Request, *args: Any, **options: Any) -> Response:
        rows, pk = checked(request, RecordedFilterSet, self.get_queryset(), {"format"}).qs, int(options["pk"])
        if rows.query.where and not rows.filter(pk=pk).exists():
            raise Http404
        return answer(self.shape, pk)

    @extend_schema(parameters=[IF_MATCH, KEY])
    def partial_update(self, request: Request, *args: Any, **options: Any) -> Response:
        """Change some fields of a record; If-Match says which version was read."""
        needs_writing_token(request)
        return once(request, lambda: self._change(request))

    def _change(self, request: Request) -> Response:
        record = get_object_or_404(self.get_queryset(), pk=int(self.kwargs["pk"]))
        if not may_write(request.user, record):
            raise PermissionDenied
        record = type(record)._default_manager.select_for_update().get(pk=record.pk)
        compare_version(request, record)
        change = self.change_serializer_class(record, data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        change.save()
        return answer(self.shape, record.pk)

    def get_renderers(self) -> Any:
        return [renderer() for renderer in EXPORTS] if self.action == "list" else super().get_renderers()

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows.visible_to(self.request.user) if hasattr(rows, "visible_to") else rows
