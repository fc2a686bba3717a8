"""The rows of the deadline reports as JSON that PostgreSQL makes: `reports.rows` for programs, a test compares them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import DateField, F, Func, IntegerField, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast

from agreements.models import Roadmap, RoadmapItem
from doors.shapes import JsonObject, link
from partners.fields import Edtf
from partners.models import Partner


def with_json(part: QuerySet[Any], on: date) -> QuerySet[Any]:
    """`body`: each row of a part of a report, as `DeadlineRowSerializer` describes it."""
    of_item = part.model is RoadmapItem
    body = JsonObject(
        type=Value("roadmap-item" if of_item else "project"),
        id=F("pk"),
        reference=F("reference"),
        title=F("name"),
        partner=link("roadmap__counterpart", Partner) if of_item else _linked(Partner, "counterpart_id"),
        roadmap=link("roadmap", Roadmap) if of_item else _linked(Roadmap, "roadmap_id"),
        lead=link("lead", Partner),
        due=Edtf("due"),
        due_first_day=F("due__first_day"),
        due_last_day=F("deadline"),
        due_text=F("due_text"),
        days_late=DaysLate(Value(on, DateField()), F("deadline")),
        last_reported_on=F("last_report"),
        silent_since=F("since") if "since" in part.query.annotations else Value(None),
    )
    return part.annotate(body=Cast(body, TextField()))


class DaysLate(Func):
    """How many days the first day is after the second; none where it is not."""

    template = "GREATEST(%(expressions)s, 0)"
    arg_joiner = " - "
    output_field = IntegerField()


def _linked(model: Any, key: str) -> Subquery:
    """A link to the row whose id an annotation holds."""
    told = JsonObject(id=F("pk"), reference=F("reference"), name=F("name"))
    return Subquery(model.objects.filter(pk=OuterRef(key)).order_by().values_list(told), output_field=TextField())
