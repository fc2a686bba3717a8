"""The news: what was reported of a project, and what a controller made of it."""

from __future__ import annotations

from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.constraints import check, known
from partners.dates import today
from partners.fields import PartialDateField
from partners.history import tracked
from partners.models import Record, StoredFile
from partners.models.records import RecordQuerySet, reference_field
from partners.triggers import Unchangeable
from projects.models.project import Project, Stage


class UpdateState(models.TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    ACCEPTED = "accepted", _("accepted")
    RETURNED = "returned", _("returned")


# From where to where a report goes; nothing else is possible, in the database neither.
MOVES = {
    UpdateState.DRAFT: (UpdateState.SUBMITTED,),
    UpdateState.SUBMITTED: (UpdateState.ACCEPTED, UpdateState.RETURNED),
    UpdateState.ACCEPTED: (),
    UpdateState.RETURNED: (),
}


def _moves_in_sql() -> str:
    pairs = [(old, new) for old, targets in MOVES.items() for new in targets]
    return " OR ".join(f"(OLD.state = '{old.value}' AND NEW.state = '{new.value}')" for old, new in pairs)


class Confidence(models.TextChoices):
    ON_TRACK = "on_track", _("on track")
    AT_RISK = "at_risk", _("at risk")
    DELAYED = "delayed", _("delayed")


class StatusUpdateQuerySet(RecordQuerySet):
    SEARCHED = ("reference", "text", "next_step")

    def accepted(self) -> Self:
        return self.filter(state=UpdateState.ACCEPTED)

    def handed_in(self) -> Self:
        """No drafts."""
        return self.exclude(state=UpdateState.DRAFT)

    def visible_to(self, user: Any) -> Self:
        """Everything but other people's drafts; the lead's officers see those that a co-executor wrote for them."""
        for_him = Q(for_lead=True, project__lead__in=user.organisations()) if user.is_officer else Q()
        return self.filter(~Q(state=UpdateState.DRAFT) | Q(author=user.pk) | for_him)

    def never_shown_to(self, user: Any) -> Self:
        """Drafts that the user has no sight of and cannot have had: one for the lead may have been for his lead."""
        foreign = self.filter(state=UpdateState.DRAFT).exclude(author=user.pk)
        return foreign.filter(for_lead=False) if user.is_officer else foreign

    def writable_by(self, user: Any) -> Self:
        """One's own drafts, on projects that one still has a part in."""
        own = self.filter(author=user.pk, state=UpdateState.DRAFT)
        return own.filter(project__in=Project.objects.draftable_by(user).order_by().values("pk"))

    def for_lead(self, user: Any) -> Self:
        """Drafts that co-executors wrote for the user's organisations to hand in."""
        waiting = self.filter(state=UpdateState.DRAFT, for_lead=True, project__lead__in=user.organisations())
        return waiting if user.is_officer else self.none()

    def awaiting_decision(self) -> Self:
        return self.filter(state=UpdateState.SUBMITTED)


class EvidenceQuerySet(RecordQuerySet):
    SEARCHED = ("reference", "name")

    def with_project(self) -> Self:
        """With the reports and the projects by which they are called."""
        return self.select_related("update__project")

    def visible_to(self, user: Any) -> Self:
        """The evidence of the reports that the user sees."""
        return self.filter(update__in=StatusUpdate.objects.visible_to(user).order_by().values("pk"))

    def never_shown_to(self, user: Any) -> Self:
        """The evidence of reports that were never shown to the user."""
        return self.filter(update__in=StatusUpdate.objects.never_shown_to(user).order_by().values("pk"))

    def writable_by(self, user: Any) -> Self:
        """The evidence of one's own drafts."""
        return self.filter(update__in=StatusUpdate.objects.writable_by(user).order_by().values("pk"))


# What an author says; frozen once he has submitted it.
WORDS = ("stage", "confidence", "progress", "text", "next_step", "next_step_due")


@tracked
class StatusUpdate(Record):
    """One report on a project: draft, submitted, then accepted or returned with a reason. Frozen once submitted."""

    # A report stays with the project that it was begun for: who hands it in follows from that.
    FIXED = ("project",)

    reference = reference_field("UPD")
    project = models.ForeignKey(Project, models.PROTECT, related_name="updates", verbose_name=_("project"))
    state = models.CharField(_("state"), max_length=10, choices=UpdateState, default=UpdateState.DRAFT, editable=False)
    stage = models.CharField(_("stage"), max_length=20, choices=Stage)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence)
    progress = models.PositiveIntegerField(_("progress in percent"), null=True, blank=True)
    text = models.TextField(_("what happened"))
    next_step = models.TextField(_("next step"), blank=True)
    next_step_due = PartialDateField(_("next step by"), null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        editable=False,
        related_name="status_updates",
        verbose_name=_("author"),
    )
    follows = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="resubmissions",
        verbose_name=_("replaces"),
    )
    for_lead = models.BooleanField(_("drafted by a co-executor"), default=False, editable=False)
    submitted_on = models.DateField(_("submitted on"), null=True, blank=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("submitted by"),
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    decision_text = models.TextField(_("reason of the decision"), blank=True, editable=False)

    objects = StatusUpdateQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("status update")
        verbose_name_plural = _("status updates")
        ordering = ["-id"]
        triggers = [
            *Record.Meta.triggers,
            Unchangeable(
                name="frozen_once_submitted",
                columns=["project_id", *WORDS, "author_id"],
                because="A submitted report is not changed any more.",
                unless="OLD.state = 'draft'",
            ),
            Unchangeable(
                name="moves_forward",
                columns=["state"],
                because="A report goes from draft to submitted, then to accepted or returned.",
                unless=_moves_in_sql(),
            ),
            pgtrigger.Trigger(
                name="tell_project",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                # The project's own trigger reads the newest accepted report; any update makes it look.
                func="UPDATE projects_project SET stage = stage WHERE id = NEW.project_id; RETURN NULL;",
                condition=pgtrigger.Q(new__state="accepted"),
            ),
        ]
        indexes = [
            # How many wait for a decision, or waited on a day not long ago.
            models.Index(
                fields=["decided_at", "submitted_on"],
                condition=~models.Q(state="draft"),
                name="projects_statusupdate_waiting",
            )
        ]
        constraints = [
            known("state", UpdateState),
            known("stage", Stage),
            known("confidence", Confidence),
            check("progress_in_percent", Q(progress__isnull=True) | Q(progress__lte=100), _("Progress is 0 to 100.")),
            check("text_not_blank", ~Q(text=""), _("Say what happened.")),
            check(
                "submitted_has_day",
                Q(state=UpdateState.DRAFT, submitted_on__isnull=True)
                | (~Q(state=UpdateState.DRAFT) & Q(submitted_on__isnull=False)),
                _("A submitted report has its day."),
            ),
            check(
                "decided_whole",
                Q(
                    state__in=[UpdateState.DRAFT, UpdateState.SUBMITTED],
                    decided_by__isnull=True,
                    decided_at__isnull=True,
                )
                | Q(
                    state__in=[UpdateState.ACCEPTED, UpdateState.RETURNED],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                _("A decision says who and when."),
            ),
            check(
                "returned_says_why", ~Q(state=UpdateState.RETURNED) | ~Q(decision_text=""), _("Say why it is returned.")
            ),
            check(
                "not_accepted_by_author",
                ~Q(state=UpdateState.ACCEPTED)
                | (
                    ~Q(decided_by=models.F("author"))
                    & (Q(submitted_by__isnull=True) | ~Q(decided_by=models.F("submitted_by")))
                ),
                _("Nobody accepts his own report."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} – {self.project}"

    def get_absolute_url(self) -> str:
        return f"{self.project.get_absolute_url()}#{self.reference}"

    def submit(self, *, by: Any) -> None:
        """Hand the draft in: from now on its words stay.

        Raises PermissionDenied for another than its author (the lead, when a co-executor wrote it), or when he does
        not answer for the project; ValidationError when it is no draft.
        """
        answers = Project.objects.answerable_by(by).filter(pk=self.project_id).exists()
        his = by.pk == self.author_id or StatusUpdate.objects.for_lead(by).filter(pk=self.pk).exists()
        if by.pk == self.author_id and not answers:
            raise PermissionDenied(_("The lead of the project hands this report in."))
        if not (his and answers):
            raise PermissionDenied(_("Only its author hands a report in, for a project that he answers for."))
        self._move(state=UpdateState.SUBMITTED, submitted_on=today(), submitted_by=by)

    def attach(self, content: Any, *, by: Any) -> Evidence:
        """Add a file to the draft. PermissionDenied for whose draft it is not, ValidationError for a refused file."""
        if not StatusUpdate.objects.writable_by(by).filter(pk=self.pk).exists():
            raise PermissionDenied(_("Evidence is added to one's own drafts."))
        evidence = Evidence(update=self, content=content)
        evidence.full_clean()
        evidence.save()
        return evidence

    def accept(self, *, by: Any) -> None:
        """Make it the project's news.

        Raises PermissionDenied for its author and for who is no controller, ValidationError when it is decided.
        """
        self._decided_by(by)
        self._move(state=UpdateState.ACCEPTED, decided_by=by, decided_at=timezone.now())

    def return_(self, *, by: Any, why: str) -> None:
        """Send it back with a reason. ValidationError without one or when decided, PermissionDenied as for `accept`."""
        self._decided_by(by)
        if not why.strip():
            raise ValidationError({"decision_text": _("Say why it is returned.")})
        self._move(state=UpdateState.RETURNED, decided_by=by, decided_at=timezone.now(), decision_text=why.strip())

    def resubmission(self, *, by: Any) -> StatusUpdate:
        """A new draft with the words of this returned report, which it follows. ValidationError for another state."""
        if self.state != UpdateState.RETURNED:
            raise ValidationError(_("Only a returned report is written anew."))
        words = {name: getattr(self, name) for name in WORDS}
        return self.project.report(by=by, follows=self, **words)

    def _decided_by(self, user: Any) -> None:
        if user.pk in {self.author_id, self.submitted_by_id}:
            raise PermissionDenied(_("Nobody accepts his own report."))
        if not user.is_controller:
            raise PermissionDenied(_("A controller decides on reports."))

    @transaction.atomic
    def _move(self, *, state: UpdateState, **changes: Any) -> None:
        locked = StatusUpdate.objects.select_for_update().get(pk=self.pk)
        if state not in MOVES[UpdateState(locked.state)]:
            raise ValidationError(_("The report is %(state)s by now.") % {"state": locked.get_state_display()})
        for field, value in {"state": state, **changes}.items():
            setattr(self, field, value)
        self.save(update_fields=["state", *changes])


@tracked
class Evidence(StoredFile):
    """A file that proves what a report says. It is added and taken away while the report is a draft."""

    reference = reference_field("EVI")
    update = models.ForeignKey(StatusUpdate, models.PROTECT, related_name="evidence", verbose_name=_("report"))

    objects = EvidenceQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        abstract = False
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = StoredFile.file_constraints()
        triggers = [
            *StoredFile.Meta.triggers,
            pgtrigger.Trigger(
                name="only_of_drafts",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF EXISTS (SELECT 1 FROM projects_statusupdate u
                               WHERE u.id = COALESCE(NEW.update_id, OLD.update_id) AND u.state <> 'draft') THEN
                        RAISE EXCEPTION 'The evidence of a submitted report is not changed any more.'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN COALESCE(NEW, OLD);
                """,
            ),
        ]
