"""Plans of measures: roadmaps and their areas."""

from __future__ import annotations

from typing import Any, Self

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agreements.models.agreement import Agreement
from agreements.models.bodies import Meeting
from partners.constraints import known, not_wholly_before
from partners.fields import PartialDateField
from partners.history import tracked, tracked_link
from partners.models import Cited, Named, Partner, Record
from partners.models.records import NamedQuerySet, reference_field
from partners.text import search_indexes


class RoadmapKind(models.TextChoices):
    ROADMAP = "roadmap", _("roadmap")
    PLAN = "plan", _("plan")
    PROGRAMME = "programme", _("programme")
    ISSUE_LIST = "issue_list", _("list of issues")
    PROTOCOL = "protocol", _("protocol decisions")


class RoadmapStatus(models.TextChoices):
    PROSPECTIVE = "prospective", _("prospective")
    DRAFT = "draft", _("draft")
    SIGNED = "signed", _("signed")
    IN_IMPLEMENTATION = "in_implementation", _("in implementation")
    COMPLETED = "completed", _("completed")
    NOT_IMPLEMENTED = "not_implemented", _("not implemented")
    EXPIRED = "expired", _("expired")


# A roadmap binds while it is signed or being implemented. No status moves by the clock.
IN_FORCE = (RoadmapStatus.SIGNED, RoadmapStatus.IN_IMPLEMENTATION)


class RoadmapQuerySet(NamedQuerySet):
    """Plans of measures."""

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        """Roadmaps with any of the partners on either side."""
        keys = partners.order_by().values("pk")
        return self.filter(Q(counterpart__in=keys) | Q(home_side__in=keys))

    def in_force(self) -> Self:
        return self.filter(status__in=IN_FORCE)

    def with_counts(self) -> Self:
        """`entered_areas` and `entered_items`: what the register holds, beside what the document declares."""
        return self.annotate(entered_areas=_count("areas"), entered_items=_count("items"))


def _count(relation: str) -> Coalesce:
    entered: Any = Roadmap._meta.get_field(relation).related_model
    rows = entered._default_manager.filter(roadmap=OuterRef("pk"))
    # Of rows, not of ids: for that the index on the parent is enough.
    number = models.Func(template="count(*)", output_field=models.IntegerField())
    return Coalesce(Subquery(rows.order_by().annotate(n=number).values("n")), 0)


@tracked
class Roadmap(Named, Cited, Record):
    """A signed or prospective plan of measures. What it declares and what is entered are two numbers."""

    reference = reference_field("RDM")
    kind = models.CharField(_("kind"), max_length=20, choices=RoadmapKind, default=RoadmapKind.ROADMAP)
    status = models.CharField(_("status"), max_length=20, choices=RoadmapStatus)
    status_text = models.CharField(_("status, as printed"), max_length=200, blank=True)
    home_side = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="roadmaps_as_home", verbose_name=_("our side")
    )
    counterpart = models.ForeignKey(Partner, models.PROTECT, related_name="roadmaps", verbose_name=_("counterpart"))
    signed = PartialDateField(_("signed"), null=True, blank=True)
    signed_text = models.CharField(_("signed, as printed"), max_length=200, blank=True)
    period = PartialDateField(_("period"), null=True, blank=True)
    period_text = models.CharField(_("period, as printed"), max_length=200, blank=True)
    place = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="roadmaps_signed_here", verbose_name=_("place")
    )
    adopted_by = models.ForeignKey(
        Agreement, models.PROTECT, null=True, blank=True, related_name="roadmaps", verbose_name=_("adopted by")
    )
    adopted_at = models.ForeignKey(
        Meeting, models.PROTECT, null=True, blank=True, related_name="roadmaps", verbose_name=_("adopted at")
    )
    basis = models.ManyToManyField(
        Agreement, blank=True, related_name="leads_to_roadmaps", verbose_name=_("grows from")
    )
    declared_areas = models.PositiveIntegerField(_("areas, as declared"), null=True, blank=True)
    declared_items = models.PositiveIntegerField(_("items, as declared"), null=True, blank=True)
    declared_text = models.CharField(_("declared, as printed"), max_length=300, blank=True)

    objects = RoadmapQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("roadmap")
        verbose_name_plural = _("roadmaps")
        ordering = [F("signed__first_day").desc(nulls_last=True), "id"]
        indexes = search_indexes("agreements_roadmap", RoadmapQuerySet.SEARCHED)
        constraints = [
            *Named.name_constraints(),
            known("kind", RoadmapKind),
            known("status", RoadmapStatus),
            not_wholly_before("period", "signed", _("The period would end before the roadmap is signed.")),
        ]

    def get_absolute_url(self) -> str:
        return reverse("roadmap", args=[self.reference])

    @property
    def is_in_force(self) -> bool:
        return self.status in IN_FORCE

    def complete(self, *, by: Any) -> None:
        """All that was promised is closed. Controllers only; ValidationError while items are open."""
        self._end(RoadmapStatus.COMPLETED, by)

    def expire(self, *, by: Any) -> None:
        """The period is over and nothing is left open. Controllers only; ValidationError while items are open."""
        self._end(RoadmapStatus.EXPIRED, by)

    @transaction.atomic
    def _end(self, status: RoadmapStatus, user: Any) -> None:
        if not user.is_controller:
            raise PermissionDenied(_("A controller ends a roadmap."))
        locked = Roadmap.objects.select_for_update().get(pk=self.pk)
        if not locked.is_in_force:
            raise ValidationError(_("The roadmap is not in force."))
        if still := locked.items.filter(closed_as="").count():
            raise ValidationError(_("%(number)s items are open: close them or carry them over.") % {"number": still})
        self.status = status
        self.save(update_fields=["status"])


class RoadmapAreaQuerySet(NamedQuerySet):
    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        return self.filter(roadmap__in=Roadmap.objects.of_partners(partners).order_by().values("pk"))


@tracked
class RoadmapArea(Named, Cited, Record):
    """A numbered field within a roadmap."""

    reference = reference_field("ARE")
    roadmap = models.ForeignKey(Roadmap, models.CASCADE, related_name="areas", verbose_name=_("roadmap"))
    number = models.CharField(_("number, as printed"), max_length=20, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    objects = RoadmapAreaQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("roadmap area")
        verbose_name_plural = _("roadmap areas")
        ordering = ["roadmap_id", "position", "id"]
        constraints = Named.name_constraints()


tracked_link(Roadmap.basis.through)
