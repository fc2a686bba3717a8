"""What is measured: indicators of any subject, what was aimed at and what was observed."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from agreements.models import Meeting, Qualifier, Roadmap, WorkingGroup
from agreements.models.amounts import amount_field, currency_check, currency_field, qualifier_field
from partners.constraints import check, known
from partners.fields import PartialDateField
from partners.history import tracked
from partners.models import Cited, Named, Partner, Record
from partners.models.records import NamedQuerySet, RecordQuerySet, reference_field
from partners.text import search_indexes
from projects.models.project import Project


class IndicatorQuerySet(NamedQuerySet):
    SEARCHED = ("reference", "name", "name_ru", "name_be", "quantity")

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        """Measured of any of the partners, or with one."""
        keys = partners.order_by().values("pk")
        return self.filter(Q(subject__in=keys) | Q(counterpart__in=keys) | Q(roadmap__counterpart__in=keys))

    def comparable_with(self, indicator: Indicator) -> Self:
        """Indicators of the same measure: subject, quantity, unit and currency agree. Nothing else may be compared."""
        same = {field: getattr(indicator, field) for field in Indicator.MEASURE}
        said = {field: value for field, value in same.items() if value is not None}
        unsaid = {f"{field}__isnull": True for field, value in same.items() if value is None}
        return self.filter(**said, **unsaid)


@tracked
class Indicator(Named, Cited, Record):
    """A measured quantity of a subject: a partner or pair of partners, a roadmap, body, meeting or project."""

    MEASURE = ("subject_id", "counterpart_id", "roadmap_id", "working_group_id", "meeting_id", "project_id",
               "subject_text", "quantity", "unit", "currency")  # fmt: skip

    reference = reference_field("IND")
    subject = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="indicators", verbose_name=_("subject")
    )
    counterpart = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="indicators_as_counterpart", verbose_name=_("with")
    )
    roadmap = models.ForeignKey(
        Roadmap, models.PROTECT, null=True, blank=True, related_name="indicators", verbose_name=_("roadmap")
    )
    working_group = models.ForeignKey(
        WorkingGroup, models.PROTECT, null=True, blank=True, related_name="indicators", verbose_name=_("working group")
    )
    meeting = models.ForeignKey(
        Meeting, models.PROTECT, null=True, blank=True, related_name="indicators", verbose_name=_("meeting")
    )
    project = models.ForeignKey(
        Project, models.PROTECT, null=True, blank=True, related_name="indicators", verbose_name=_("project")
    )
    subject_text = models.CharField(_("subject, as printed"), max_length=200, blank=True)
    quantity = models.CharField(_("quantity"), max_length=200)
    unit = models.CharField(_("unit"), max_length=60)
    currency = currency_field()

    objects = IndicatorQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")
        ordering = ["id"]
        indexes = search_indexes("projects_indicator", IndicatorQuerySet.SEARCHED)
        constraints = [
            *Named.name_constraints(),
            currency_check(),
            check(
                "has_subject",
                Q(subject__isnull=False)
                | Q(roadmap__isnull=False)
                | Q(working_group__isnull=False)
                | Q(meeting__isnull=False)
                | Q(project__isnull=False),
                _("Say of what or whom this is measured."),
            ),
        ]


class Reading(Record):
    """A number, a ratio or words, for a period."""

    value = amount_field(_("value"))
    value_to = amount_field(_("up to value"))
    qualifier = qualifier_field(_("qualifier"))
    text = models.CharField(_("as printed"), max_length=500, blank=True)
    period = PartialDateField(_("period"), null=True, blank=True)
    period_text = models.CharField(_("period, as printed"), max_length=200, blank=True)
    baseline = PartialDateField(_("compared with"), null=True, blank=True)
    baseline_text = models.CharField(_("compared with, as printed"), max_length=200, blank=True)

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        abstract = True
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text or str(self.value)

    @staticmethod
    def reading_constraints() -> list[models.BaseConstraint]:
        return [
            known("qualifier", Qualifier),
            check("value_or_text", Q(value__isnull=False) | ~Q(text=""), _("Give a value or the printed words.")),
            check(
                "range_upwards",
                Q(value_to__isnull=True) | Q(value_to__gte=F("value")),
                _("A range ends above its start."),
            ),
        ]


class TargetKind(models.TextChoices):
    TARGET = "target", _("target")
    PLAN = "plan", _("plan")
    EXPECTATION = "expectation", _("expectation")
    DECLARED = "declared", _("declared")
    INTENTION = "intention", _("intention")


@tracked
class Target(Reading):
    """What was aimed at."""

    reference = reference_field("TGT")
    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="targets", verbose_name=_("indicator"))
    kind = models.CharField(_("kind"), max_length=20, choices=TargetKind, default=TargetKind.TARGET)

    class Meta(Reading.Meta):
        abstract = False
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints = [*Reading.reading_constraints(), known("kind", TargetKind)]


@tracked
class Observation(Reading):
    """What was observed."""

    reference = reference_field("OBS")
    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="observations", verbose_name=_("indicator"))

    class Meta(Reading.Meta):
        abstract = False
        verbose_name = _("observation")
        verbose_name_plural = _("observations")
        constraints = Reading.reading_constraints()
