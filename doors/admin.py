"""The one place that knows django-unfold: what every record's admin shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.admin import GenericTabularInline
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from doors.counting import CappedPaginator
from doors.permissions import may, may_verb, may_write
from doors.versions import VersionedForm
from partners.dates import today
from partners.fields import PartialDateField
from partners.models import Citation

STAMPS = ("reference", "version", "created_at", "created_by", "modified_at", "modified_by")


# An action of a list reaches no further: the addresses of its page would grow too long.
MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Verb:
    """A state change that a person may ask for: what is asked, what is done, to which rows it fits."""

    name: str
    label: Any
    perform: Callable[[Any, Any, dict[str, Any]], Any]
    form: type[forms.Form] = forms.Form
    fits: Callable[[Any], bool] = lambda record: True
    for_many: bool = False


def _action(verb: Verb) -> Any:
    def ask(admin_: Any, request: HttpRequest, queryset: Any) -> HttpResponse:
        keys = "&".join(f"id={key}" for key in queryset.values_list("pk", flat=True)[:MOST_AT_ONCE])
        return HttpResponseRedirect(f"{admin_.verb_address(verb)}?{keys}")

    ask.short_description = verb.label  # type: ignore[attr-defined]
    return ask


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


class Guarded:
    """Rights from the permission table, for records and for the rows inside them."""

    model: Any

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "view", self.model)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "add", self.model)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "change", self.model)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "delete", self.model)


# Widgets of fields that django-unfold does not know.
WIDGETS = {PartialDateField: {"widget": UnfoldAdminTextInputWidget}}


class PartInline(Guarded, TabularInline):
    """Rows of a record that have no page of their own."""

    form = VersionedForm
    formfield_overrides = WIDGETS
    extra = 0
    tab = True

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return [field.name for field in self.model._meta.fields if _is_pointer(field) and field.name != self.fk_name]


class CitationInline(Guarded, GenericTabularInline, TabularInline):
    model = Citation
    form = VersionedForm
    ct_field, ct_fk_field = "content_type", "object_id"
    autocomplete_fields = ("source",)
    fields = ("source", "closeness", "line")
    extra = 0
    tab = True


class UploadWidget(UnfoldAdminFileFieldWidget):
    """Takes a file and links to none: a private file has no address of its own."""

    def is_initial(self, value: Any) -> bool:
        return False


class FileInline(PartInline):
    """Files of a record: added and taken away, never overwritten."""

    fields = ("content", "link", "media_type", "size")
    readonly_fields = ("link", "media_type", "size")

    @admin.display(description=_("file"))
    def link(self, stored: Any) -> str:
        return format_html('<a href="{}">{}</a>', stored.get_absolute_url(), stored.name) if stored.pk else ""

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        options.setdefault("widgets", {})["content"] = UploadWidget
        return super().get_formset(request, obj, **options)


class VerbAdmin(Guarded, ModelAdmin):
    """State changes go by `verbs`, each on a page that asks; the history is drawn from the events."""

    verbs: tuple[Verb, ...] = ()
    change_form_before_template = "admin/verbs.html"

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        record = self.get_object(request, object_id) if object_id and request.method == "GET" else None
        extra = {**(extra_context or {}), "verbs": self.links(request, record)}
        return super().changeform_view(request, object_id, form_url, extra)

    def links(self, request: HttpRequest, record: Any) -> list[dict[str, Any]]:
        """The buttons of the verbs that the user may do to the record now."""
        if record is None:
            return []
        return [
            {"label": verb.label, "address": f"{self.verb_address(verb)}?id={record.pk}"}
            for verb in self.verbs
            if self.permitted(request.user, verb) and verb.fits(record)
        ]

    def permitted(self, user: Any, verb: Verb) -> bool:
        return may_verb(user, f"{self.model._meta.label_lower}.{verb.name}")

    def verb_address(self, verb: Verb) -> str:
        return reverse(f"admin:{self._url_name('verb')}", args=[verb.name])

    def _url_name(self, page: str) -> str:
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}_{page}"

    def get_urls(self) -> Any:
        page = self.admin_site.admin_view(self.verb_view)
        return [path("verb/<slug:name>/", page, name=self._url_name("verb")), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> Any:
        """A verb that makes sense for many rows is also an action of the list; it asks on its own page."""
        actions = dict(super().get_actions(request))
        actions.pop("delete_selected", None)
        for verb in self.verbs:
            if verb.for_many and self.permitted(request.user, verb):
                actions[verb.name] = (_action(verb), verb.name, verb.label)
        return actions

    def verb_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Asks what the verb needs and does it to each of the rows `id`; tells each refusal by the row's reference."""
        verb = next((verb for verb in self.verbs if verb.name == name), None)
        if verb is None:
            raise Http404
        if not self.permitted(request.user, verb):
            raise PermissionDenied
        records = self._named(request)
        form = verb.form(request.POST, request.FILES) if request.method == "POST" else verb.form()
        if form.is_valid():
            # One transaction for all rows: a server that dies half-way has done none of it.
            with transaction.atomic():
                made, refused = self._do(request, verb, records, form.cleaned_data)
            if not refused or len(records) > 1:
                return self.after_verb(request, verb, records, made)
            form.add_error(None, refused)
        context = {
            **self.admin_site.each_context(request),
            "title": verb.label,
            "opts": self.opts,
            "records": records,
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/verb.html", context, status=400 if form.errors else 200)

    def _named(self, request: HttpRequest) -> list[Any]:
        keys = [key for key in request.GET.getlist("id") if key.isascii() and key.isdigit() and len(key) < 19]
        found = list(self.get_queryset(request).filter(pk__in=keys[:MOST_AT_ONCE]))
        if not found:
            raise Http404
        return found

    def _do(
        self, request: HttpRequest, verb: Verb, records: list[Any], asked: dict[str, Any]
    ) -> tuple[list[Any], list[str]]:
        """What the verb made, and a sentence for each row that it refused."""
        made: list[Any] = []
        refused = []
        for record in records:
            try:
                with transaction.atomic():
                    made.append(verb.perform(record, request.user, asked))
            except (PermissionDenied, ValidationError) as refusal:
                words = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
                refused.append(f"{getattr(record, 'reference', record)}: {' '.join(words)}")
        done = len(records) - len(refused)
        if done:
            self.message_user(request, _("%(verb)s: %(number)s done.") % {"verb": verb.label, "number": done})
        if refused and len(records) > 1:
            for line in refused:
                self.message_user(request, line, messages.ERROR)
        return made, refused

    def after_verb(self, request: HttpRequest, verb: Verb, records: list[Any], made: list[Any]) -> HttpResponse:
        """To what was made, where it has a page here; else back to the record or to the list."""
        return HttpResponseRedirect(self._after(records, made))

    def _after(self, records: list[Any], made: list[Any]) -> str:
        if len(made) == 1 and type(made[0]) in self.admin_site._registry:
            options = made[0]._meta
            return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[made[0].pk])
        if len(records) == 1:
            return reverse(f"admin:{self._url_name('change')}", args=[records[0].pk])
        return reverse(f"admin:{self._url_name('changelist')}")

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
            "changes": chosen(changes(record), request),
            "asked": {name: request.GET.get(name, "") for name in ("field", "user")},
        }
        return TemplateResponse(request, "admin/record_history.html", context)


