"""The words in which lists and reports are asked: each means the same at every address, and is described once, here."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django_countries import countries

from doors.rest import may_repeat
from partners.filters import CountryFilter, DayFilter, KeyFilter, PartnerFilter, WholeFilter, YesNoFilter

# What each word asks, and an example of its value.
FILTERS: dict[str, tuple[str, Any]] = {
    "area": ("The id of an area of a roadmap.", 12),
    "as_of": (
        "Answer with what was recorded by the end of this past day in Minsk, and judge by it. Today at the latest.",
        "2026-03-31",
    ),
    "by": ("By what the moves are added up: each record for itself unless told.", "lead"),
    "committed": ("Whether somebody is bound to deliver the project.", True),
    "country": ("ISO 3166 code of the partner's state.", "CN"),
    "decision": ("What was decided on the new deadline.", "pending"),
    "due_after": ("The deadline's last day is after this day.", "2024-06-30"),
    "due_before": ("The deadline's last day is before this day.", "2025-01-01"),
    "due_within": ("Open, and due within so many days from `on`.", 30),
    "indicator": ("The id of an indicator.", 12),
    "item": ("The id of a roadmap item.", 12),
    "kind": ("The kind of the record, by its stable code.", None),
    "lead": ("The id of the partner in charge.", 12),
    "modified_since": ("Changed at this moment or later. An offset is part of it: write `+` as `%2B`.",
                       "2026-03-01T00:00:00Z"),
    "number": ("The number of the source in the list of footnotes.", 17),
    "on": ("The day to judge by: today in Minsk unless told.", "2024-07-01"),
    "overdue": ("Whether the record is late on the day `on`.", True),
    "partner": ("What concerns a partner abroad or at home: by ISO 3166 code the state and everybody in it, by id the"
                " partner and everybody under it.", "CN"),
    "project": ("The id of a project.", 12),
    "reference": ("The stable code of the record.", "GNQ-R1"),
    "roadmap": ("The id of a roadmap.", 12),
    "search": ("Rows with every word, as a part or with another ending; accents and case do not matter.", "laboratory"),
    "sector": ("The id of a sector.", 12),
    "silent": ("Whether nothing was accepted of the project for longer than its cadence, on the day `on`.", True),
    "since": ("The day to compare with: 30 days before `on` unless told, and before it.", "2024-06-01"),
    "stage": ("The stage of the project, by its stable code.", "agreed"),
    "state": ("The state of the report, by its stable code.", "submitted"),
    "status": ("The status of the record, by its stable code.", None),
    "status_update": ("The id of a report on a project.", 12),
    "what": ("Only this kind of change.", "slipped"),
    "within": ("So many days ahead of `on`; 30 unless told.", 30),
    "working_group": ("The id of a commission or working group.", 12),
}  # fmt: skip
# Defined once among the components: there are 250 of them.
COUNTRY = {"$ref": "#/components/schemas/CountryCode"}
CODES = {"type": "string", "description": "ISO 3166-1", "enum": sorted(code for code, _name in countries)}
TEXT = {"type": "string", "minLength": 1, "pattern": r"^[^\x00]*[^\x00\s][^\x00]*$"}
DAY = {"type": "string", "format": "date"}
KEY = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}


def parameters(filterset: Any) -> list[dict[str, Any]]:
    """The filters of a list or report as OpenAPI parameters. KeyError for a word that is not described."""
    return [parameter(name, each) for name, each in sorted(filterset.base_filters.items())]


def parameter(name: str, each: Any) -> dict[str, Any]:
    text, example = FILTERS[name]
    schema = allowed(each)
    told: dict[str, Any] = {"name": name, "in": "query", "description": text, "schema": schema}
    if may_repeat(each):
        told["description"] += " Repeat the parameter for any of several."
        told["schema"] = {"type": "array", "items": schema, "minItems": 1}
        told |= {"style": "form", "explode": True}
    if example is not None:
        told["example"] = [example] if may_repeat(each) else example
    return told


def allowed(each: Any) -> dict[str, Any]:
    """The JSON schema of one value of a filter."""
    if isinstance(each, PartnerFilter):
        return {"anyOf": [COUNTRY, {"type": "string", "pattern": "^[0-9]{1,18}$"}]}
    if isinstance(each, CountryFilter):
        return COUNTRY
    if isinstance(each, filters.IsoDateTimeFilter):
        return {"type": "string", "format": "date-time"}
    for kind, schema in ((KeyFilter, KEY), (DayFilter, DAY), (YesNoFilter, {"type": "boolean"})):
        if isinstance(each, kind):
            return schema
    if isinstance(each, WholeFilter):
        return {"type": "integer", "minimum": each.extra["min_value"], "maximum": each.extra["max_value"]}
    if choices := each.extra.get("choices"):
        return {"type": "string", "enum": [code for code, _label in getattr(choices, "choices", choices)]}
    most = each.extra.get("max_length")
    return {**TEXT, "maxLength": most} if most else TEXT
