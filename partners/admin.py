from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from doors.admin import CitationInline, PartInline, RecordAdmin
from partners.models import Contact, Partner, PartnerAlias, Sector, Source


class AliasInline(PartInline):
    model = PartnerAlias
    fk_name = "partner"


class ContactInline(PartInline):
    model = Contact
    fk_name = "partner"


class SideFilter(admin.SimpleListFilter):
    """Our side or abroad."""

    title = _("side")
    parameter_name = "side"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("home", _("ours")), ("abroad", _("abroad"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = {"home": queryset.home, "abroad": queryset.foreign}.get(self.value() or "")
        return chosen() if chosen else queryset


class CountryFilter(admin.SimpleListFilter):
    """The countries that partners have."""

    title = _("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        codes = Partner.objects.exclude(country="").order_by().values_list("country", flat=True).distinct()
        return sorted(((code, countries.name(code)) for code in codes), key=lambda pair: str(pair[1]))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(country=self.value()) if self.value() else queryset


@admin.register(Partner)
class PartnerAdmin(RecordAdmin):
    list_display = ("name", "reference", "kind", "country", "parent", "located_in")
    list_select_related = ("parent", "located_in")
    list_filter = (SideFilter, CountryFilter, "kind", "is_placeholder")
    inlines = (AliasInline, ContactInline, CitationInline)


@admin.register(Sector)
class SectorAdmin(RecordAdmin):
    list_display = ("name", "reference")


@admin.register(Source)
class SourceAdmin(RecordAdmin):
    list_display = ("name", "reference", "kind", "year")
    list_filter = ("kind",)


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    list_display = ("full_name", "partner", "position", "is_active")
    list_select_related = ("partner",)
    inlines = (CitationInline,)
