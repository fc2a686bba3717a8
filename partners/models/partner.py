"""Who the parties are: partners of both sides, their names and their people."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from partners.constraints import check, known
from partners.history import tracked, tracked_link
from partners.models.records import Cited, Named, NamedQuerySet, Record, RecordQuerySet, reference_field, tree_triggers
from partners.models.sector import Sector
from partners.text import search_indexes


class PartnerKind(models.TextChoices):
    STATE = "state", _("state")
    REGION = "region", _("region or province")
    DISTRICT = "district", _("district")
    CITY = "city", _("city, town or village")
    INTERNATIONAL_ORGANISATION = "international_organisation", _("international organisation")
    AUTHORITY = "authority", _("authority")
    EMBASSY = "embassy", _("embassy")
    UNIVERSITY = "university", _("university or institute")
    ENTERPRISE = "enterprise", _("enterprise")
    CONCERN = "concern", _("concern")
    ASSOCIATION = "association", _("association")
    EXCHANGE = "exchange", _("exchange")
    PLATFORM = "platform", _("trading platform")
    FREE_ECONOMIC_ZONE = "free_economic_zone", _("free economic zone")
    INDUSTRIAL_PARK = "industrial_park", _("industrial park")
    TECHNOLOGY_PARK = "technology_park", _("technology park")
    CLUSTER = "cluster", _("cluster")
    CHAMBER = "chamber", _("chamber of commerce")
    HOSPITAL = "hospital", _("hospital")
    RESEARCH_BODY = "research_body", _("research body")
    FUND = "fund", _("fund")
    JOINT_INSTITUTION = "joint_institution", _("joint institution")
    FACILITY = "facility", _("facility")
    VENUE = "venue", _("venue")
    MARKET = "market", _("group of markets")


class PartnerQuerySet(NamedQuerySet):
    """Partners of both sides."""

    def home(self) -> Self:
        """Our side: settings.HOME_COUNTRY."""
        return self.filter(country=settings.HOME_COUNTRY)

    def foreign(self) -> Self:
        """Everybody else, international organisations too."""
        return self.exclude(country=settings.HOME_COUNTRY)

    def states(self) -> Self:
        return self.filter(kind=PartnerKind.STATE)

    def subordinate_to(self, *partners: Partner) -> Self:
        """The partners themselves and all that answer to them (`parent`): this gives rights."""
        return self._below([partner.pk for partner in partners], ["parent_id"])

    def under(self, partner: Partner) -> Self:
        """The partner, what answers to it and what lies in it: this is what a reader means by "under it".

        A state stands for its whole country.
        """
        if partner.kind == PartnerKind.STATE and partner.country:
            return self.filter(country=str(partner.country))
        return self._below([partner.pk], ["parent_id", "located_in_id"])

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        return self.filter(pk__in=partners.order_by().values("pk"))

    def _below(self, roots: list[int], columns: list[str]) -> Self:
        reached, frontier = set(roots), set(roots)
        while frontier:
            condition = Q()
            for column in columns:
                condition |= Q(**{f"{column}__in": frontier})
            frontier = set(Partner.objects.filter(condition).values_list("pk", flat=True)) - reached
            reached |= frontier
        return self.filter(pk__in=reached)

    def _with_word(self, word: str) -> Q:
        return super()._with_word(word) | Q(pk__in=PartnerAlias.objects.search(word).values("partner"))

    def _with_similar(self, word: str) -> Q:
        return super()._with_similar(word) | Q(pk__in=PartnerAlias.objects.resembling(word).values("partner"))


@tracked
class Partner(Named, Cited, Record):
    """A state, region, city, authority, university, enterprise... of either side.

    `parent` is whom it answers to and gives rights; `located_in` is where it lies and gives none; founders give none.
    A placeholder is a party the document leaves unnamed.
    """

    TREES = ("parent", "located_in")

    reference = reference_field("PRT")
    kind = models.CharField(_("kind"), max_length=30, choices=PartnerKind)
    country = CountryField(_("country"), blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="subordinates", verbose_name=_("answers to")
    )
    located_in = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="located_here", verbose_name=_("located in")
    )
    founders = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="founded", verbose_name=_("founders")
    )
    sectors = models.ManyToManyField(Sector, blank=True, related_name="partners", verbose_name=_("sectors"))
    is_placeholder = models.BooleanField(_("unnamed in the document"), default=False)

    objects = PartnerQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ["name", "id"]
        triggers = [*Record.Meta.triggers, *tree_triggers("parent", "located_in")]
        indexes = search_indexes("partners_partner", PartnerQuerySet.SEARCHED)
        constraints = [
            *Named.name_constraints(),
            known("kind", PartnerKind),
            check(
                "state_has_country",
                ~Q(kind=PartnerKind.STATE) | ~Q(country="") | Q(is_placeholder=True),
                _("A state has a country code."),
            ),
            check("not_its_own_parent", ~Q(parent=F("id")), _("A partner cannot answer to itself.")),
            check("not_located_in_itself", ~Q(located_in=F("id")), _("A partner cannot lie in itself.")),
            models.UniqueConstraint(
                fields=["country"],
                condition=Q(kind=PartnerKind.STATE) & ~Q(country=""),
                name="partners_partner_one_state_per_country",
                violation_error_message=_("This state is in the register already."),
            ),
        ]

    def __str__(self) -> str:
        place = f", {self.country}" if self.country else ""
        return f"{self.local_name} ({self.get_kind_display()}{place})"

    def get_absolute_url(self) -> str:
        return reverse("partner", args=[self.reference])

    @property
    def is_home(self) -> bool:
        """On our side."""
        return bool(self.country == settings.HOME_COUNTRY)


class AliasKind(models.TextChoices):
    ABBREVIATION = "abbreviation", _("abbreviation")
    AS_PRINTED = "as_printed", _("as printed")
    FORMER = "former", _("former name")
    OTHER_LANGUAGE = "other_language", _("other language")


class PartnerAliasQuerySet(RecordQuerySet):
    SEARCHED = ("reference", "text")


@tracked
class PartnerAlias(Record):
    """Another name of a partner, by which search and duplicate checks find it."""

    reference = reference_field("ALS")
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="aliases", verbose_name=_("partner"))
    text = models.CharField(_("text"), max_length=300)
    kind = models.CharField(_("kind"), max_length=20, choices=AliasKind)

    objects = PartnerAliasQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        ordering = ["text", "id"]
        indexes = search_indexes("partners_alias", PartnerAliasQuerySet.SEARCHED)
        constraints = [
            known("kind", AliasKind),
            check("text_not_blank", ~Q(text=""), _("An alias needs a text.")),
            models.UniqueConstraint(
                fields=["partner", "text"],
                name="partners_alias_once",
                violation_error_message=_("The partner has this alias already."),
            ),
        ]

    def __str__(self) -> str:
        return self.text


class ContactQuerySet(RecordQuerySet):
    SEARCHED = ("reference", "full_name", "position", "email")

    def of_partners(self, partners: models.QuerySet[Partner]) -> Self:
        return self.filter(partner__in=partners.order_by().values("pk"))


@tracked
class Contact(Cited, Record):
    """A person at a partner, kept for correspondence."""

    reference = reference_field("PRS")
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="contacts", verbose_name=_("partner"))
    full_name = models.CharField(_("full name"), max_length=200)
    position = models.CharField(_("position"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=50, blank=True)
    note = models.TextField(_("note"), blank=True)
    is_active = models.BooleanField(_("still in office"), default=True)

    objects = ContactQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["full_name", "id"]
        constraints = [check("name_not_blank", ~Q(full_name=""), _("A contact needs a name."))]

    def __str__(self) -> str:
        return self.full_name

    @property
    def name(self) -> str:
        return self.full_name


tracked_link(Partner.founders.through)
tracked_link(Partner.sectors.through)
