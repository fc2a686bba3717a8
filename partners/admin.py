from django.contrib import admin

from config.adminbase import CitationInline, PartInline, RecordAdmin
from partners.models import Contact, Partner, PartnerAlias, Sector, Source


class AliasInline(PartInline):
    model = PartnerAlias
    fk_name = "partner"


class ContactInline(PartInline):
    model = Contact
    fk_name = "partner"


@admin.register(Partner)
class PartnerAdmin(RecordAdmin):
    list_display = ("name", "reference", "kind", "country", "parent", "located_in")
    list_select_related = ("parent", "located_in")
    list_filter = ("kind", "is_placeholder")
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
