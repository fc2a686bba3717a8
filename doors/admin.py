"""The one place that knows django-unfold: what every record's admin shares."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.admin import GenericTabularInline
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from partners.dates import today
from partners.models import Citation

STAMPS = ("reference", "version", "created_at", "created_by", "modified_at", "modified_by")


class OverdueFilter(admin.SimpleListFilter):
    """The QuerySet's word `overdue`, judged today."""

    title = _("overdue")
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", _("yes")), ("no", _("no"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        late = queryset.model._default_manager.overdue(today()).values("pk")
        if self.value() == "yes":
            return queryset.filter(pk__in=late)
        return queryset.exclude(pk__in=late) if self.value() == "no" else queryset


class PartInline(TabularInline):
    """Rows of a record that have no page of their own."""

    extra = 0
    tab = True

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return [field.name for field in self.model._meta.fields if _is_pointer(field) and field.name != self.fk_name]


class CitationInline(GenericTabularInline, TabularInline):
    model = Citation
    ct_field, ct_fk_field = "content_type", "object_id"
    autocomplete_fields = ("source",)
    fields = ("source", "closeness", "line")
    extra = 0
    tab = True


class RecordAdmin(ModelAdmin):
    """Search by the QuerySet's own word, autocomplete everywhere, stamps to read, history from the events."""

    search_fields = ("reference",)
    show_full_result_count = False
    list_per_page = 50
    readonly_fields = STAMPS
    actions: Any = None
    compressed_fields = True
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).order_by("reference")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return queryset.search(search_term), False

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        keys = [field.name for field in self.model._meta.fields if _is_pointer(field)]
        return keys + [field.name for field in self.model._meta.many_to_many]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        moved = ("due",) if obj is not None and any(f.name == "original_due" for f in self.model._meta.fields) else ()
        return (*super().get_readonly_fields(request, obj), *moved)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        record = self.get_object(request, object_id)
        if record is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, record):
            return HttpResponse(status=403)
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of %(record)s") % {"record": record},
            "opts": self.opts,
            "original": record,
            "changes": changes(record),
        }
        return TemplateResponse(request, "admin/record_history.html", context)


def _is_pointer(field: Any) -> bool:
    return bool(field.many_to_one and field.editable and field.related_model._meta.app_label != "contenttypes")


def changes(record: Any) -> list[dict[str, Any]]:
    """The events of a record, newest first: when, who, door, request, and each field's old and new value."""
    events = list(record.events.order_by("pgh_id"))
    labels = Labels(record, events)
    rows, before = [], None
    for event in events:
        context = event.pgh_context or {}
        user = labels.user(context.get("user"))
        rows.append({"event": event, "context": context, "user": user, "fields": labels.differences(before, event)})
        before = event
    return rows[::-1]


class Labels:
    """Names for the keys that events hold, with one query for each model that they point to."""

    def __init__(self, record: Any, events: list[Any]) -> None:
        self.fields = [field for field in record._meta.concrete_fields if field.name not in {"id", *STAMPS}]
        self.named = {field.name: self._records(field, events) for field in self.fields if field.many_to_one}
        users = {(event.pgh_context or {}).get("user") for event in events} - {None}
        self.users = get_user_model().objects.in_bulk(users)

    @staticmethod
    def _records(field: Any, events: list[Any]) -> dict[Any, Any]:
        keys = {getattr(event, field.attname) for event in events} - {None}
        return dict(field.related_model._default_manager.in_bulk(keys))

    def user(self, key: Any) -> Any:
        return self.users.get(key, key)

    def differences(self, before: Any, after: Any) -> list[dict[str, Any]]:
        found = []
        for field in self.fields:
            old, new = getattr(before, field.attname, None), getattr(after, field.attname)
            if old != new and (before is not None or new not in (None, "")):
                found.append(
                    {"label": field.verbose_name, "old": self._shown(field, old), "new": self._shown(field, new)}
                )
        return found

    def _shown(self, field: Any, value: Any) -> Any:
        if field.many_to_one:
            return self.named[field.name].get(value, value)
        return dict(field.flatchoices).get(value, value) if field.choices else value
