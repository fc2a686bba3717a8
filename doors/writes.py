"""Writing through the API: the version that was seen (If-Match), repeats (Idempotency-Key), then one verb or a change.

The way of a write: rights by role -> a repeat is answered from its row -> the record is locked and its version compared
-> the verb of the model -> the answer is kept beside the key, all in one transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import IdempotencyKey
from doors.permissions import may_verb
from doors.rest import JSONParser, check_query
from doors.shapes import Shape
from partners.dates import PartialDate
from partners.uploads import digest

IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": '^(W/)?"[^"]*"$'},
    "header",
    required=True,
    description="The ETag of the record that was read; of a verb, that of the record in whose address it stands.",
    examples=[OpenApiExample("Version 3", '"3.8c1f00d25b7e9a41"')],
)
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "header",
    description="Makes a repeat harmless: the same key with the same request gets the first answer again.",
    examples=[OpenApiExample("A key", "8e03978e-40d5-43dd-bc93-6894a57f9324")],
)


class PreconditionRequired(APIException):
    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_detail = _("Say with If-Match which version you have seen: the ETag of the record.")


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = _("The record was changed since you read it. Read it again.")


class Unprocessable(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = _("This Idempotency-Key was used with another request.")


class StillRunning(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = _("The first request with this Idempotency-Key is still running.")
    wait = 1


def answer(shape: Shape, pk: int, code: int = status.HTTP_200_OK) -> Response:
    """A record with its ETag: `"<version>.<hash of the body>"`, of which a write compares the version, a cache all.

    Raises Http404 for one that is not there.
    """
    for _pk, version, body in shape.bodies([pk]):
        tag = f'"{version}.{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
        return Response(orjson.Fragment(body), code, headers={"ETag": tag})
    raise Http404


def compare_version(request: Request, record: Any) -> None:
    """Raises PreconditionRequired without If-Match, PreconditionFailed when it names another version."""
    asked = request.headers.get("If-Match")
    if asked is None:
        raise PreconditionRequired
    versions = {part.strip().removeprefix("W/").strip('"').partition(".")[0] for part in asked.split(",")}
    if str(record.version) not in versions:
        raise PreconditionFailed


def needs_writing_token(request: Request) -> None:
    """Raises PermissionDenied for a token that may only read."""
    if request.auth is not None and not getattr(request.auth, "may_write", False):
        raise PermissionDenied(_("This token may only read."))


def once(request: Request, answer: Callable[[], Response]) -> Response:
    """The answer, inside a transaction; a repeat with the same Idempotency-Key gets the first answer again.

    Raises Unprocessable for the same key with another request, StillRunning while the first one runs.
    """
    check_query(request, {}, {"format"})
    user: Any = request.user
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 200:
        raise ValidationError({"Idempotency-Key": [_("At most 200 characters.")]})
    with transaction.atomic():
        if not key:
            return answer()
        _take(user.pk, key)
        said = hashlib.sha256(f"{request.method} {request.path}\n".encode() + _said(request)).hexdigest()
        kept = IdempotencyKey.objects.filter(user=user, key=key).first()
        if kept is None:
            given = answer()
            IdempotencyKey.objects.create(
                user=user, key=key, request=said, status=given.status_code, body=_plain(given.data),
                etag=given.get("ETag", ""),
            )  # fmt: skip
            return given
        if kept.request != said:
            raise Unprocessable
        headers = {"ETag": kept.etag} if kept.etag else {}
        if kept.status == status.HTTP_201_CREATED:
            headers["Location"] = kept.body["url"]
        return Response(kept.body, status=kept.status, headers={**headers, "Idempotency-Replayed": "true"})


def _take(user: int, key: str) -> None:
    number = int.from_bytes(hashlib.sha256(f"{user}:{key}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise StillRunning


def _said(request: Request) -> bytes:
    """The body of a request, of an uploaded file its name and checksum."""
    if not request.FILES:
        return json.dumps(request.data).encode()
    data: Any = request.data
    told = {name: str(value) for name, value in data.items()}
    return json.dumps({**told, **{name: [file.name, digest(file)] for name, file in request.FILES.items()}}).encode()


def _plain(data: Any) -> Any:
    return orjson.loads(orjson.dumps(data, default=str))


class PartialDateSerializerField(serializers.CharField):
    """EDTF in, EDTF out."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        try:
            return PartialDate.parse(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error


@dataclass(frozen=True)
class VerbRoute:
    """A sub-resource that does a verb: its address under the record's, what it takes and does, and in which shape it
    answers."""

    route: str
    name: str
    verb: str
    model: Any
    takes: type[serializers.Serializer[Any]]
    perform: Callable[[Any, Any, dict[str, Any]], Any]
    answers: Any
    parsers: tuple[Any, ...] = (JSONParser,)


def verb_view(row: VerbRoute) -> Any:
    """The view of a row: POST only, so that an awkward action is a resource that is made."""

    @extend_schema(request=row.takes, responses={201: row.answers.serializer}, parameters=[IF_MATCH, KEY])
    def post(self: Any, request: Request, pk: int) -> Response:
        needs_writing_token(request)
        if not may_verb(request.user, row.verb):
            raise PermissionDenied
        return once(request, lambda: _perform(request, row, pk))

    attributes = {
        "post": post,
        "__doc__": row.perform.__doc__,
        "basename": row.route,
        "verb": row.verb,
        "parser_classes": row.parsers,
    }
    return type(f"{row.model.__name__}{row.name.title().replace('-', '')}View", (APIView,), attributes)


def _perform(request: Request, row: VerbRoute, pk: int) -> Response:
    rows = row.model._default_manager
    seen = rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows.all()
    get_object_or_404(seen, pk=pk)
    # A view of the database cannot be locked; its verbs lock the rows behind it and look again.
    record = (rows.select_for_update() if row.model._meta.managed else rows).get(pk=pk)
    compare_version(request, record)
    asked = row.takes(data=request.data)
    asked.is_valid(raise_exception=True)
    result = row.perform(record, request.user, dict(asked.validated_data))
    made = answer(row.answers, result.pk, status.HTTP_201_CREATED)
    made["Location"] = row.answers.address(result.pk)
    return made
