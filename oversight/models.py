"""Views of the database over several tables; nothing is stored here."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models import ItemRescheduling, Rescheduling, RoadmapItem
from agreements.models.rescheduling import ReschedulingQuerySet
from projects.models import Project, ProjectRescheduling


class Move(Rescheduling):
    """A moved deadline of either ledger, to read: of an item or of a project. The ledgers share one sequence of ids."""

    reference = models.CharField(_("reference"), max_length=80)
    item = models.ForeignKey(
        RoadmapItem, models.DO_NOTHING, null=True, related_name="+", verbose_name=_("roadmap item")
    )
    project = models.ForeignKey(Project, models.DO_NOTHING, null=True, related_name="+", verbose_name=_("project"))

    objects = ReschedulingQuerySet.as_manager()  # type: ignore[misc]  # the base's is declared Any

    class Meta:
        managed = False
        db_table = "oversight_move"
        ordering = ["id"]
        verbose_name = _("rescheduling")
        verbose_name_plural = _("reschedulings")

    @property
    def subject(self) -> Any:
        return self.item or self.project

    @property
    def row(self) -> ItemRescheduling | ProjectRescheduling:
        """The row of the ledger that this is."""
        ledger: Any = ItemRescheduling if self.item_id else ProjectRescheduling
        found: ItemRescheduling | ProjectRescheduling = ledger.objects.get(pk=self.pk)
        return found
