"""Standing joint bodies and their sessions, and other meetings."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agreements.models.amounts import (
    Qualifier,
    amount_field,
    currency_check,
    currency_field,
    qualifier_field,
)
from partners.constraints import check, known
from partners.fields import PartialDateField
from partners.history import tracked, tracked_link
from partners.models import Cited, Named, Partner, Record, Sector, StoredFile
from partners.models.records import NamedQuerySet, RecordQuerySet, reference_field, tree_triggers
from partners.text import search_indexes


class WorkingGroupKind(models.TextChoices):
    COMMISSION = "commission", _("commission")
    COMMITTEE = "committee", _("committee")
    WORKING_GROUP = "working_group", _("working group")
    SUB_GROUP = "sub_group", _("sub-group")
    HIGH_LEVEL_GROUP = "high_level_group", _("high-level group")


class WorkingGroupStatus(models.TextChoices):
    TO_BE_CREATED = "to_be_created", _("to be created")
    WORKING = "working", _("working")
    DISSOLVED = "dissolved", _("dissolved")


class WorkingGroupQuerySet(NamedQuerySet):
    """Standing joint bodies."""

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        """Bodies with any of the partners among their sides."""
        sides = WorkingGroup.sides.through.objects.filter(
            workinggroup=OuterRef("pk"), partner__in=partners.order_by().values("pk")
        )
        return self.filter(Exists(sides))


@tracked
class WorkingGroup(Named, Cited, Record):
    """A standing joint body: commission, committee, working group, sub-group, high-level group. They form a tree."""

    TREES = ("parent",)

    reference = reference_field("WGR")
    kind = models.CharField(_("kind"), max_length=20, choices=WorkingGroupKind)
    status = models.CharField(
        _("status"), max_length=20, choices=WorkingGroupStatus, default=WorkingGroupStatus.WORKING
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    sides = models.ManyToManyField(Partner, blank=True, related_name="working_groups", verbose_name=_("sides"))
    sectors = models.ManyToManyField(Sector, blank=True, related_name="working_groups", verbose_name=_("sectors"))
    established = PartialDateField(_("established"), null=True, blank=True)
    established_text = models.CharField(_("established, as printed"), max_length=200, blank=True)
    founding_agreement = models.ForeignKey(
        "agreements.Agreement",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="founded_groups",
        verbose_name=_("founding document"),
    )
    founding_meeting = models.ForeignKey(
        "agreements.Meeting",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="founded_groups",
        verbose_name=_("founding meeting"),
    )

    objects = WorkingGroupQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("working group")
        verbose_name_plural = _("working groups")
        ordering = ["name", "id"]
        triggers = [*Record.Meta.triggers, *tree_triggers("parent")]
        indexes = search_indexes("agreements_group", WorkingGroupQuerySet.SEARCHED)
        constraints = [
            *Named.name_constraints(),
            known("kind", WorkingGroupKind),
            known("status", WorkingGroupStatus),
            check("not_its_own_parent", ~Q(parent=F("id")), _("A body cannot be part of itself.")),
        ]

    def get_absolute_url(self) -> str:
        return reverse("working-group", args=[self.reference])


class MeetingKind(models.TextChoices):
    SESSION = "session", _("session of a body")
    FORUM = "forum", _("forum")
    FAIR = "fair", _("fair or exhibition")
    CONFERENCE = "conference", _("conference")
    TALKS = "talks", _("talks")
    VISIT = "visit", _("visit")
    SIGNING = "signing", _("signing")
    EVENT = "event", _("event")


class MeetingStatus(models.TextChoices):
    PLANNED = "planned", _("planned")
    HELD = "held", _("held")


class MeetingQuerySet(NamedQuerySet):
    """Sessions, forums, fairs, talks and visits."""

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        """Meetings in which any of the partners took part, and sessions of bodies they are a side of."""
        keys = partners.order_by().values("pk")
        took_part = MeetingParticipant.objects.filter(meeting=OuterRef("pk"), partner__in=keys)
        sides = WorkingGroup.sides.through.objects.filter(workinggroup=OuterRef("working_group"), partner__in=keys)
        return self.filter(Q(Exists(took_part)) | Q(Exists(sides)))


@tracked
class Meeting(Named, Cited, Record):
    """A session of a body, a forum, a fair, a visit; it may lie within another (a group's in a commission's)."""

    TREES = ("parent",)

    reference = reference_field("MTG")
    kind = models.CharField(_("kind"), max_length=20, choices=MeetingKind)
    status = models.CharField(_("status"), max_length=10, choices=MeetingStatus, default=MeetingStatus.HELD)
    working_group = models.ForeignKey(
        WorkingGroup, models.PROTECT, null=True, blank=True, related_name="meetings", verbose_name=_("body")
    )
    ordinal = models.PositiveIntegerField(_("number in its series"), null=True, blank=True)
    held = PartialDateField(_("date"), null=True, blank=True)
    held_text = models.CharField(_("date, as printed"), max_length=200, blank=True)
    place = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="meetings_here", verbose_name=_("place")
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("held within")
    )
    outcome = models.TextField(_("outcome"), blank=True)
    declared_documents = models.PositiveIntegerField(_("documents signed, as declared"), null=True, blank=True)
    declared_documents_qualifier = qualifier_field(_("qualifier of the documents"))
    declared_value = amount_field(_("contract total, as declared"))
    declared_value_qualifier = qualifier_field(_("qualifier of the total"))
    currency = currency_field()
    parties = models.ManyToManyField(
        Partner, through="MeetingParticipant", related_name="meetings", verbose_name=_("participants")
    )

    objects = MeetingQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        ordering = [F("held__first_day").desc(nulls_last=True), "id"]
        triggers = [*Record.Meta.triggers, *tree_triggers("parent")]
        indexes = search_indexes("agreements_meeting", MeetingQuerySet.SEARCHED)
        constraints = [
            *Named.name_constraints(),
            known("kind", MeetingKind),
            known("status", MeetingStatus),
            known("declared_documents_qualifier", Qualifier),
            known("declared_value_qualifier", Qualifier),
            currency_check(),
            check("not_its_own_parent", ~Q(parent=F("id")), _("A meeting cannot lie within itself.")),
            check(
                "total_with_currency",
                Q(declared_value__isnull=True, currency="") | (Q(declared_value__isnull=False) & ~Q(currency="")),
                _("Give the total together with its currency."),
            ),
            models.UniqueConstraint(
                fields=["working_group", "ordinal"],
                name="agreements_meeting_one_per_number",
                violation_error_message=_("The body has a session of this number already."),
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("meeting", args=[self.reference])


class ParticipantRole(models.TextChoices):
    PARTICIPANT = "participant", _("participant")
    ORGANISER = "organiser", _("organiser")
    HOST = "host", _("host")
    EXHIBITOR = "exhibitor", _("exhibitor")


@tracked
class MeetingParticipant(Record):
    """Who took part. Taking part is not being a party to what was signed."""

    reference = reference_field("MPT")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="participants", verbose_name=_("meeting"))
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="participations", verbose_name=_("partner"))
    role = models.CharField(_("role"), max_length=20, choices=ParticipantRole, default=ParticipantRole.PARTICIPANT)

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        ordering = ["id"]
        constraints = [
            known("role", ParticipantRole),
            models.UniqueConstraint(
                fields=["meeting", "partner"],
                name="agreements_participant_once",
                violation_error_message=_("The partner takes part in this meeting already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} – {self.get_role_display()}"


@tracked
class MeetingFile(StoredFile):
    """A protocol or another paper of a meeting."""

    reference = reference_field("MTF")
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="files", verbose_name=_("meeting"))

    objects: Any = RecordQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        abstract = False
        verbose_name = _("file of a meeting")
        verbose_name_plural = _("files of meetings")
        constraints = StoredFile.file_constraints()


tracked_link(WorkingGroup.sides.through)
tracked_link(WorkingGroup.sectors.through)
