"""The values of a record in the API that are no plain columns; `doors.shapes` knows each in SQL."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class LinkSerializer(serializers.Serializer[Any]):
    """Another record, with its label."""

    id = serializers.IntegerField(read_only=True)
    reference = serializers.CharField(read_only=True)
    name = serializers.SerializerMethodField()

    def get_name(self, record: Any) -> str:
        return str(getattr(record, "name", None) or record)


class LabelField(serializers.CharField):
    """The label of an enum's value, in the language of the request."""

    def __init__(self, choices: Any, **options: Any) -> None:
        self.labels = dict(choices)
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Any) -> str:
        return str(self.labels.get(value, value))


class UserField(serializers.CharField):
    """A person, by user name."""

    def to_representation(self, value: Any) -> str:
        return str(value)


class UrlField(serializers.CharField):
    """The address of the record in the API."""

    def __init__(self, route: str) -> None:
        self.route = route
        super().__init__(source="pk", read_only=True)

    def to_representation(self, value: Any) -> str:
        return f"/api/v1/{self.route}/{value}/"


class DownloadField(serializers.CharField):
    """The address at which the content of a stored file is served."""

    def __init__(self) -> None:
        super().__init__(source="get_absolute_url", read_only=True)
