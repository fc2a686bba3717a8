"""What is done about the promises: projects, their parties, measures, milestones and moved deadlines."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Case, Exists, F, Max, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agreements.models import (
    Agreement,
    AgreementParty,
    Decision,
    Meeting,
    Qualifier,
    Rescheduling,
    RoadmapItem,
    WorkingGroup,
)
from agreements.models.amounts import (
    amount_field,
    currency_check,
    currency_field,
    qualifier_field,
    value_has_currency,
)
from agreements.models.rescheduling import agreed_move, due_on
from partners.constraints import check, known
from partners.dates import PartialDate, today
from partners.fields import PartialDateField
from partners.history import tracked, tracked_link
from partners.models import Cited, Named, Partner, Record, Sector
from partners.models.records import NamedQuerySet, RecordQuerySet, reference_field
from partners.text import search_indexes
from partners.triggers import CORRECTED, Unchangeable, correcting

if TYPE_CHECKING:
    from projects.models.status import StatusUpdate


class Stage(models.TextChoices):
    """How far an undertaking is, from a mere interest to the end."""

    INTEREST = "interest", _("interest expressed")
    PROPOSED = "proposed", _("proposed")
    CONSIDERED = "considered", _("considered")
    PLANNED = "planned", _("planned")
    AGREED = "agreed", _("agreed")
    IN_PROGRESS = "in_progress", _("in progress")
    SUSPENDED = "suspended", _("suspended")
    COMPLETED = "completed", _("completed")
    OPERATING = "operating", _("operating")
    CANCELLED = "cancelled", _("cancelled")
    NOT_SAID = "not_said", _("not said")


FINAL = (Stage.COMPLETED, Stage.OPERATING, Stage.CANCELLED)
# Offers are not commitments: interest, proposals and things considered stay apart. A cancelled project binds nobody.
COMMITTED = (Stage.AGREED, Stage.IN_PROGRESS, Stage.SUSPENDED, Stage.COMPLETED, Stage.OPERATING)
# A project is silent when nothing was reported for longer than a quarter, a priority for longer than a month.
CADENCE, PRIORITY_CADENCE = timedelta(days=92), timedelta(days=31)


class Today(models.Func):
    """The date in Minsk, as the database tells it."""

    template = "(now() AT TIME ZONE 'Europe/Minsk')::date"
    output_field = models.DateField()


class Proposer(models.TextChoices):
    US = "us", _("our side")
    THEM = "them", _("the other side")
    BOTH = "both", _("both sides")
    NOT_SAID = "not_said", _("not said")


# What is kept of each project for each span of days: see `described`.
STANDING = (
    *("is_active", "stage_then", "deadline", "last_report", "confidence", "silent_from"),
    *("roadmap_id", "counterpart_id", "roadmaps", "countries"),
)
NAME_PARTS = ("", "_ru", "_ru_origin", "_be", "_be_origin")


def _newest_report(on: date, column: str) -> Subquery:
    """What the last accepted report submitted up to the day says of a project, or NULL."""
    from projects.models.status import StatusUpdate

    reports = StatusUpdate.objects.accepted().filter(project=OuterRef("pk"), submitted_on__lte=on)
    return Subquery(reports.order_by("-submitted_on", "-id").values(column)[:1])


class ProjectQuerySet(NamedQuerySet):
    """Undertakings. `overdue` is the one definition of a late project."""

    def with_stage(self, on: date) -> Self:
        """`stage_then`: the stage of the last accepted report submitted up to the day, else the stage at entry."""
        return self.annotate(stage_then=Coalesce(_newest_report(on, "stage"), F("stage_at_entry")))

    def committed(self, on: date) -> Self:
        """From "agreed" on, or "planned" where the project names a deadline of its own."""
        return self.with_stage(on).filter(_committed())

    def with_deadline(self, on: date) -> Self:
        """`deadline`: its own last day as it stood on the day, else the latest one of its open items in force."""
        inherited = RoadmapItem.objects.standing(on).filter(projects=OuterRef("pk"))
        latest = inherited.order_by().values("projects").annotate(latest=Max("deadline")).values("latest")
        return self.annotate(deadline=Coalesce(due_on(on, ProjectRescheduling, "project"), Subquery(latest)))

    def bound(self, on: date) -> Self:
        """The active projects with `deadline`, `last_report` and `confidence`. What `active` looks up, worked out."""
        return self.with_stage(on).filter(_active()).with_deadline(on).with_last_report(on).with_confidence(on)

    def described(self, on: date) -> Self:
        """All projects with what may be said of the day. What `standing` looks up, worked out."""
        is_active = Case(When(_active(), then=True), default=False)
        told = self.with_stage(on).annotate(is_active=is_active).with_deadline(on).with_last_report(on)
        return told.with_confidence(on).with_silence().with_counterpart().with_reach()

    def standing(self, on: date) -> Self:
        """`described` on the day, from the spans that the database keeps of it."""
        kept = {name: F(f"standings__{name}") for name in STANDING}
        return self.filter(standings__during__contains=on).annotate(**kept)

    def active(self, on: date) -> Self:
        """Committed, not in a final stage, and bound by a roadmap in force where it delivers one.

        With what `bound` says of the day, from the spans that the database keeps of it.
        """
        return self.standing(on).filter(is_active=True)

    def overdue(self, on: date) -> Self:
        """Active, and the day is after the last day of the deadline."""
        return self.active(on).filter(deadline__lt=on)

    def with_overdue(self, on: date) -> Self:
        """`late`: true for the overdue rows, false (never NULL) for the others."""
        late = Project.objects.overdue(on).filter(pk=OuterRef("pk"))
        return self.with_deadline(on).annotate(late=Case(When(Exists(late), then=True), default=False))

    def due_within(self, on: date, days: int) -> Self:
        """Active projects whose deadline ends from the day on, within so many days."""
        return self.active(on).filter(deadline__range=(on, on + timedelta(days=days)))

    def with_last_report(self, on: date) -> Self:
        """`last_report`: the submission day of the newest accepted report up to the day, or NULL."""
        return self.annotate(last_report=_newest_report(on, "submitted_on"))

    def with_confidence(self, on: date) -> Self:
        """`confidence`: what the newest accepted report up to the day says, or NULL."""
        return self.annotate(confidence=_newest_report(on, "confidence"))

    def with_silence(self) -> Self:
        """`silent_from`: the day from which an active project is silent if nothing more is heard; after `last_report`.

        That is a cadence after `since`: the last report, else the start of monitoring; NULL where there is neither.
        """
        urgent = Q(is_priority=True) | Exists(RoadmapItem.objects.filter(projects=OuterRef("pk"), is_priority=True))
        cadence = Case(When(urgent, then=_days(PRIORITY_CADENCE)), default=_days(CADENCE))
        silent_from = models.Func(
            _since(), cadence, template="(%(expressions)s)", arg_joiner=" + ", output_field=models.DateField()
        )
        return self.annotate(silent_from=silent_from)

    def silent(self, on: date) -> Self:
        """Active, and `since` (the last report, else the start of monitoring) lies further back than the cadence."""
        return self.active(on).filter(silent_from__lte=on).annotate(since=_since())

    def closed_between(self, since: date, on: date) -> Self:
        """`day`: those that a report brought to a final stage after the one day and up to the other."""
        final_before = Project.objects.final(since).order_by().values("pk")
        return self.final(on).annotate(day=F("last_report")).filter(day__gt=since).exclude(pk__in=final_before)

    def final(self, on: date) -> Self:
        """In a final stage on the day; with `last_report`."""
        return self.standing(on).filter(stage_then__in=FINAL)

    def with_counterpart(self) -> Self:
        """`counterpart_id`: the partner abroad: the project's own, else its roadmap's, agreement's, body's, or NULL."""
        if "counterpart_id" in self.query.annotations:
            return self
        abroad = ~Q(partner__country=settings.HOME_COUNTRY)
        own = ProjectParty.objects.filter(project=OuterRef("pk"), role=ProjectRole.COUNTERPART)
        parties = AgreementParty.objects.filter(abroad, agreement=OuterRef("agreement"))
        sides = WorkingGroup.sides.through.objects.filter(abroad, workinggroup=OuterRef("working_group"))
        return self.annotate(
            roadmap_id=Subquery(_first_item().values("roadmap")[:1]),
            counterpart_id=Coalesce(
                Subquery(own.order_by("id").values("partner")[:1]),
                Subquery(_first_item().values("roadmap__counterpart")[:1]),
                Subquery(parties.order_by("id").values("partner")[:1]),
                Subquery(sides.order_by("id").values("partner")[:1]),
            ),
        )

    def with_reach(self) -> Self:
        """`roadmaps` and `countries`: all in which the project counts, by its items, its parties and its lead.

        Arrays, in order; a country may stand in `countries` twice.
        """
        items = RoadmapItem.objects.filter(projects=OuterRef("pk"))
        parties, abroad = ProjectParty.objects.filter(project=OuterRef("pk")), "roadmap__counterpart__country"
        countries = [
            Partner.objects.filter(pk=OuterRef("lead")).order_by().values("country"),
            parties.order_by("partner__country").values("partner__country").distinct(),
            items.order_by(abroad).values(abroad).distinct(),
        ]
        joined = [ArraySubquery(rows) for rows in countries]
        return self.annotate(
            roadmaps=ArraySubquery(items.order_by("roadmap").values("roadmap").distinct()),
            countries=models.Func(
                *joined, template="(%(expressions)s)", arg_joiner=" || ", output_field=ArrayField(models.CharField())
            ),
        )

    def answerable_by(self, user: Any) -> Self:
        """Projects that the user may report on: a controller on all, an officer on those his organisations lead."""
        if user.is_controller:
            return self
        return self.filter(lead__in=user.organisations()) if user.is_officer else self.none()

    def draftable_by(self, user: Any) -> Self:
        """Projects that the user may draft a report on: besides his own those that his organisations co-execute."""
        if user.is_controller or not user.is_officer:
            return self.answerable_by(user)
        parties = ProjectParty.objects.filter(role=ProjectRole.CO_EXECUTOR, partner__in=user.organisations())
        return self.filter(Q(lead__in=user.organisations()) | Q(Exists(parties.filter(project=OuterRef("pk")))))

    def start(self, item: RoadmapItem, *, by: Any) -> Project:
        """The project by which an item is delivered that nobody delivers yet: its title, its lead, its deadline.

        Raises PermissionDenied for who would not answer for it, ValidationError when a project delivers it already.
        """
        with transaction.atomic():
            item = RoadmapItem.objects.select_for_update().get(pk=item.pk)
            if self.filter(items=item).exists():
                raise ValidationError(_("A project delivers this item already: report on that."))
            names = {f"name{part}": getattr(item, f"name{part}") for part in NAME_PARTS}
            project = Project(**names, lead=item.lead, stage_at_entry=Stage.AGREED, working_group=item.working_group)
            project.full_clean()
            project.save()
            project.items.add(item)
            if not self.answerable_by(by).filter(pk=project.pk).exists():
                raise PermissionDenied(_("You do not report on this item."))
        return project

    def of_roadmap(self, *roadmaps: int) -> Self:
        """Projects that deliver an item of any of the roadmaps (their ids)."""
        items = RoadmapItem.objects.filter(projects=OuterRef("pk")).of_roadmap(*roadmaps)
        return self.filter(Exists(items))

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        """Projects with any of the partners as lead or party, or delivering a roadmap with one."""
        keys = partners.order_by().values("pk")
        return self.filter(
            Q(lead__in=keys)
            | Q(Exists(ProjectParty.objects.filter(project=OuterRef("pk"), partner__in=keys)))
            | Q(Exists(RoadmapItem.objects.filter(projects=OuterRef("pk"), roadmap__counterpart__in=keys)))
        )


def _committed() -> Q:
    return Q(stage_then__in=COMMITTED) | Q(stage_then=Stage.PLANNED, due__isnull=False)


def _active() -> Q:
    items = RoadmapItem.objects.filter(projects=OuterRef("pk"))
    return _committed() & ~Q(stage_then__in=FINAL) & (~Exists(items) | Exists(items.binding()))


def _since() -> Greatest:
    return Greatest("monitored_since", "last_report")


def _days(cadence: timedelta) -> models.Value:
    """To the first day that lies further back than the cadence."""
    return models.Value(cadence.days + 1, output_field=models.IntegerField())


def _first_item() -> models.QuerySet[RoadmapItem]:
    return RoadmapItem.objects.filter(projects=OuterRef("pk")).order_by("position", "id")


@tracked
class Project(Named, Cited, Record):
    """One undertaking by which promises are delivered, in or outside a roadmap.

    `stage` is that of the last accepted report, else `stage_at_entry`; a trigger keeps it, nobody writes it.
    """

    reference = reference_field("PRJ")
    stage_at_entry = models.CharField(_("stage at entry"), max_length=20, choices=Stage, default=Stage.NOT_SAID)
    stage = models.CharField(_("stage"), max_length=20, choices=Stage, default=Stage.NOT_SAID, editable=False)
    last_reported_on = models.DateField(_("last reported on"), null=True, blank=True, editable=False)
    status_text = models.CharField(_("stage, as printed"), max_length=300, blank=True)
    proposed_by = models.CharField(_("proposed by"), max_length=10, choices=Proposer, default=Proposer.NOT_SAID)
    lead = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="led_projects", verbose_name=_("lead")
    )
    items = models.ManyToManyField(RoadmapItem, blank=True, related_name="projects", verbose_name=_("delivers"))
    working_group = models.ForeignKey(
        WorkingGroup, models.PROTECT, null=True, blank=True, related_name="projects", verbose_name=_("working group")
    )
    agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, blank=True, related_name="projects", verbose_name=_("agreement")
    )
    raised_at = models.ManyToManyField(Meeting, blank=True, related_name="projects", verbose_name=_("raised at"))
    sectors = models.ManyToManyField(Sector, blank=True, related_name="projects", verbose_name=_("sectors"))
    place = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="projects_here", verbose_name=_("place")
    )
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by", verbose_name=_("comes after")
    )
    started = PartialDateField(_("started"), null=True, blank=True)
    started_text = models.CharField(_("started, as printed"), max_length=200, blank=True)
    due = PartialDateField(_("deadline"), null=True, blank=True)
    due_text = models.CharField(_("deadline, as printed"), max_length=200, blank=True)
    original_due = PartialDateField(_("original deadline"), null=True, blank=True, editable=False)
    value = amount_field(_("value"))
    value_qualifier = qualifier_field(_("qualifier of the value"))
    value_is_estimate = models.BooleanField(_("value is an estimate"), default=False)
    currency = currency_field()
    is_priority = models.BooleanField(_("priority (reported monthly)"), default=False)
    monitored_since = models.DateField(_("monitored since"), null=True, blank=True, db_default=Today())

    objects = ProjectQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["id"]
        triggers = [
            *Record.Meta.triggers,
            pgtrigger.Trigger(
                name="begin",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="NEW.original_due := NEW.due; NEW.stage := NEW.stage_at_entry;"
                " NEW.last_reported_on := NULL; RETURN NEW;",
            ),
            pgtrigger.Trigger(
                name="news",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                declare=[("newest", "RECORD")],
                func="""
                    SELECT stage, submitted_on INTO newest FROM projects_statusupdate
                    WHERE project_id = NEW.id AND state = 'accepted' ORDER BY submitted_on DESC, id DESC LIMIT 1;
                    NEW.stage := COALESCE(newest.stage, NEW.stage_at_entry);
                    NEW.last_reported_on := newest.submitted_on;
                    NEW.original_due := COALESCE(NEW.original_due, OLD.original_due);
                    RETURN NEW;
                """,
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
                unless=agreed_move("projects_projectrescheduling", "project"),
            ),
        ]
        indexes = [
            *search_indexes("projects_project", ProjectQuerySet.SEARCHED),
            models.Index(fields=["name", "id"], name="projects_project_name"),
        ]
        constraints = [
            *Named.name_constraints(),
            known("stage_at_entry", Stage),
            known("stage", Stage),
            known("proposed_by", Proposer),
            known("value_qualifier", Qualifier),
            currency_check(),
            value_has_currency(),
            check("not_after_itself", ~Q(follows=F("id")), _("A project cannot come after itself.")),
        ]

    def get_absolute_url(self) -> str:
        return reverse("project", args=[self.reference])

    def stage_on(self, on: date) -> str:
        """Row form of `with_stage`."""
        newest = self.updates.accepted().filter(submitted_on__lte=on).order_by("-submitted_on", "-id").first()
        return newest.stage if newest else self.stage_at_entry

    def is_committed(self, on: date) -> bool:
        """Row form of `committed`."""
        stage = self.stage_on(on)
        return stage in COMMITTED or (stage == Stage.PLANNED and self.due is not None)

    def deadline_on(self, on: date) -> date | None:
        """Row form of `with_deadline`."""
        move = (
            self.reschedulings.filter(decision=Decision.AGREED, decided_on__gt=on).order_by("decided_on", "id").first()
        )
        due = move.old_due if move else self.due
        if due:
            return due.last_day
        items = [item for item in self.items.all() if item.is_open(on) and item.roadmap.is_in_force]
        return max((day for item in items if (day := item.deadline_on(on))), default=None)

    def is_overdue(self, on: date) -> bool:
        """Row form of `overdue`; a test keeps the two alike."""
        deadline = self.deadline_on(on)
        return deadline is not None and deadline < on and self.is_active(on)

    def is_active(self, on: date) -> bool:
        """Row form of `active`."""
        items = list(self.items.all())
        bound = not items or any(item.roadmap.is_in_force for item in items)
        return bound and self.is_committed(on) and self.stage_on(on) not in FINAL

    def is_silent(self, on: date) -> bool:
        """Row form of `silent`."""
        newest = self.updates.accepted().filter(submitted_on__lte=on).order_by("-submitted_on", "-id").first()
        days = [day for day in (self.monitored_since, newest and newest.submitted_on) if day]
        urgent = self.is_priority or any(item.is_priority for item in self.items.all())
        cadence = PRIORITY_CADENCE if urgent else CADENCE
        return bool(days) and max(days) < on - cadence and self.is_active(on)

    def report(self, *, by: Any, follows: StatusUpdate | None = None, **words: Any) -> StatusUpdate:
        """A draft of news: stage, confidence, text, progress, next_step, next_step_due. `submit()` hands it in.

        That of a co-executor is for the lead to hand in. Raises PermissionDenied for who has no part in the project,
        ValidationError for what may not be said.
        """
        from projects.models.status import StatusUpdate

        if not Project.objects.draftable_by(by).filter(pk=self.pk).exists():
            raise PermissionDenied(_("You do not report on this project."))
        for_lead = not Project.objects.answerable_by(by).filter(pk=self.pk).exists()
        update = StatusUpdate(project=self, author=by, follows=follows, for_lead=for_lead, **words)
        update.full_clean()
        update.save()
        return update

    def reschedule(self, *, to: PartialDate, why: str, by: Any, wording: str = "") -> ProjectRescheduling:
        """Ask for a new deadline: an earlier one passes at once, a later one waits for a controller.

        Raises ValidationError for no reason, a finished project, the same deadline or a request that waits already.
        """
        with transaction.atomic():
            project = Project.objects.select_for_update().get(pk=self.pk)
            if project.stage in FINAL:
                raise ValidationError(_("The project is finished."))
            move = ProjectRescheduling(project=project)
            move.request(old=project.due, limit=project.deadline_on(today()), to=to, why=why, by=by, wording=wording)
        self.refresh_from_db(fields=["due", "due_text", "version"])
        return move

    @transaction.atomic
    def correct_due(self, *, to: PartialDate | None, why: str, by: Any, wording: str = "") -> None:
        """Put a typing error in the original deadline right. Administrators only, before any report or move.

        Raises PermissionDenied, or ValidationError without a reason or once the deadline has been relied on.
        """
        if not by.is_administrator:
            raise PermissionDenied(_("An administrator corrects an original deadline."))
        if not why.strip():
            raise ValidationError(_("Say why the deadline is corrected."))
        Project.objects.select_for_update().get(pk=self.pk)
        if self.reschedulings.exists() or self.updates.handed_in().exists():
            raise ValidationError(_("The deadline was relied on already: it moves by a rescheduling."))
        self.due = self.original_due = to
        self.due_text = wording
        with correcting(self.reference), pghistory.context(why=why.strip()):
            self.save(update_fields=["due", "original_due", "due_text"])


class ProjectRole(models.TextChoices):
    CO_EXECUTOR = "co_executor", _("co-executor")
    COUNTERPART = "counterpart", _("counterpart")
    BENEFICIARY = "beneficiary", _("beneficiary")


@tracked
class ProjectParty(Record):
    """A partner in a project besides the lead."""

    reference = reference_field("PPY")
    project = models.ForeignKey(Project, models.CASCADE, related_name="parties", verbose_name=_("project"))
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="project_parties", verbose_name=_("partner"))
    role = models.CharField(_("role"), max_length=20, choices=ProjectRole)

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("project party")
        verbose_name_plural = _("project parties")
        ordering = ["id"]
        constraints = [
            known("role", ProjectRole),
            models.UniqueConstraint(
                fields=["project", "partner", "role"],
                name="projects_party_once",
                violation_error_message=_("The partner has this role already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.partner)


class MeasureKind(models.TextChoices):
    CAPACITY = "capacity", _("capacity")
    AREA = "area", _("area")
    JOBS = "jobs", _("jobs")
    HEAD = "head", _("head of livestock")
    HOUSES = "houses", _("houses")
    EXPORT_SHARE = "export_share", _("export share")
    QUANTITY = "quantity", _("quantity")
    DURATION = "duration", _("duration")
    DIMENSION = "dimension", _("dimension")
    SHARE = "share", _("share")


@tracked
class ProjectMeasure(Record):
    """What a project is to give, as a number with its unit (capacity per period, area, jobs...) or in words."""

    reference = reference_field("MSR")
    project = models.ForeignKey(Project, models.CASCADE, related_name="measures", verbose_name=_("project"))
    kind = models.CharField(_("kind"), max_length=20, choices=MeasureKind)
    value = amount_field(_("value"))
    value_to = amount_field(_("up to value"))
    qualifier = qualifier_field(_("qualifier"))
    unit = models.CharField(_("unit"), max_length=60, blank=True)
    per = models.CharField(_("per"), max_length=30, blank=True)
    text = models.CharField(_("as printed"), max_length=300, blank=True)

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("measure")
        verbose_name_plural = _("measures")
        ordering = ["id"]
        constraints = [
            known("kind", MeasureKind),
            known("qualifier", Qualifier),
            check("value_or_text", Q(value__isnull=False) | ~Q(text=""), _("Give a value or the printed words.")),
            check(
                "range_upwards",
                Q(value_to__isnull=True) | Q(value_to__gte=F("value")),
                _("A range ends above its start."),
            ),
        ]

    def __str__(self) -> str:
        return self.text or f"{self.value} {self.unit}"


class MilestoneQuerySet(NamedQuerySet):
    def writable_by(self, user: Any) -> Self:
        """Those of projects that the user answers for; administrators keep all."""
        if user.is_administrator:
            return self
        return self.filter(project__in=Project.objects.answerable_by(user).order_by().values("pk"))


@tracked
class Milestone(Named, Cited, Record):
    """A dated step of a project."""

    reference = reference_field("MIL")
    project = models.ForeignKey(Project, models.CASCADE, related_name="milestones", verbose_name=_("project"))
    due = PartialDateField(_("deadline"), null=True, blank=True)
    due_text = models.CharField(_("deadline, as printed"), max_length=200, blank=True)
    reached_on = models.DateField(_("reached on"), null=True, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    objects = MilestoneQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ["project_id", "position", "id"]
        constraints = Named.name_constraints()


@tracked
class ProjectRescheduling(Rescheduling):
    """A move of a project's deadline."""

    SUBJECT = "project"

    reference = reference_field("PMV")
    project = models.ForeignKey(Project, models.PROTECT, related_name="reschedulings", verbose_name=_("project"))

    class Meta(Rescheduling.Meta):
        abstract = False
        verbose_name = _("rescheduling of a project")
        verbose_name_plural = _("reschedulings of projects")
        constraints = [
            *Rescheduling.ledger_constraints(),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(decision=Decision.PENDING),
                name="projects_projectrescheduling_one_pending",
                violation_error_message=_("A request for this project is waiting already."),
            ),
        ]


for _link in (Project.items, Project.raised_at, Project.sectors):
    tracked_link(_link.through)
