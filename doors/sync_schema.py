"""What the OpenAPI description tells of the sync feed."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from doors.pagination import CURSOR as SIGNED
from doors.schema import RegisterSchema

DEFAULT_SIZE, LARGEST_SIZE = 500, 1000


class FeedSchema(RegisterSchema):
    """The feed knows which resources there are."""

    def _get_filter_parameters(self) -> list[Any]:
        routes = sorted(resource.route for resource in self.view.feed.resources)  # type: ignore[attr-defined]
        told = {"name": "resource", "in": "query", "description": "Only this resource; repeat it for several."}
        return [{**told, "schema": {"type": "array", "items": {"type": "string", "enum": routes}, "minItems": 1}}]


class ChangeEntrySerializer(serializers.Serializer[Any]):
    """One record as it is now, or its tombstone."""

    resource = serializers.CharField(help_text="As in the address of its list")
    id = serializers.IntegerField()
    version = serializers.IntegerField(allow_null=True, help_text="null in a tombstone")
    deleted = serializers.BooleanField(help_text="Gone, or out of your sight: remove it")
    changed_at = serializers.DateTimeField(help_text="When the last of the changes was made that this entry tells of")
    record = serializers.DictField(allow_null=True, help_text="The JSON of the record's own address; null when deleted")


class ChangePageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(help_text="Always there; ask it again later when `more` is false")
    digest = serializers.URLField(help_text="The digest to compare with after this page")
    more = serializers.BooleanField(help_text="Whether to ask `next` at once")
    results = ChangeEntrySerializer(many=True)


class DigestSerializer(serializers.Serializer[Any]):
    resource = serializers.CharField()
    part = serializers.CharField(allow_null=True, help_text="A list inside the records; null: the records themselves")
    rows = serializers.IntegerField()
    checksum = serializers.CharField(help_text="16 hexadecimal digits; see docs/api/sync.md")


class DigestPageSerializer(serializers.Serializer[Any]):
    more = serializers.BooleanField(help_text="Something was committed after the cursor: read on, then compare")
    results = DigestSerializer(many=True)


CURSOR = OpenApiParameter("cursor", SIGNED, description="From `next`. Without it: all rows there are.")
READ_SO_FAR = OpenApiParameter("cursor", SIGNED, required=True, description="From `next`.")
SIZE = OpenApiParameter(
    "page_size",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "default": DEFAULT_SIZE},
    description="How many rows or events a page takes. A record stands once, however often it changed.",
)
PAGE = OpenApiExample(
    "A change and a deletion",
    {
        "next": "https://pacta.example.org/api/v1/changes/?cursor=WyI...",
        "digest": "https://pacta.example.org/api/v1/changes/digest/?cursor=WyI...",
        "more": False,
        "results": [
            {
                "resource": "sectors",
                "id": 4,
                "version": 2,
                "deleted": False,
                "changed_at": "2026-03-02T09:15:00+00:00",
                "record": {"id": 4, "reference": "SEC-2026-0004", "version": 2, "name": "Forestry"},
            },
            {
                "resource": "roadmap-items",
                "id": 5,
                "version": None,
                "deleted": True,
                "changed_at": "2026-03-02T09:16:00+00:00",
                "record": None,
            },
        ],
    },
    response_only=True,
    status_codes=["200"],
)
DIGEST = OpenApiExample(
    "Complete",
    {
        "more": False,
        "results": [
            {"resource": "sectors", "part": None, "rows": 12, "checksum": "8c1f00d25b7e9a41"},
            {"resource": "partners", "part": "aliases", "rows": 230, "checksum": "03a5c2be66d0f917"},
        ],
    },
    response_only=True,
    status_codes=["200"],
)
