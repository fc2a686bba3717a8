"""Items of roadmaps, the promised measures: how they are closed, reopened, and how their deadlines move."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Self

import pghistory
import pgtrigger
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agreements.models.bodies import WorkingGroup
from agreements.models.rescheduling import Decision, Rescheduling, agreed_move, due_on
from agreements.models.roadmap import IN_FORCE, Roadmap, RoadmapArea
from partners.constraints import check, known
from partners.dates import PartialDate, today
from partners.fields import PartialDateField
from partners.history import tracked, tracked_link
from partners.models import Cited, Named, Partner, Record
from partners.models.records import NamedQuerySet, RecordQuerySet, reference_field
from partners.text import search_indexes
from partners.triggers import CORRECTED, Unchangeable, correcting


class ClosedAs(models.TextChoices):
    FULFILLED = "fulfilled", _("fulfilled")
    DROPPED = "dropped", _("dropped")
    CARRIED_OVER = "carried_over", _("carried over")


class RoadmapItemQuerySet(NamedQuerySet):
    """Promised measures. Every list, page, filter and report of lateness is built from these words."""

    SEARCHED = ("reference", "name", "name_ru", "name_be", "wording")

    def open(self, on: date) -> Self:
        """Not closed on the day: neither for good nor in a spell that a reopening ended."""
        spell = Reopening.objects.filter(item=OuterRef("pk"), closed_on__lte=on, reopened_on__gt=on)
        return self.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=on)).exclude(Exists(spell))

    def binding(self) -> Self:
        """Items of roadmaps in force."""
        return self.filter(roadmap__status__in=IN_FORCE)

    def with_deadline(self, on: date) -> Self:
        """`deadline`: the last day of the deadline as it stood on the day; the roadmap's last day where it has none."""
        return self.annotate(deadline=Coalesce(due_on(on, ItemRescheduling, "item"), F("roadmap__period__last_day")))

    def overdue(self, on: date) -> Self:
        """Open, of a roadmap in force, and the day is after the last day of the deadline."""
        return self.standing(on).filter(deadline__lt=on)

    def bound(self, on: date) -> Self:
        """Open, of a roadmap in force; with `deadline`. What `standing` looks up, worked out."""
        return self.open(on).binding().with_deadline(on)

    def standing(self, on: date) -> Self:
        """`bound` on the day, from the spans that the database keeps of it."""
        return self.filter(standings__during__contains=on).annotate(deadline=F("standings__deadline"))

    def with_overdue(self, on: date) -> Self:
        """`late`: true for the overdue rows, false (never NULL) for the others."""
        late = RoadmapItem.objects.overdue(on).filter(pk=OuterRef("pk"))
        return self.with_deadline(on).annotate(late=Case(When(Exists(late), then=True), default=False))

    def due_within(self, on: date, days: int) -> Self:
        """Open items of roadmaps in force whose deadline ends from the day on, within so many days."""
        return self.standing(on).filter(deadline__range=(on, on + timedelta(days=days)))

    def closed_between(self, since: date, on: date) -> Self:
        """`day`: closed after the one day and up to the other, and not opened again."""
        return self.filter(closed_on__gt=since, closed_on__lte=on).annotate(day=F("closed_on"))

    def of_roadmap(self, *roadmaps: int) -> Self:
        """Items of any of the roadmaps (their ids)."""
        return self.filter(roadmap__in=roadmaps)

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        """Items of roadmaps with any of the partners, or led by one."""
        keys = partners.order_by().values("pk")
        return self.filter(Q(roadmap__counterpart__in=keys) | Q(roadmap__home_side__in=keys) | Q(lead__in=keys))


