"""The shape of a record in the API."""

from __future__ import annotations

from typing import Any

from django.db import models
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from partners.fields import PartialDateField


class LinkSerializer(serializers.Serializer[Any]):
    """Another record, with its label."""

    id = serializers.IntegerField(read_only=True)
    reference = serializers.CharField(read_only=True)
    name = serializers.SerializerMethodField()

    def get_name(self, record: Any) -> str:
        return str(getattr(record, "name", None) or record)


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

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        model: Any = self.Meta.model
        for model_field in model._meta.concrete_fields:
            if isinstance(model_field, PartialDateField):
                fields.update(_partial_date(model_field.name))
            elif model_field.choices:
                label = f"get_{model_field.name}_display"
                fields[f"{model_field.name}_label"] = serializers.CharField(source=label, read_only=True)
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


class RecordViewSet(ReadOnlyModelViewSet):
    """Reads one kind of record. Each list may be ordered by `ordering_fields`; the id breaks ties."""

    ordering_fields: tuple[str, ...] = ("reference", "modified_at")
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows.visible_to(self.request.user) if hasattr(rows, "visible_to") else rows


def related(model: type[models.Model]) -> tuple[list[str], list[str]]:
    """The foreign keys and the many-to-many relations of a model, for loading them with the rows."""
    keys = [field.name for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    return keys, [field.name for field in model._meta.many_to_many]
