"""What every resource of the API shares: JSON, rights and strict filters."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Any

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from rest_framework import parsers, status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from doors.exports import NDJSON
from doors.permissions import may, may_verb
from doors.tables import XLSX
from partners.filters import SeveralFilter
from partners.uploads import LARGEST

# Parameters that say how much of a list is given and in what, whatever the resource.
PAGING = {"cursor", "page_size", "count", "ordering", "format"}


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str)


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is too large.")


class Limited:
    """A parser of bodies up to `most` bytes. Raises TooLarge (413) before it reads more."""

    most = 0

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        length = str((parser_context or {})["request"].META.get("CONTENT_LENGTH") or "0")
        if not length.isdigit() or int(length) > self.most:
            raise TooLarge
        return super().parse(stream, media_type, parser_context)  # type: ignore[misc]


class JSONParser(Limited, parsers.JSONParser):
    """JSON that is nested deeper than Python's stack is the sender's fault."""

    most = 1024 * 1024

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error


class UploadParser(Limited, parsers.MultiPartParser):
    """One file, and what stands around it."""

    most = LARGEST + 64 * 1024


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
    """`?format=` before `Accept`, whatever that says; a format that is not offered is 400 and named.

    Who asks is known before, so that these refusals count on his quota as others do.
    """

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        request.user  # noqa: B018
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
        check_query(request, view.filterset_class.base_filters, PAGING)
        return super().filter_queryset(request, queryset, view)

    def get_filterset_class(self, view: Any, queryset: Any = None) -> Any:
        return asked_for(view.filterset_class, frozenset(view.request.query_params) - PAGING)


@lru_cache(maxsize=512)
def asked_for(filterset: Any, names: frozenset[str]) -> Any:
    """The FilterSet with the named filters only: for each request it copies all it has and makes a form of them."""
    fewer = type(filterset.__name__, (filterset,), {})
    fewer.base_filters = {name: each for name, each in filterset.base_filters.items() if name in names}  # type: ignore[attr-defined]
    return fewer


def checked(request: Request, filterset: Any, rows: Any, besides: Set[str]) -> Any:
    """The FilterSet of the request over the rows. Raises ValidationError naming each unknown or bad parameter."""
    check_query(request, filterset.base_filters, besides)
    asked = filterset(request.query_params, queryset=rows)
    if not asked.is_valid():
        raise ValidationError(asked.errors)
    return asked


def check_query(request: Request, named: Mapping[str, Any], besides: Set[str] = frozenset()) -> None:
    """Raises ValidationError naming each parameter that is unknown, empty, or repeated where that means nothing.

    `named` are filters by their words, `besides` what is no filter.
    """
    faults = {
        name: [fault]
        for name, values in request.query_params.lists()
        if (fault := _fault(values, name in named or name in besides, may_repeat(named.get(name))))
    }
    if faults:
        raise ValidationError(faults)


def _fault(values: list[str], is_known: bool, repeats: bool) -> str:  # noqa: FBT001  two plain answers
    if not is_known:
        return _("Unknown parameter.")
    if len(values) > 1 and not repeats:
        return _("Only once.")
    if any("\x00" in value for value in values):
        return _("A NUL character is not accepted.")
    return "" if all(value.strip() for value in values) else _("Empty; leave the parameter out.")


def may_repeat(named: Any) -> bool:
    """Whether a filter takes several values, of which a row needs one."""
    return isinstance(named, SeveralFilter | filters.MultipleChoiceFilter)
