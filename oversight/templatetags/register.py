"""How values are shown to people."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from agreements.models import Qualifier
from oversight.measuring import Measured
from oversight.measuring import bars as bars_of
from partners.asof import first_day
from partners.dates import PartialDate
from projects.models import Confidence

register = template.Library()


@register.filter
def partial_date(span: PartialDate | None) -> str:
    """`October 2023`, `16 October 2023`, `2024–2026`, `January 2024 – June 2024`; blank for none."""
    if span is None:
        return ""
    start, slash, end = str(span).partition("/")
    if not slash:
        return _point(start)
    return f"{_point(start)}–{_point(end)}" if len(start) == 4 else f"{_point(start)} – {_point(end)}"


def _point(text: str) -> str:
    span = PartialDate.parse(text)
    pattern = {1: "Y", 2: "F Y", 3: "j E Y"}[text.count("-") + 1]
    return date_format(span.first_day, pattern)


@register.filter
def shown(value: Any) -> str:
    """Any value of a record's page."""
    if isinstance(value, PartialDate):
        return partial_date(value)
    if isinstance(value, Decimal):
        return number(value)
    if value in (None, ""):
        return "–"
    return date_format(value, "j E Y") if hasattr(value, "isoformat") else str(value)


@register.filter
def confidence(code: str) -> str:
    return str(Confidence(code).label)


@register.filter
def unlocalised(value: float) -> str:
    """A number for a drawing: with a point in every language."""
    return f"{value:g}"


@register.simple_tag
def written(record: Any, field: str) -> str:
    """A partial date as the document words it, else as entered; blank for none."""
    return getattr(record, f"{field}_text", "") or partial_date(getattr(record, field))


def number(value: Decimal) -> str:
    """With the thousands of the reader's language and without empty decimals."""
    plain = value.normalize()
    places = max(-int(plain.as_tuple().exponent), 0)
    return number_format(plain, decimal_pos=places, use_l10n=True, force_grouping=True)


@register.simple_tag
def amount(record: Any, field: str = "value") -> str:
    """`about 26,000,000 USD`: qualifier, value or range, and currency or unit; blank without a value."""
    value = getattr(record, field)
    if value is None:
        return ""
    own = getattr(record, f"{field}_qualifier", "")
    qualifier = Qualifier(own or getattr(record, "qualifier", Qualifier.EXACTLY))
    words = [] if qualifier == Qualifier.EXACTLY else [str(qualifier.label)]
    words.append(number(Decimal(value)))
    if getattr(record, "value_to", None) is not None:
        words.append(f"– {number(record.value_to)}")
    unit = getattr(record, "currency", "") or getattr(record, "unit", "")
    per = getattr(record, "per", "")
    return " ".join([*words, *([unit] if unit else []), *([_("per %(period)s") % {"period": per}] if per else [])])


@register.simple_tag
def reading(row: Any, indicator: Any) -> str:
    """A target or an observation: as printed, else the number with its unit or currency."""
    return row.text or f"{amount(row)} {indicator.currency or indicator.unit}".strip()


@register.filter
def bars(indicator: Any) -> list[Measured]:
    """The numbers of an indicator as bars."""
    return bars_of(indicator)


@register.simple_tag
def admin_page(record: Any, page: str = "change") -> str:
    """The address of the record's form or history in the admin."""
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_{page}", args=[record.pk])


@register.simple_tag(takes_context=True)
def query(context: Any, **changes: Any) -> str:
    """The query string of this page with some parameters changed; one that is set to nothing goes."""
    parameters: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


@register.simple_tag(takes_context=True)
def sorting(context: Any, name: str) -> dict[str, str]:
    """For a column's head: `aria` (ascending, descending or none) and `query`, the address that sorts by it."""
    asked = context["ordering"]
    state = {name: "ascending", f"-{name}": "descending"}.get(asked, "none")
    turned = f"-{name}" if state == "ascending" else name
    return {"aria": state, "query": query(context, ordering=turned, page=None, projects_page=None)}


@register.simple_tag
def first_recorded_day() -> Any:
    """The day on which the register begins, None while it is empty."""
    return first_day()
