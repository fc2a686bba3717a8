"""What was signed: agreements of every kind, their parties and how they relate."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Least
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agreements.models.amounts import (
    Qualifier,
    amount_field,
    currency_check,
    currency_field,
    qualifier_field,
    value_has_currency,
)
from agreements.models.bodies import Meeting
from partners.constraints import check, known, not_wholly_before
from partners.fields import PartialDateField
from partners.history import tracked, tracked_link
from partners.models import Cited, Named, Partner, Record, Sector, StoredFile
from partners.models.records import NamedQuerySet, RecordQuerySet, reference_field, tree_triggers
from partners.text import search_indexes


class AgreementKind(models.TextChoices):
    JOINT_STATEMENT = "joint_statement", _("joint statement")
    INTERSTATE = "interstate", _("interstate agreement")
    INTERGOVERNMENTAL = "intergovernmental", _("intergovernmental agreement")
    INTERAGENCY = "interagency", _("interagency agreement")
    INTERREGIONAL = "interregional", _("interregional agreement")
    TWINNING = "twinning", _("twinning or friendly ties")
    MEMORANDUM = "memorandum", _("memorandum")
    MEMORANDUM_OF_INTENTIONS = "memorandum_of_intentions", _("memorandum of intentions")
    PROGRAMME = "programme", _("programme")
    PLAN = "plan", _("plan")
    CONTRACT = "contract", _("contract")
    FRAMEWORK = "framework", _("framework agreement")
    UNIVERSITY = "university", _("university agreement")
    CHAMBER = "chamber", _("chamber agreement")
    ZONE = "zone", _("zone agreement")
    FOUNDING = "founding", _("founding agreement")
    RELATION = "relation", _("relation, no document named")
    UNDERSTANDING = "understanding", _("understanding, no document named")
    DECISION = "decision", _("decision, no document named")
    NOT_SAID = "not_said", _("kind not said")


class AgreementStatus(models.TextChoices):
    """What the source says of the document. Whether it is in force on a day is computed from its dates."""

    BEING_PREPARED = "being_prepared", _("being prepared")
    AGREED = "agreed", _("agreed")
    ADOPTED = "adopted", _("adopted")
    SIGNED = "signed", _("signed")
    IN_FORCE = "in_force", _("said to be in force")
    TERMINATED = "terminated", _("terminated")
    NOT_SAID = "not_said", _("not said")


class Renewal(models.TextChoices):
    NOT_SAID = "not_said", _("not said")
    NEVER = "never", _("never")
    TACIT = "tacit", _("tacit")
    EXPRESS = "express", _("express")


class RenewedEnd(models.Func):
    """`agreement_end(first end, months of each renewal, day)`: the end of the term that runs on the day."""

    function = "agreement_end"
    output_field = models.DateField()


class MonthsAfter(models.Func):
    """A day so many months after another; the last day of the month where that one is shorter."""

    template = "(%(expressions)s))::date"
    arg_joiner = " + make_interval(months => "
    output_field = models.DateField()


class AgreementQuerySet(NamedQuerySet):
    """Documents and relations, single or in bundles."""

    def with_term(self, on: date) -> Self:
        """How the term stands on a day, by dates alone.

        `starts_on`: the day from which it binds, NULL when no date is known. `ends_on`: the last day of the term that
        runs then, after extensions and as many tacit renewals as it took; NULL without a known end. A successor in
        force ends it the day before. `notice_by`: the last day to give notice. `decide_by`: that day, else the end.
        `is_suspended`: nobody has to perform it on the day; its term runs on (Vienna Convention, article 72).
        """
        since = Coalesce("in_force__first_day", "signed__first_day")
        bound = Coalesce("in_force__last_day", "signed__last_day")
        by_term = Cast(MonthsAfter(bound, F("term_months")) - timedelta(days=1), models.DateField())
        changes = TermChange.objects.filter(agreement=OuterRef("pk"), since__lte=on)
        extended = changes.filter(kind=TermChangeKind.EXTENSION).order_by("-since", "-id").values("until")[:1]
        first_end = Coalesce(Subquery(extended), "valid_until__last_day", by_term)
        lasting = Q(until__isnull=True) | Q(until__gte=on)
        suspended = changes.filter(lasting, kind=TermChangeKind.SUSPENSION)
        renewed = Case(
            When(renewal=Renewal.TACIT, renewal_months__gt=0, then=RenewedEnd("first_end", "renewal_months", on)),
            # Renewed tacitly, for how long is not said: past its first end it has no known one.
            When(renewal=Renewal.TACIT, first_end__lt=on, then=None),
            default=F("first_end"),
        )
        successors = AgreementRelation.objects.filter(to=OuterRef("pk"), kind=RelationKind.SUPERSEDES)
        in_force = Coalesce("agreement__in_force__first_day", "agreement__signed__first_day")
        replaced = successors.annotate(day=in_force).filter(day__isnull=False).order_by("day").values("day")[:1]
        replaced_on = Cast(Subquery(replaced) - timedelta(days=1), models.DateField())
        return self.annotate(
            starts_on=since,
            first_end=first_end,
            ends_on=Least(renewed, replaced_on),
            notice_by=Case(When(notice_months__isnull=False, then=MonthsAfter(F("ends_on"), -F("notice_months")))),
            decide_by=Coalesce("notice_by", "ends_on"),
            is_suspended=Exists(suspended),
        )

    def binding_on(self, on: date) -> Self:
        """Signed or in force by its dates on the day, neither ended, terminated nor suspended."""
        return self.running_on(on).filter(is_suspended=False)

    def running_on(self, on: date) -> Self:
        """Signed or in force by its dates on the day, neither ended nor terminated; perhaps suspended."""
        begun = self.with_term(on).exclude(status__in=NOT_BINDING).filter(starts_on__lte=on)
        return begun.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on))

    def to_decide(self, on: date, months: int) -> Self:
        """Running agreements about which is to be decided from the day on within so many months: renew, or give notice.

        A suspension defers no notice. Those that are renewed tacitly and name no notice ask for nothing.
        """
        until = MonthsAfter(Value(on, output_field=models.DateField()), Value(months))
        silent = Q(renewal=Renewal.TACIT, notice_months__isnull=True)
        return self.running_on(on).exclude(silent).filter(decide_by__gte=on, decide_by__lte=until)

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        """Agreements to which any of the partners is a party."""
        keys = partners.order_by().values("pk")
        return self.filter(Exists(AgreementParty.objects.filter(agreement=OuterRef("pk"), partner__in=keys)))


# What never binds, whatever its dates say.
NOT_BINDING = (AgreementStatus.BEING_PREPARED, AgreementStatus.TERMINATED)


@tracked
class Agreement(Named, Cited, Record):
    """A document the parties agreed on, a relation whose document is not named, or a bundle known by number only."""

    TREES = ("parent",)

    reference = reference_field("AGR")
    kind = models.CharField(_("kind"), max_length=30, choices=AgreementKind)
    status = models.CharField(_("status"), max_length=20, choices=AgreementStatus, default=AgreementStatus.NOT_SAID)
    status_text = models.CharField(_("status, as printed"), max_length=200, blank=True)
    subject = models.TextField(_("subject"), blank=True)
    registration_number = models.CharField(_("registration number"), max_length=100, blank=True)
    signed = PartialDateField(_("signed"), null=True, blank=True)
    signed_text = models.CharField(_("signed, as printed"), max_length=200, blank=True)
    in_force = PartialDateField(_("in force since"), null=True, blank=True)
    in_force_text = models.CharField(_("in force since, as printed"), max_length=200, blank=True)
    valid_until = PartialDateField(_("valid until"), null=True, blank=True)
    valid_until_text = models.CharField(_("valid until, as printed"), max_length=200, blank=True)
    term_months = models.PositiveIntegerField(_("term in months"), null=True, blank=True)
    renewal = models.CharField(_("renewal"), max_length=10, choices=Renewal, default=Renewal.NOT_SAID)
    renewal_months = models.PositiveIntegerField(_("renewed for months"), null=True, blank=True)
    notice_months = models.PositiveIntegerField(_("notice period in months"), null=True, blank=True)
    place = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="agreements_here", verbose_name=_("place")
    )
    meeting = models.ForeignKey(
        Meeting, models.PROTECT, null=True, blank=True, related_name="agreements", verbose_name=_("signed at")
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("made under")
    )
    sectors = models.ManyToManyField(Sector, blank=True, related_name="agreements", verbose_name=_("sectors"))
    declared_parties = models.PositiveIntegerField(_("parties, as declared"), null=True, blank=True)
    declared_parties_qualifier = qualifier_field(_("qualifier of the parties"))
    is_bundle = models.BooleanField(_("bundle known by number or field only"), default=False)
    declared_documents = models.PositiveIntegerField(_("documents, as declared"), null=True, blank=True)
    declared_documents_qualifier = qualifier_field(_("qualifier of the documents"))
    value = amount_field(_("value"))
    value_qualifier = qualifier_field(_("qualifier of the value"))
    currency = currency_field()

    objects = AgreementQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = [F("signed__first_day").desc(nulls_last=True), "id"]
        triggers = [*Record.Meta.triggers, *tree_triggers("parent")]
        indexes = search_indexes("agreements_agreement", AgreementQuerySet.SEARCHED)
        constraints = [
            *Named.name_constraints(),
            known("kind", AgreementKind),
            known("status", AgreementStatus),
            known("renewal", Renewal),
            known("declared_parties_qualifier", Qualifier),
            known("declared_documents_qualifier", Qualifier),
            known("value_qualifier", Qualifier),
            currency_check(),
            value_has_currency(),
            not_wholly_before("valid_until", "in_force", _("The agreement would end before it enters into force.")),
            not_wholly_before("valid_until", "signed", _("The agreement would end before it is signed.")),
            check("not_its_own_parent", ~Q(parent=F("id")), _("An agreement cannot be made under itself.")),
            check(
                "only_bundles_declare_documents",
                Q(is_bundle=True) | Q(declared_documents__isnull=True),
                _("Only a bundle declares a number of documents."),
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("agreement", args=[self.reference])


class PartyRole(models.TextChoices):
    PARTY = "party", _("party")
    FOUNDER = "founder", _("founder")
    MEMBER = "member", _("member")
    COORDINATOR = "coordinator", _("coordinator")


@tracked
class AgreementParty(Record):
    """A partner bound by an agreement, and the office that signed for it."""

    reference = reference_field("PTY")
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="parties", verbose_name=_("agreement"))
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="agreement_parties", verbose_name=_("partner"))
    role = models.CharField(_("role"), max_length=20, choices=PartyRole, default=PartyRole.PARTY)
    signatory = models.CharField(_("signatory"), max_length=200, blank=True)

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        ordering = ["id"]
        constraints = [
            known("role", PartyRole),
            models.UniqueConstraint(
                fields=["agreement", "partner"],
                name="agreements_party_once",
                violation_error_message=_("The partner is a party already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.partner)


@tracked
class AgreementFile(StoredFile):
    """The scan or text of an agreement."""

    reference = reference_field("AGF")
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="files", verbose_name=_("agreement"))

    objects: Any = RecordQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        abstract = False
        verbose_name = _("file of an agreement")
        verbose_name_plural = _("files of agreements")
        constraints = StoredFile.file_constraints()


class RelationKind(models.TextChoices):
    AMENDS = "amends", _("amends")
    SUPERSEDES = "supersedes", _("supersedes")
    IMPLEMENTS = "implements", _("implements")
    LEADS_TO = "leads_to", _("leads to")


@tracked
class AgreementRelation(Record):
    """One agreement amends, supersedes, implements or leads to another."""

    reference = reference_field("REL")
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="relations", verbose_name=_("agreement"))
    kind = models.CharField(_("kind"), max_length=20, choices=RelationKind)
    to = models.ForeignKey(Agreement, models.PROTECT, related_name="relations_from", verbose_name=_("other agreement"))

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        ordering = ["id"]
        constraints = [
            known("kind", RelationKind),
            check("not_to_itself", ~Q(to=F("agreement")), _("An agreement has no relation to itself.")),
            models.UniqueConstraint(
                fields=["agreement", "kind", "to"],
                name="agreements_relation_once",
                violation_error_message=_("This relation is there already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.to}"


tracked_link(Agreement.sectors.through)


class TermChangeKind(models.TextChoices):
    EXTENSION = "extension", _("extension")
    SUSPENSION = "suspension", _("suspension")


@tracked
class TermChange(Record):
    """The parties extended the term to a new last day, or suspended the agreement from a day on.

    `since`: the day from which the extension is agreed, or the first day of the suspension. `until`: the new last day
    of the term, or the last day of the suspension; NULL: suspended until further notice.
    """

    reference = reference_field("TRM")
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="term_changes", verbose_name=_("agreement"))
    kind = models.CharField(_("kind"), max_length=20, choices=TermChangeKind)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)
    by = models.ForeignKey(
        Agreement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="terms_changed",
        verbose_name=_("by the document"),
    )
    reason = models.TextField(_("reason"), blank=True)

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("change of the term")
        verbose_name_plural = _("changes of the term")
        ordering = ["since", "id"]
        constraints = [
            known("kind", TermChangeKind),
            check(
                "extension_has_end",
                ~Q(kind=TermChangeKind.EXTENSION) | Q(until__isnull=False),
                _("An extension names the new last day."),
            ),
            check(
                "until_after_since",
                Q(until__isnull=True) | Q(until__gte=F("since")),
                _("It ends before it begins."),
            ),
        ]
