"""`changes/`: how a program keeps a copy of the register; first all rows, then what changed, by one opaque cursor.

The answer holds the records as they are now, not as they were at each event: whoever reads on until nothing is left
has the register (ADR 0014).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from doors.changes import Feed, Position, Synced, newest, one_moment
from doors.digests import digests
from doors.entries import Entry, entries, readable, told
from doors.permissions import roles_of
from doors.rest import check_query
from doors.sync_schema import (
    CURSOR,
    DEFAULT_SIZE,
    DIGEST,
    LARGEST_SIZE,
    PAGE,
    READ_SO_FAR,
    SIZE,
    ChangePageSerializer,
    DigestPageSerializer,
    FeedSchema,
)
from partners.filters import CodeFilter
from partners.models import Partner

SALT = "pacta.changes"
RESOURCES = {"resource": CodeFilter()}


class StartAnew(APIException):
    """The cursor leads nowhere any more, and no change can be told by it."""

    status_code = status.HTTP_410_GONE
    default_detail = gettext_lazy(
        "The cursor is of another epoch: the register was restored or its shape or your rights changed. Start anew."
    )


@dataclass(frozen=True)
class Cursor:
    """Where a reader stands: in the walk over all rows (`walk`: resource, last id) or after an event (`after`)."""

    mark: str
    asked: list[str]
    after: Position
    walk: tuple[str, int] | None = None

    def sign(self) -> str:
        return signing.dumps([self.mark, self.asked, self.after, self.walk], salt=SALT)

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Raises ValidationError naming `cursor` for what we did not sign."""
        try:
            mark, asked, after, walk = signing.loads(text, salt=SALT)
        except signing.BadSignature as error:
            raise ValidationError({"cursor": [_("Not a cursor of this feed.")]}) from error
        return cls(mark, asked, Position(*after), walk and (walk[0], walk[1]))


class FeedView(APIView):
    """What both addresses share: the resources asked for, and the cursor."""

    basename = "changes"
    refusals = (status.HTTP_410_GONE,)
    schema = FeedSchema()
    # Who may read the register; each resource is asked for by itself.
    queryset: Any = Partner.objects.none()
    feed: Any = None
    known: frozenset[str] = frozenset()

    def prepare(self, request: Request) -> None:
        check_query(request, RESOURCES, self.known)
        self.asked = sorted(set(request.query_params.getlist("resource")))
        self.chosen = self._chosen(request.user)
        text = request.query_params.get("cursor")
        self.cursor = None if text is None else self._read(text, request.user)

    def _chosen(self, user: Any) -> list[Synced]:
        """Raises ValidationError for an unknown resource, PermissionDenied for one that the role does not read."""
        feed: Feed = self.feed
        if unknown := set(self.asked) - {resource.route for resource in feed.resources}:
            raise ValidationError(
                {"resource": [_("There is no resource %(name)s.") % {"name": name} for name in sorted(unknown)]}
            )
        known = readable(feed, user)
        if set(self.asked) - {resource.route for resource in known}:
            raise PermissionDenied
        return [resource for resource in known if not self.asked or resource.route in self.asked]

    def _read(self, text: str, user: Any) -> Cursor:
        cursor = Cursor.read(text)
        if cursor.asked != self.asked:
            raise ValidationError({"cursor": [_("The cursor belongs to other resources.")]})
        if cursor.mark != self.mark(user):
            raise StartAnew
        return cursor

    def mark(self, user: Any) -> str:
        """What a cursor is good for: this epoch, and what this reader sees. No event tells of a change of rights."""
        organisations = sorted(user.organisations().values_list("pk", flat=True)) if user.is_officer else []
        told = [self.feed.epoch(), user.pk, sorted(roles_of(user)), organisations]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]

    @property
    def routes(self) -> list[str]:
        return [resource.route for resource in self.chosen]


class ChangesView(FeedView):
    """Keeps a copy of the register in step: first all rows, then what changed, in the order of commits."""

    known = frozenset({"cursor", "page_size", "format"})

    @extend_schema(parameters=[CURSOR, SIZE], responses=ChangePageSerializer, examples=[PAGE])
    def get(self, request: Request) -> Response:
        """Every record that changed since the cursor, once, as it is now; what is gone as a tombstone."""
        size = self._size(request)
        with one_moment():
            self.prepare(request)
            cursor = self.cursor or Cursor(self.mark(request.user), self.asked, newest(), (self.routes[0], 0))
            page = self._walk(cursor, size) if cursor.walk else self._follow(cursor, size)
        cursor, more, results = page
        answer = {**self._links(request, cursor), "more": more, "results": results}
        return Response(answer, headers={"Cache-Control": "private, no-store"})

    def _size(self, request: Request) -> int:
        text = request.query_params.get("page_size", str(DEFAULT_SIZE))
        if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and 1 <= int(text) <= LARGEST_SIZE):
            raise ValidationError({"page_size": [_("A number from 1 to %(most)s.") % {"most": LARGEST_SIZE}]})
        return int(text)

    def _walk(self, cursor: Cursor, size: int) -> tuple[Cursor, bool, list[Entry]]:
        """The next rows of all that there are, resource by resource."""
        route, last = cursor.walk or ("", 0)
        results: list[Entry] = []
        for resource in self.chosen[self.routes.index(route) :]:
            rows = resource.visible_to(self.request.user).filter(pk__gt=last if resource.route == route else 0)
            found = rows.order_by("pk").values_list("pk", "modified_at")[: size - len(results)]
            results += entries(resource, dict(found))
            if len(results) >= size:
                return replace(cursor, walk=(resource.route, results[-1]["id"])), True, results
        return replace(cursor, walk=None), True, results

    def _follow(self, cursor: Cursor, size: int) -> tuple[Cursor, bool, list[Entry]]:
        """The records of the next events."""
        changes = self.feed.after(cursor.after, self.routes, size)
        results = told(self.chosen, changes.touched, self.request.user)
        return replace(cursor, after=changes.end), changes.is_cut, results

    def _links(self, request: Request, cursor: Cursor) -> dict[str, str]:
        parameters = request.query_params.copy()
        parameters["cursor"] = cursor.sign()
        following = request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}")
        parameters.pop("page_size", None)
        digest = request.build_absolute_uri(f"{request.path}digest/?{parameters.urlencode()}")
        return {"next": following, "digest": digest}


class DigestView(FeedView):
    """Tells a copy whether it is complete."""

    known = frozenset({"cursor", "format"})

    @extend_schema(
        parameters=[READ_SO_FAR],
        responses=DigestPageSerializer,
        examples=[DIGEST],
    )
    def get(self, request: Request) -> Response:
        """The number of rows and a checksum of each resource; to be compared when nothing came after the cursor."""
        with one_moment():
            self.prepare(request)
            if self.cursor is None:
                raise ValidationError({"cursor": [_("Say how far you have read: the cursor of `next`.")]})
            more = bool(self.cursor.walk) or self.feed.has_more(self.cursor.after, self.routes)
            results = [row for resource in self.chosen for row in digests(resource, request.user)]
        return Response({"more": more, "results": results}, headers={"Cache-Control": "private, no-store"})
