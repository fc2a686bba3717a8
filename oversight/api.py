"""The reports as JSON. Each names its parameters; another parameter or a bad value is 400."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import orjson
from django.db.models import Value
from django.http import HttpResponseBase
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from orjson import Fragment
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from agreements.models import RoadmapItem
from doors.exports import heading, reported
from doors.pagination import ON, ChainPagination
from doors.replica import from_replica
from doors.rest import EXPORTS, checked
from doors.schema import RegisterSchema
from oversight import comparing, reports, scores
from oversight.completeness import Check, findings, gaps
from oversight.filters import ComparisonFilterSet, DayFilterSet, DeadlineFilterSet, DueFilterSet, SlippageFilterSet
from oversight.memory import remembered
from oversight.rows import with_json
from oversight.serializers import (
    ChangeSerializer,
    CheckRowSerializer,
    DeadlineRowSerializer,
    PartnerScoreSerializer,
    RoadmapScoreSerializer,
    SlippageSerializer,
)
from projects.models import Project

PAGING = {"cursor", "page_size", "count", "format"}
BATCH = 1000


class InOne(BasePagination):
    """How a report without pages is described."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "required": ["on", "results"], "properties": {"on": ON, "results": schema}}


class ReportSchema(RegisterSchema):
    def get_tags(self) -> list[str]:
        return ["reports"]

    def _get_paginator(self) -> Any:
        return super()._get_paginator() or InOne()


class Report(GenericAPIView, ABC):
    """A report on a day: `{"on", "results"}` as JSON, or all its rows as a file."""

    queryset: Any = Project.objects.none()
    filterset_class: Any = DayFilterSet
    pagination_class: Any = None
    ordering_fields: tuple[str, ...] = ()
    called = ""
    renderer_classes = EXPORTS
    schema = ReportSchema()

    def get(self, request: Request) -> HttpResponseBase:
        asked, form = self.asked(request), request.accepted_renderer.format
        if form == "json":
            return self.page(asked)
        for name in (PAGING - {"format"}) & set(request.query_params):
            raise ValidationError({name: [_("A file holds all rows; this belongs to pages.")]})
        return self.file(asked, form)

    @from_replica
    def file(self, asked: Any, form: str) -> HttpResponseBase:
        head, name = heading(self.get_serializer()), f"{self.called}-{asked.day}"
        return reported(self.whole(asked), head, form, name, self.count(asked))

    @abstractmethod
    def page(self, asked: Any) -> Response:
        """The answer as JSON."""

    @abstractmethod
    def whole(self, asked: Any) -> Any:
        """All rows, as JSON has them."""

    @abstractmethod
    def count(self, asked: Any) -> int:
        """How many rows `whole` gives."""

    def asked(self, request: Request) -> Any:
        """The checked parameters. Raises ValidationError naming each unknown or bad one."""
        paging = PAGING if self.pagination_class else {"format"}
        return checked(request, self.filterset_class, self.queryset, paging)


def _words(request: Request) -> str:
    """What was asked, however it was put in order."""
    return urlencode(sorted((name, value) for name, values in request.query_params.lists() for value in values))


class ShortReport(Report):
    """A report of a few rows, in one answer that is remembered until somebody writes."""

    def page(self, asked: Any) -> Response:
        return Response(Fragment(remembered(self.told, self.called, _words(self.request), asked.day)))

    def told(self, _called: str, _words: str, _day: Any) -> bytes:
        """The answer, which these three decide."""
        asked = self.asked(self.request)
        return orjson.dumps({"on": asked.day, "results": self.whole(asked)}, default=str)

    def whole(self, asked: Any) -> Any:
        return self.get_serializer(self.rows(asked), many=True).data

    def count(self, asked: Any) -> int:
        return len(self.rows(asked))

    @abstractmethod
    def rows(self, asked: Any) -> Any:
        """What the serializer reads."""


class ChainReport(Report):
    """A report over several querysets, one after the other, in keyset pages."""

    pagination_class: Any = ChainPagination
    column = "id"

    @from_replica
    def page(self, asked: Any) -> Response:
        page = self.paginator.paginate_chain(self.numbered(asked), self.column, self.request)  # type: ignore[union-attr]
        response = self.get_paginated_response(self.told_rows(page, asked))
        response.data = {"on": asked.day, **response.data}
        return response

    def whole(self, asked: Any) -> Iterator[Any]:
        for part in self.numbered(asked):
            rows = part.order_by(self.column, "id").iterator(chunk_size=BATCH)
            while batch := list(islice(rows, BATCH)):
                yield from self.told_rows(batch, asked)

    def count(self, asked: Any) -> int:
        return sum(part.count() for part in self.numbered(asked))

    @abstractmethod
    def numbered(self, asked: Any) -> list[Any]:
        """The querysets, whose rows say by `part` in which they are."""

    @abstractmethod
    def told_rows(self, page: list[Any], asked: Any) -> list[Any]:
        """The rows of a page as JSON has them."""


class RecordReport(ChainReport):
    """A chain of records, of which a serializer makes the rows."""

    def numbered(self, asked: Any) -> list[Any]:
        return [part.annotate(part=Value(number)) for number, part in enumerate(self.parts(asked))]

    def told_rows(self, page: list[Any], asked: Any) -> list[Any]:
        rows: list[Any] = self.get_serializer(self.shown(page, asked), many=True).data
        return rows

    @abstractmethod
    def parts(self, asked: Any) -> list[Any]:
        """The querysets."""

    @abstractmethod
    def shown(self, page: list[Any], asked: Any) -> list[Any]:
        """What the serializer reads, of the records of a page."""


