"""Our addresses, and beside our admin a plain one: all fields, the same inlines, as Django makes it."""

from typing import Any
from unittest.mock import patch

from django.contrib import admin
from django.contrib.contenttypes.admin import GenericInlineModelAdmin, GenericTabularInline
from django.db.models import Model
from django.urls import path

from agreements.models import RoadmapItem
from bench.admin import PLAIN
from config.urls import urlpatterns as ours
from partners.models import Record
from projects.models import Project, StatusUpdate


class PlainAdmin(admin.ModelAdmin):
    """As Django makes it, the CHECKs of a model asked one by one too."""

    def changeform_view(self, *asked: Any, **named: Any) -> Any:
        with patch.object(Record, "get_constraints", Model.get_constraints):
            return super().changeform_view(*asked, **named)


class Reports(PlainAdmin):
    """The author is no field of the form."""

    def save_model(self, request: Any, obj: Any, form: Any, change: Any) -> None:
        obj.author = request.user
        super().save_model(request, obj, form, change)


def rows_of(inline: Any) -> Any:
    """An inline of ours as Django would make it."""
    if issubclass(inline, GenericInlineModelAdmin):
        keys = {"ct_field": inline.ct_field, "ct_fk_field": inline.ct_fk_field}
        return type(inline.__name__, (GenericTabularInline,), {"model": inline.model, **keys})
    return type(inline.__name__, (admin.TabularInline,), {"model": inline.model, "fk_name": inline.fk_name})


plain = admin.AdminSite(PLAIN)
for model, kind in ((RoadmapItem, PlainAdmin), (Project, PlainAdmin), (StatusUpdate, Reports)):
    plain.register(model, kind, inlines=[rows_of(inline) for inline in admin.site._registry[model].inlines])

urlpatterns = [path(f"{PLAIN}/", plain.urls), *ours]
