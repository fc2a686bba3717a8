"""What every resource of the API shares: JSON, rights and strict filters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from doors.exports import NDJSON
from doors.permissions import may, may_verb
from doors.tables import XLSX

# Parameters that say how much of a list is given and in what, whatever the resource.
PAGING = {"cursor", "page_size", "count", "ordering", "format"}


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str)


class CsvRenderer(JSONRenderer):
    """The whole list as CSV. What it renders itself are errors: the view sends the file."""

    media_type = "text/csv"
    format = "csv"


class XlsxRenderer(JSONRenderer):
    """The whole list as a spreadsheet."""

    media_type = XLSX
    format = "xlsx"


class NdjsonRenderer(JSONRenderer):
    """The whole list, a line of JSON a row."""

    media_type = NDJSON
    format = "ndjson"


EXPORTS = [JSONRenderer, CsvRenderer, XlsxRenderer, NdjsonRenderer]


class Negotiation(DefaultContentNegotiation):
    """`?format=` before `Accept`, whatever that says; a format that is not offered is 400 and named."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        form = request.query_params.get("format")
        if form is None:
            return super().select_renderer(request, renderers, format_suffix)
        for renderer in renderers:
            if renderer.format == form:
                return renderer, renderer.media_type
        names = ", ".join(renderer.format for renderer in renderers)
        raise ValidationError({"format": [_("One of %(names)s.") % {"names": names}]})


class RegisterPermission(BasePermission):
    """The permission table at the API: a view reads its model's rows, or does the verb that it names, or is refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not user or not user.is_authenticated:
            return False
        if verb := getattr(view, "verb", ""):
            return request.method not in SAFE_METHODS and may_verb(user, verb)
        rows = getattr(view, "queryset", None)
        if rows is None:
            return False
        return may(user, "view" if request.method in SAFE_METHODS else "change", rows.model)


class StrictFilterBackend(filters.DjangoFilterBackend):
    """django-filter ignores what it does not know; here an unknown parameter or a bad value is 400 and named."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        refuse_unknown(request, set(view.filterset_class.base_filters) | PAGING)
        for name, values in request.query_params.lists():
            if any("\x00" in value for value in values):
                raise ValidationError({name: [_("A NUL character is not accepted.")]})
        return super().filter_queryset(request, queryset, view)

    def get_filterset_class(self, view: Any, queryset: Any = None) -> Any:
        return asked_for(view.filterset_class, frozenset(view.request.query_params) - PAGING)


@lru_cache(maxsize=512)
def asked_for(filterset: Any, names: frozenset[str]) -> Any:
    """The FilterSet with the named filters only: for each request it copies all it has and makes a form of them."""
    fewer = type(filterset.__name__, (filterset,), {})
    fewer.base_filters = {name: each for name, each in filterset.base_filters.items() if name in names}  # type: ignore[attr-defined]
    return fewer


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Raises ValidationError naming each query parameter that is not known."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise ValidationError({name: [_("Unknown parameter.")] for name in unknown})
