"""The rows of the reports, as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from oversight.comparing import KINDS


class LinkedSerializer(serializers.Serializer[Any]):
    """A record by id, stable code and label."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    name = serializers.SerializerMethodField()

    def get_name(self, record: Any) -> str:
        return str(getattr(record, "name", None) or record)


class DeadlineRowSerializer(serializers.Serializer[Any]):
    """A roadmap item or a project with its deadline."""

    type = serializers.ChoiceField(choices=["roadmap-item", "project"])
    id = serializers.IntegerField(source="record.pk")
    reference = serializers.CharField(source="record.reference")
    title = serializers.CharField(source="record.name")
    partner = LinkedSerializer(allow_null=True)
    roadmap = LinkedSerializer(allow_null=True)
    lead = LinkedSerializer(source="record.lead", allow_null=True)
    due = serializers.CharField(source="record.due", allow_null=True, help_text="EDTF; null where it has none itself")
    due_first_day = serializers.DateField(source="record.due.first_day", allow_null=True, default=None)
    due_last_day = serializers.DateField(source="deadline", allow_null=True, help_text="The last day in force")
    due_text = serializers.CharField(source="record.due_text", help_text="As printed")
    days_late = serializers.IntegerField()
    last_reported_on = serializers.DateField(allow_null=True)
    silent_since = serializers.DateField(allow_null=True, help_text="In the report of the silent ones")


class RoadmapScoreSerializer(serializers.Serializer[Any]):
    """A roadmap's score. Declared and entered tell how complete the data are, and nothing of progress."""

    id = serializers.IntegerField(source="roadmap.pk")
    reference = serializers.CharField(source="roadmap.reference")
    name = serializers.CharField(source="roadmap.name")
    partner = LinkedSerializer(source="roadmap.counterpart")
    status = serializers.CharField(source="roadmap.status")
    status_label = serializers.CharField(source="roadmap.get_status_display")
    declared_areas = serializers.IntegerField(source="roadmap.declared_areas", allow_null=True)
    declared_items = serializers.IntegerField(source="roadmap.declared_items", allow_null=True)
    entered_areas = serializers.IntegerField(source="roadmap.entered_areas")
    entered_items = serializers.IntegerField(source="roadmap.entered_items")
    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    closed = serializers.DictField(child=serializers.IntegerField(), help_text="Number by the way of closing")
    closed_on_time = serializers.IntegerField()
    closed_late = serializers.IntegerField()
    confidence = serializers.DictField(
        child=serializers.IntegerField(), help_text="Active projects by what their last accepted report says"
    )


class PartnerScoreSerializer(serializers.Serializer[Any]):
    """What stands with a state and everybody in it."""

    partner = LinkedSerializer()
    country = serializers.CharField(source="partner.country.code")
    agreements = serializers.IntegerField()
    roadmaps = serializers.IntegerField()
    working_groups = serializers.IntegerField()
    meetings = serializers.IntegerField()
    open_items = serializers.IntegerField()
    overdue_items = serializers.IntegerField()
    projects = serializers.IntegerField()
    active_projects = serializers.IntegerField()
    overdue_projects = serializers.IntegerField()
    silent_projects = serializers.IntegerField()


class SlippageSerializer(serializers.Serializer[Any]):
    """How often and how far deadlines moved."""

    of = LinkedSerializer()
    moves = serializers.IntegerField()
    days = serializers.IntegerField()


class ChangeSerializer(serializers.Serializer[Any]):
    """What came about with an item or a project between two days."""

    change = serializers.ChoiceField(choices=[kind.name for kind in KINDS], source="kind")
    type = serializers.ChoiceField(choices=["roadmap-item", "project"])
    id = serializers.IntegerField(source="record.pk")
    reference = serializers.CharField(source="record.reference")
    title = serializers.CharField(source="record.name")
    lead = LinkedSerializer(allow_null=True)
    day = serializers.DateField(source="on", allow_null=True)
    to = serializers.CharField(
        allow_null=True, help_text="By the change: last day of the deadline, state, new deadline (EDTF), confidence"
    )
    days = serializers.IntegerField(allow_null=True, help_text="How far a deadline was moved")
    words = serializers.CharField(help_text="Deadline as printed, state, reason of the move, text of the report")


class CheckRowSerializer(serializers.Serializer[Any]):
    """A record at which a check found something."""

    check = serializers.CharField(source="check_code")
    check_label = serializers.CharField()
    type = serializers.CharField(source="_meta.model_name")
    id = serializers.IntegerField(source="pk")
    reference = serializers.CharField()
    name = serializers.SerializerMethodField()
    declared = serializers.IntegerField(allow_null=True)
    entered = serializers.IntegerField(allow_null=True)

    def get_name(self, record: Any) -> str:
        return str(getattr(record, "name", None) or record)
