from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from partners.history import tracked
from partners.models.records import Named, NamedQuerySet, Record, reference_field


@tracked
class Sector(Named, Record):
    """A field of cooperation: industry, agriculture, health..."""

    reference = reference_field("SEC")

    objects = NamedQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("sector")
        verbose_name_plural = _("sectors")
        ordering = ["name"]
        constraints = Named.name_constraints()
