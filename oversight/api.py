"""The reports as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agreements.models import Roadmap, RoadmapItem
from oversight.reports import OverdueRow, overdue_rows
from partners.dates import today
from partners.filters import DayField

ON = OpenApiParameter("on", OpenApiTypes.DATE, description="The day to judge by; today in Minsk without it.")


def judged_day(request: Request) -> date:
    """`on` of the request. Raises ValidationError for another parameter or a bad day."""
    unknown = sorted(set(request.query_params) - {"on"})
    if unknown:
        raise ValidationError({name: ["Unknown parameter."] for name in unknown})
    try:
        return DayField(required=False).clean(request.query_params.get("on")) or today()
    except forms.ValidationError as error:
        raise ValidationError({"on": error.messages}) from error


def link(record: Any) -> dict[str, Any] | None:
    return record and {"id": record.pk, "reference": record.reference, "name": record.name}


class OverdueReport(APIView):
    """Late roadmap items, then late projects that stand under no late item."""

    @extend_schema(parameters=[ON], responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        on = judged_day(request)
        return Response({"on": on, "results": [self.row(row) for row in overdue_rows(on)]})

    @staticmethod
    def row(row: OverdueRow) -> dict[str, Any]:
        due = row.record.due
        return {
            "type": row.type,
            "id": row.record.pk,
            "reference": row.record.reference,
            "title": row.record.name,
            "partner": link(row.partner),
            "roadmap": link(row.roadmap),
            "lead": link(row.record.lead),
            "due": due and str(due),
            "due_first_day": due and due.first_day,
            "due_last_day": row.deadline,
            "due_text": row.record.due_text,
            "days_late": row.days_late,
            "last_reported_on": row.last_reported_on,
        }


class RoadmapReport(APIView):
    """The scorecard: what each roadmap declares, what is entered, and how its items stand."""

    @extend_schema(parameters=[ON], responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        on = judged_day(request)
        late = set(RoadmapItem.objects.overdue(on).values_list("pk", flat=True))
        roadmaps = Roadmap.objects.with_counts().select_related("counterpart").prefetch_related("items")
        return Response({"on": on, "results": [self.row(roadmap, on, late) for roadmap in roadmaps]})

    @staticmethod
    def row(roadmap: Any, on: date, late: set[int]) -> dict[str, Any]:
        items = list(roadmap.items.all())
        return {
            **(link(roadmap) or {}),
            "status": roadmap.status,
            "partner": link(roadmap.counterpart),
            "declared_areas": roadmap.declared_areas,
            "declared_items": roadmap.declared_items,
            "entered_areas": roadmap.entered_areas,
            "entered_items": roadmap.entered_items,
            "open": sum(item.is_open(on) for item in items),
            "closed": sum(not item.is_open(on) for item in items),
            "overdue": sum(item.pk in late for item in items),
        }