class RecordAdmin(VerbAdmin):
    """Search by the QuerySet's own word, autocomplete everywhere, stamps to read, history from the events.

    Saves lose to saves in between (`VersionedForm`); state changes go by `verbs`.
    """

    form = VersionedForm
    formfield_overrides = WIDGETS
    search_fields = ("reference",)
    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    readonly_fields: tuple[str, ...] = STAMPS
    actions: Any = None
    compressed_fields = True
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).order_by("reference")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "change", self.model) if obj is None else may_write(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or may_write(request.user, obj))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The record; locked until the end of the request when it is about to be written."""
        if request.method == "POST" and connection.in_atomic_block and object_id.isdecimal():
            rows = self.model._default_manager.select_for_update().filter(pk=object_id)
            rows.order_by().values_list("pk").first()
        return super().get_object(request, object_id, from_field)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return queryset.search(search_term), False

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        keys = [field.name for field in self.model._meta.fields if _is_pointer(field)]
        return keys + [field.name for field in self.model._meta.many_to_many]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The record's own fields first; what the database keeps of every row below, once there is a row."""
        kept = {*STAMPS, *(self.readonly_fields if obj is None else ())}
        own = [name for name in self.get_fields(request, obj) if name not in kept]
        stamps = [(_("Record"), {"fields": STAMPS, "classes": ["collapse"]})] if obj is not None else []
        return [(None, {"fields": own}), *stamps]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        moved = ("due",) if obj is not None and any(f.name == "original_due" for f in self.model._meta.fields) else ()
        fixed = getattr(self.model, "FIXED", ()) if obj is not None else ()
        return (*super().get_readonly_fields(request, obj), *moved, *fixed)


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


def chosen(rows: list[dict[str, Any]], request: HttpRequest) -> list[dict[str, Any]]:
    """The changes of the asked field and person, both by words that occur in their names."""
    field, user = (request.GET.get(name, "").casefold() for name in ("field", "user"))
    if user:
        rows = [row for row in rows if user in str(row["user"] or "").casefold()]
    if field:
        for row in rows:
            row["fields"] = [told for told in row["fields"] if field in str(told["label"]).casefold()]
        rows = [row for row in rows if row["fields"]]
    return rows


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