class DeadlineReport(ChainReport):
    """Roadmap items, then projects."""

    filterset_class = DeadlineFilterSet
    serializer_class = DeadlineRowSerializer
    column = "deadline"

    def numbered(self, asked: Any) -> list[Any]:
        # A page often needs the first part only; the other one is not even thought of then.
        makers = enumerate(self.chain(asked))
        return [SimpleLazyObject(partial(self.told_part, number, make, asked)) for number, make in makers]

    def told_part(self, number: int, make: Callable[[], Any], asked: Any) -> Any:
        rows = with_json(type(asked)(self.request.query_params, queryset=make()).qs, asked.day)
        return rows.annotate(part=Value(number)).values_list("pk", self.column, "body", "part", named=True)

    @abstractmethod
    def chain(self, asked: Any) -> list[Callable[[], Any]]:
        """What makes each queryset, when it comes to it."""

    def told_rows(self, page: list[Any], asked: Any) -> list[Any]:
        return [Fragment(row.body) for row in page]


@extend_schema(responses=DeadlineRowSerializer(many=True))
class OverdueReport(DeadlineReport):
    """Late roadmap items, then late projects that stand under no late item."""

    def chain(self, asked: Any) -> list[Callable[[], Any]]:
        return [partial(reports.overdue_items, asked.day), partial(reports.overdue_projects_alone, asked.day)]


@extend_schema(responses=DeadlineRowSerializer(many=True))
class DueReport(DeadlineReport):
    """Open items, then unfinished projects, due from the day on within `within` days (30)."""

    filterset_class = DueFilterSet

    def chain(self, asked: Any) -> list[Callable[[], Any]]:
        return [partial(part, asked.day, asked.days) for part in (reports.due_items, reports.due_projects)]


@extend_schema(responses=DeadlineRowSerializer(many=True))
class SilentReport(DeadlineReport):
    """Items that no project delivers and projects of which nothing was accepted, for longer than their cadence."""

    column = "since"

    def chain(self, asked: Any) -> list[Callable[[], Any]]:
        return [partial(reports.silent_items, asked.day), partial(reports.silent_projects, asked.day)]


@extend_schema(responses=RoadmapScoreSerializer(many=True))
class RoadmapReport(ShortReport):
    """The scorecard: how the items of each roadmap stand, and how much of what it declares is entered."""

    serializer_class = RoadmapScoreSerializer

    def rows(self, asked: Any) -> Any:
        return scores.roadmap_scores(asked.day)


@extend_schema(responses=PartnerScoreSerializer(many=True))
class PartnerReport(ShortReport):
    """What stands with each state abroad and everybody in it."""

    serializer_class = PartnerScoreSerializer

    def rows(self, asked: Any) -> Any:
        return scores.partner_scores(asked.day)


@extend_schema(responses=SlippageSerializer(many=True))
class SlippageReport(ShortReport):
    """Agreed moves of deadlines, by record, lead, roadmap or partner (`by`), the furthest first."""

    serializer_class = SlippageSerializer
    filterset_class = SlippageFilterSet

    def rows(self, asked: Any) -> Any:
        return scores.slippage(asked.day, asked.group)


@extend_schema(responses=ChangeSerializer(many=True))
class ComparisonReport(RecordReport):
    """What became overdue, was closed, slipped and was reported after the day `since`, up to the day `on`."""

    serializer_class = ChangeSerializer
    filterset_class = ComparisonFilterSet
    column = "day"

    def kinds(self, asked: Any) -> list[tuple[str, Any]]:
        rows = [asked.chosen(model.objects.all()) for model in (RoadmapItem, Project)]
        changed = comparing.changed(asked.before, asked.day, *rows)
        return [(kind.name, part) for kind in asked.kinds for part in changed[kind.name]]

    def parts(self, asked: Any) -> list[Any]:
        return [part for _kind, part in self.kinds(asked)]

    def shown(self, page: list[Any], asked: Any) -> list[Any]:
        kinds = [kind for kind, _part in self.kinds(asked)]
        return [change for record in page for change in comparing.told(kinds[record.part], [record])]


class CheckReport(RecordReport):
    """The records at which any of several checks found something, check by check."""

    serializer_class = CheckRowSerializer

    @abstractmethod
    def checks(self, asked: Any) -> list[Check]:
        """The checks, in the order in which their records are told."""

    def parts(self, asked: Any) -> list[Any]:
        return [check.rows for check in self.checks(asked)]

    def shown(self, page: list[Any], asked: Any) -> list[Any]:
        checks = self.checks(asked)
        for record in page:
            record.check_code, record.check_label = checks[record.part].code, checks[record.part].label
        return page


@extend_schema(responses=CheckRowSerializer(many=True))
class GapReport(CheckReport):
    """Where the register holds less than documents declare: the data, not the progress."""

    filterset_class = DayFilterSet

    def checks(self, asked: Any) -> list[Check]:
        return gaps()


@extend_schema(responses=CheckRowSerializer(many=True))
class FindingReport(CheckReport):
    """Where promise, delivery and news disagree: done but open, closed but running, nobody in charge."""

    def checks(self, asked: Any) -> list[Check]:
        return findings(asked.day)
