"""Numbers as documents give them: with a qualifier, and a currency where they are money."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partners.constraints import check


class Qualifier(models.TextChoices):
    EXACTLY = "exactly", _("exactly")
    ABOUT = "about", _("about")
    ALMOST = "almost", _("almost")
    MORE_THAN = "more_than", _("more than")
    AT_LEAST = "at_least", _("at least")
    LESS_THAN = "less_than", _("less than")
    UP_TO = "up_to", _("up to")
    WITHIN = "within", _("within")


def qualifier_field(name: Any) -> models.CharField[str, str]:
    """How exact the number beside it is."""
    return models.CharField(name, max_length=10, choices=Qualifier, default=Qualifier.EXACTLY)


def amount_field(name: Any) -> models.DecimalField[Any, Any]:
    """A whole amount, never in thousands or millions; four decimals for ratios and shares."""
    return models.DecimalField(name, max_digits=22, decimal_places=4, null=True, blank=True)


def currency_field() -> models.CharField[str, str]:
    """ISO 4217 code, blank where the number is no money."""
    return models.CharField(_("currency"), max_length=3, blank=True)


def currency_check() -> models.CheckConstraint:
    return check(
        "currency_is_code", Q(currency="") | Q(currency__regex=r"^[A-Z]{3}$"), _("A currency is three capital letters.")
    )


def value_has_currency() -> models.CheckConstraint:
    return check(
        "value_with_currency",
        Q(value__isnull=True, currency="") | (Q(value__isnull=False) & ~Q(currency="")),
        _("Give the value together with its currency."),
    )
