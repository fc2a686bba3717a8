"""The ledger of moved deadlines: what a move of an item's and of a project's deadline have in common."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.utils.translation import gettext_lazy as _

from partners.constraints import check, known
from partners.dates import PartialDate, today
from partners.fields import PartialDateField
from partners.models import Record
from partners.models.records import RecordQuerySet
from partners.triggers import CORRECTED


class Decision(models.TextChoices):
    PENDING = "pending", _("waiting")
    AGREED = "agreed", _("agreed")
    REFUSED = "refused", _("refused")


class ReschedulingQuerySet(RecordQuerySet):
    SEARCHED = ("reference", "reason", "decision_text")

    def pending(self) -> Self:
        return self.filter(decision=Decision.PENDING)


class Rescheduling(Record):
    """A row of the slip ledger: old and new deadline, why, by whom, and what was decided."""

    old_due = PartialDateField(_("old deadline"), null=True, blank=True)
    new_due = PartialDateField(_("new deadline"), null=True, blank=True)
    new_due_text = models.CharField(_("new deadline, as worded"), max_length=200, blank=True)
    reason = models.TextField(_("reason"))
    requested_on = models.DateField(_("requested on"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("requested by")
    )
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, default=Decision.PENDING)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decision_text = models.TextField(_("decision text"), blank=True)

    objects: Any = ReschedulingQuerySet.as_manager()

    # The foreign key to what is moved.
    SUBJECT = ""

    class Meta(Record.Meta):
        abstract = True
        ordering = ["id"]

    @property
    def subject(self) -> Any:
        """The item or project whose deadline moves."""
        return getattr(self, self.SUBJECT)

    @property
    def days(self) -> int | None:
        """From the old last day to the new one; None where either is missing."""
        return (self.new_due.last_day - self.old_due.last_day).days if self.old_due and self.new_due else None

    def request(
        self, *, old: PartialDate | None, limit: date | None, to: PartialDate, why: str, by: Any, wording: str
    ) -> None:
        """Enter the request; one that is not later than `limit`, the last day in force, is agreed at once."""
        if old == to:
            raise ValidationError({"new_due": _("This is the deadline already.")})
        self.old_due, self.new_due, self.new_due_text = old, to, wording
        self.reason, self.requested_on, self.requested_by = why.strip(), today(), by
        if limit is None or to.last_day <= limit:
            self.decision, self.decided_on = Decision.AGREED, today()
        self.full_clean()
        self.save()
        self._move_if_agreed()

    def agree(self, *, by: Any, text: str = "") -> None:
        """Let the deadline move. Raises PermissionDenied for the requester or no controller, ValidationError twice."""
        self._decide(Decision.AGREED, by, text)

    def refuse(self, *, by: Any, text: str) -> None:
        """Keep the deadline; the request stays with its reason. ValidationError without a text or when decided."""
        if not text.strip():
            raise ValidationError({"decision_text": _("Say why it is refused.")})
        self._decide(Decision.REFUSED, by, text)

    @transaction.atomic
    def _decide(self, decision: Decision, by: Any, text: str) -> None:
        if not by.is_controller or by.pk == self.requested_by_id:
            raise PermissionDenied(_("Another controller decides on a new deadline."))
        # The subject first, as `reschedule` does, so that two of them never wait for each other.
        subject = type(self.subject)._default_manager.select_for_update().get(pk=self.subject.pk)
        if type(self)._default_manager.select_for_update().get(pk=self.pk).decision != Decision.PENDING:
            raise ValidationError(_("The request is decided already."))
        if decision == Decision.AGREED and subject.due != self.old_due:
            raise ValidationError(_("The deadline has moved since the request."))
        self.decision, self.decided_on, self.decided_by = decision, today(), by
        self.decision_text = text.strip()
        self.save(update_fields=["decision", "decided_on", "decided_by", "decision_text"])
        self._move_if_agreed()

    def _move_if_agreed(self) -> None:
        if self.decision == Decision.AGREED:
            subject = self.subject
            subject.due, subject.due_text = self.new_due, self.new_due_text
            subject.save(update_fields=["due", "due_text"])

    @staticmethod
    def ledger_constraints() -> list[models.BaseConstraint]:
        pending = Q(decision=Decision.PENDING, decided_on__isnull=True)
        decided = ~Q(decision=Decision.PENDING) & Q(decided_on__isnull=False)
        return [
            known("decision", Decision),
            check("reason_given", ~Q(reason=""), _("A new deadline needs a reason.")),
            check("decided_has_day", pending | decided, _("A decision has a day.")),
        ]


def due_on(on: date, ledger: type[Rescheduling], subject: str) -> Any:
    """The last day of `due` as of a day: the first agreed move after it still shows the deadline of that day."""
    later = ledger._default_manager.filter(
        **{subject: OuterRef("pk")}, decision=Decision.AGREED, decided_on__gt=on
    ).order_by("decided_on", "id")
    return Case(When(Exists(later), then=Subquery(later.values("old_due__last_day")[:1])), default=F("due__last_day"))


def agreed_move(ledger: str, subject: str) -> str:
    """The trigger's condition that a changed deadline follows the ledger, or that an error is being corrected."""
    return f"""EXISTS (SELECT 1 FROM {ledger} r WHERE r.{subject}_id = NEW.id AND r.decision = 'agreed'
        AND r.new_due IS NOT DISTINCT FROM NEW.due AND r.old_due IS NOT DISTINCT FROM OLD.due) OR {CORRECTED}
    """  # noqa: S608  names of our own tables
