"""How values are shown to people."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.dateformat import format as date_format

from partners.dates import PartialDate

library = register = template.Library()


@library.filter
def partial_date(span: PartialDate | None) -> str:
    """`October 2023`, `16 October 2023`, `2024–2026`, `January 2024 – June 2024`; blank for none."""
    if span is None:
        return ""
    text = str(span)
    start, slash, end = text.partition("/")
    return f"{_point(start)} – {_point(end)}" if slash else _point(text)


def _point(text: str) -> str:
    span = PartialDate.parse(text)
    pattern = {1: "Y", 2: "F Y", 3: "j F Y"}[text.count("-") + 1]
    return date_format(span.first_day, pattern)


@library.filter
def shown(value: Any) -> str:
    """Any value of a record's page."""
    if isinstance(value, PartialDate):
        return partial_date(value)
    return "–" if value in (None, "") else str(value)