@tracked
class RoadmapItem(Named, Cited, Record):
    """One promised measure. Open until closed: fulfilled, dropped or carried over, with who, when and why.

    `original_due` is what the document said; `due` moves only by an agreed rescheduling (a trigger keeps both).
    """

    reference = reference_field("ITM")
    roadmap = models.ForeignKey(Roadmap, models.PROTECT, related_name="items", verbose_name=_("roadmap"))
    area = models.ForeignKey(
        RoadmapArea, models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("area")
    )
    number = models.CharField(_("number, as printed"), max_length=20, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    wording = models.TextField(_("measure"), blank=True)
    due = PartialDateField(_("deadline"), null=True, blank=True)
    due_text = models.CharField(_("deadline, as printed"), max_length=200, blank=True)
    original_due = PartialDateField(_("original deadline"), null=True, blank=True, editable=False)
    lead = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="led_items", verbose_name=_("lead")
    )
    co_executors = models.ManyToManyField(
        Partner, blank=True, related_name="co_executed_items", verbose_name=_("co-executors")
    )
    counterpart_lead = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="counterpart_items",
        verbose_name=_("counterpart's organisation"),
    )
    working_group = models.ForeignKey(
        WorkingGroup, models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("working group")
    )
    is_priority = models.BooleanField(_("priority (reported monthly)"), default=False)
    closed_as = models.CharField(_("closed as"), max_length=20, choices=ClosedAs, blank=True, editable=False)
    closed_on = models.DateField(_("closed on"), null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("closed by"),
    )
    closed_why = models.TextField(_("reason for closing"), blank=True, editable=False)
    carried_over_to = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="carried_over_from",
        verbose_name=_("carried over to"),
    )

    objects = RoadmapItemQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("roadmap item")
        verbose_name_plural = _("roadmap items")
        ordering = ["roadmap_id", "position", "id"]
        triggers = [
            *Record.Meta.triggers,
            pgtrigger.Trigger(
                name="keep_original_due",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                # A writer that says nothing of the original deadline means that it stays.
                func="NEW.original_due := CASE TG_OP WHEN 'INSERT' THEN NEW.due"
                " ELSE COALESCE(NEW.original_due, OLD.original_due) END; RETURN NEW;",
            ),
            Unchangeable(
                name="original_due_stays",
                columns=["original_due"],
                because="The original deadline never changes.",
                unless=CORRECTED,
            ),
            Unchangeable(
                name="due_by_ledger",
                columns=["due"],
                because="The deadline moves only by an agreed rescheduling.",
                unless=agreed_move("agreements_itemrescheduling", "item"),
            ),
        ]
        indexes = [
            *search_indexes("agreements_item", RoadmapItemQuerySet.SEARCHED),
            models.Index(fields=["name", "id"], name="agreements_item_name"),
        ]
        constraints = [
            *Named.name_constraints(),
            check(
                "closed_as_known",
                Q(closed_as="") | Q(closed_as__in=ClosedAs.values),
                _("Not one of the accepted values."),
            ),
            check(
                "closed_whole",
                Q(closed_as="", closed_on__isnull=True, closed_why="")
                | (~Q(closed_as="") & Q(closed_on__isnull=False) & ~Q(closed_why="")),
                _("A closed item says as what, when and why."),
            ),
            check(
                "carried_over_says_where",
                Q(closed_as=ClosedAs.CARRIED_OVER, carried_over_to__isnull=False)
                | (~Q(closed_as=ClosedAs.CARRIED_OVER) & Q(carried_over_to__isnull=True)),
                _("An item that is carried over says to which one."),
            ),
        ]

    def clean(self) -> None:
        super().clean()
        if self.area and self.area.roadmap_id != self.roadmap_id:
            raise ValidationError({"area": _("The area belongs to another roadmap.")})

    def get_absolute_url(self) -> str:
        return reverse("roadmap-item", args=[self.reference])

    def deadline_on(self, on: date) -> date | None:
        """Row form of `with_deadline`."""
        move = (
            self.reschedulings.filter(decision=Decision.AGREED, decided_on__gt=on).order_by("decided_on", "id").first()
        )
        due: PartialDate | None = move.old_due if move else self.due
        span = due or self.roadmap.period
        return span.last_day if span else None

    def is_open(self, on: date) -> bool:
        """Row form of `open`."""
        in_a_spell = self.reopenings.filter(closed_on__lte=on, reopened_on__gt=on).exists()
        return (self.closed_on is None or self.closed_on > on) and not in_a_spell

    def is_overdue(self, on: date) -> bool:
        """Row form of `overdue`; a test keeps the two alike."""
        deadline = self.deadline_on(on)
        return self.is_open(on) and self.roadmap.is_in_force and deadline is not None and deadline < on

    def reschedule(self, *, to: PartialDate, why: str, by: Any, wording: str = "") -> ItemRescheduling:
        """Ask for a new deadline: an earlier one passes at once, a later one waits for a controller.

        Raises ValidationError for no reason, a closed item, the same deadline or a request that waits already.
        """
        with transaction.atomic():
            item = RoadmapItem.objects.select_for_update().get(pk=self.pk)
            if item.closed_as:
                raise ValidationError(_("The item is closed."))
            move = ItemRescheduling(item=item)
            move.request(old=item.due, limit=item.deadline_on(today()), to=to, why=why, by=by, wording=wording)
        self.refresh_from_db(fields=["due", "due_text", "version"])
        return move

    @transaction.atomic
    def correct_due(self, *, to: PartialDate | None, why: str, by: Any, wording: str = "") -> None:
        """Put a typing error in the original deadline right. Administrators only, before any closing or move.

        Raises PermissionDenied, or ValidationError without a reason or once the deadline has been relied on.
        """
        if not by.is_administrator:
            raise PermissionDenied(_("An administrator corrects an original deadline."))
        if not why.strip():
            raise ValidationError(_("Say why the deadline is corrected."))
        RoadmapItem.objects.select_for_update().get(pk=self.pk)
        if self.reschedulings.exists() or self.closed_as:
            raise ValidationError(_("The deadline was relied on already: it moves by a rescheduling."))
        self.due = self.original_due = to
        self.due_text = wording
        with correcting(self.reference), pghistory.context(why=why.strip()):
            self.save(update_fields=["due", "original_due", "due_text"])

    @transaction.atomic
    def close(
        self, *, by: Any, as_: ClosedAs, why: str, on: date | None = None, carried_over_to: RoadmapItem | None = None
    ) -> None:
        """Take the item off control, from the day `on` (today). Controllers only.

        Raises PermissionDenied, or ValidationError for a closed item, a future day, no reason or a missing target.
        """
        self._controlled_by(by)
        if RoadmapItem.objects.select_for_update().get(pk=self.pk).closed_as:
            raise ValidationError(_("The item is closed already."))
        day = on or today()
        if day > today():
            raise ValidationError({"closed_on": _("An item is not closed on a day to come.")})
        if carried_over_to is not None and carried_over_to.pk == self.pk:
            raise ValidationError({"carried_over_to": _("An item is not carried over to itself.")})
        self._set(closed_as=as_, closed_on=day, closed_by=by, closed_why=why.strip(), carried_over_to=carried_over_to)

    @transaction.atomic
    def reopen(self, *, by: Any, why: str) -> Reopening:
        """Put a closed item under control again; the closed spell stays as a row. Controllers only.

        Raises PermissionDenied, or ValidationError for an open item or no reason.
        """
        self._controlled_by(by)
        item = RoadmapItem.objects.select_for_update().get(pk=self.pk)
        if not item.closed_as:
            raise ValidationError(_("The item is open."))
        spell = Reopening(item=item, reopened_on=today(), reopened_by=by, reopened_why=why.strip())
        for name in ("closed_as", "closed_on", "closed_by", "closed_why", "carried_over_to"):
            setattr(spell, name, getattr(item, name))
        spell.full_clean()
        spell.save()
        self._set(closed_as="", closed_on=None, closed_by=None, closed_why="", carried_over_to=None)
        return spell

    @staticmethod
    def _controlled_by(user: Any) -> None:
        if not user.is_controller:
            raise PermissionDenied(_("A controller closes and reopens items."))

    def _set(self, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self.full_clean()
        self.save(update_fields=list(changes))
        self.refresh_from_db(fields=["version", "modified_at", "modified_by"])


@tracked
class Reopening(Record):
    """A closed spell of an item that was reopened: how it had been closed, and why it is open again."""

    reference = reference_field("RPN")
    item = models.ForeignKey(RoadmapItem, models.PROTECT, related_name="reopenings", verbose_name=_("roadmap item"))
    closed_as = models.CharField(_("closed as"), max_length=20, choices=ClosedAs)
    closed_on = models.DateField(_("closed on"))
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    closed_why = models.TextField(_("reason for closing"))
    carried_over_to = models.ForeignKey(
        RoadmapItem, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("carried over to")
    )
    reopened_on = models.DateField(_("reopened on"))
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("reopened by")
    )
    reopened_why = models.TextField(_("reason for reopening"))

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("reopening")
        verbose_name_plural = _("reopenings")
        ordering = ["id"]
        constraints = [
            known("closed_as", ClosedAs),
            check("after_closing", Q(reopened_on__gte=F("closed_on")), _("An item is reopened after it was closed.")),
            check("says_why", ~Q(reopened_why=""), _("Say why the item is open again.")),
        ]


@tracked
class ItemRescheduling(Rescheduling):
    """A move of a roadmap item's deadline."""

    SUBJECT = "item"

    reference = reference_field("MOV")
    item = models.ForeignKey(RoadmapItem, models.PROTECT, related_name="reschedulings", verbose_name=_("roadmap item"))

    class Meta(Rescheduling.Meta):
        abstract = False
        verbose_name = _("rescheduling of an item")
        verbose_name_plural = _("reschedulings of items")
        constraints = [
            *Rescheduling.ledger_constraints(),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(decision=Decision.PENDING),
                name="agreements_itemrescheduling_one_pending",
                violation_error_message=_("A request for this item is waiting already."),
            ),
        ]


tracked_link(RoadmapItem.co_executors.through)
