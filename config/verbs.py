"""The verbs of the API as one table: each is a resource that is made under a record."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from agreements.models import ClosedAs, RoadmapItem
from doors.rest import UploadParser
from doors.writes import PartialDateSerializerField, VerbRoute
from oversight.models import Move
from projects.models import WORDS, Confidence, Evidence, Project, Stage, StatusUpdate, UpdateState


class Strict(serializers.Serializer[Any]):
    """An unknown field is refused and named: a misspelt one must not be lost quietly."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise ValidationError({name: [_("There is no such field.")] for name in unknown})
        return super().to_internal_value(data)


class ReportSerializer(Strict):
    """What is reported of a project. With `submit` it is handed in at once, else it stays a draft."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    confidence = serializers.ChoiceField(choices=Confidence.choices)
    text = serializers.CharField(max_length=20_000)
    progress = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)
    next_step = serializers.CharField(max_length=5_000, required=False, allow_blank=True)
    next_step_due = PartialDateSerializerField(required=False, allow_null=True)
    submit = serializers.BooleanField(default=False)


class EvidenceUploadSerializer(Strict):
    """A file, as multipart/form-data."""

    content = serializers.FileField(allow_empty_file=True)


class DecisionSerializer(Strict):
    """Accepted, or returned with a reason."""

    decision = serializers.ChoiceField(choices=[UpdateState.ACCEPTED.value, UpdateState.RETURNED.value])
    why = serializers.CharField(max_length=5_000, required=False, allow_blank=True, default="")


class ClosureSerializer(Strict):
    """How an item is taken off control."""

    closed_as = serializers.ChoiceField(choices=ClosedAs.choices)
    why = serializers.CharField(max_length=5_000)
    closed_on = serializers.DateField(required=False, allow_null=True)
    carried_over_to = serializers.PrimaryKeyRelatedField(
        queryset=RoadmapItem.objects.all(), required=False, allow_null=True
    )


class WhySerializer(Strict):
    why = serializers.CharField(max_length=5_000)


class NewDeadlineSerializer(Strict):
    """A new deadline, as EDTF."""

    to = PartialDateSerializerField()
    why = serializers.CharField(max_length=5_000)
    wording = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class MoveDecisionSerializer(Strict):
    decision = serializers.ChoiceField(choices=["agreed", "refused"])
    text = serializers.CharField(max_length=5_000, required=False, allow_blank=True, default="")


class Nothing(Strict):
    """An empty object."""


def report(project: Project, user: Any, asked: dict[str, Any]) -> StatusUpdate:
    """Report on a project."""
    submit = asked.pop("submit")
    update = project.report(by=user, **{name: asked[name] for name in WORDS if name in asked})
    if submit:
        update.submit(by=user)
    return update


def submit(update: StatusUpdate, user: Any, asked: dict[str, Any]) -> StatusUpdate:
    """Hand a draft in."""
    update.submit(by=user)
    return update


def attach(update: StatusUpdate, user: Any, asked: dict[str, Any]) -> Evidence:
    """Add a file to a draft."""
    return update.attach(asked["content"], by=user)


def decide(update: StatusUpdate, user: Any, asked: dict[str, Any]) -> StatusUpdate:
    """Accept or return a report."""
    if asked["decision"] == UpdateState.ACCEPTED:
        update.accept(by=user)
    else:
        update.return_(by=user, why=asked["why"])
    return update


def rewrite(update: StatusUpdate, user: Any, asked: dict[str, Any]) -> StatusUpdate:
    """Begin a new draft from a returned report."""
    return update.resubmission(by=user)


def start(item: RoadmapItem, user: Any, asked: dict[str, Any]) -> Project:
    """Begin the project of an item that none delivers yet."""
    return Project.objects.start(item, by=user)


def close(item: RoadmapItem, user: Any, asked: dict[str, Any]) -> RoadmapItem:
    """Close a roadmap item."""
    item.close(
        by=user,
        as_=asked["closed_as"],
        why=asked["why"],
        on=asked.get("closed_on"),
        carried_over_to=asked.get("carried_over_to"),
    )
    return item


def reopen(item: RoadmapItem, user: Any, asked: dict[str, Any]) -> RoadmapItem:
    """Reopen a closed roadmap item."""
    item.reopen(by=user, why=asked["why"])
    return item


def move(subject: Any, user: Any, asked: dict[str, Any]) -> Any:
    """Ask for a new deadline; an earlier one passes at once."""
    return Move.objects.get(pk=subject.reschedule(by=user, **asked).pk)


def decide_move(request: Any, user: Any, asked: dict[str, Any]) -> Any:
    """Agree to a new deadline or refuse it."""
    row = request.row
    verb = row.agree if asked["decision"] == "agreed" else row.refuse
    verb(by=user, text=asked["text"])
    return request


def verb_routes(of: dict[str, Any]) -> list[VerbRoute]:
    """The table. `of` gives the shape of each resource, in which a verb answers."""
    updates, items = of["status-updates"], of["roadmap-items"]
    moves = of["reschedulings"]
    project, update = "projects/<int:pk>", "status-updates/<int:pk>"
    item = "roadmap-items/<int:pk>"
    return [
        VerbRoute(f"{project}/status-updates", "report", "projects.project.report", Project,
                  ReportSerializer, report, updates),
        VerbRoute(f"{update}/submission", "submit", "projects.statusupdate.submit", StatusUpdate,
                  Nothing, submit, updates),
        VerbRoute(f"{update}/evidence", "attach", "projects.statusupdate.attach", StatusUpdate,
                  EvidenceUploadSerializer, attach, of["evidence"], (UploadParser,)),
        VerbRoute(f"{update}/decision", "decide", "projects.statusupdate.accept", StatusUpdate,
                  DecisionSerializer, decide, updates),
        VerbRoute(f"{update}/resubmission", "rewrite", "projects.statusupdate.resubmit", StatusUpdate,
                  Nothing, rewrite, updates),
        VerbRoute(f"{item}/projects", "start", "agreements.roadmapitem.start", RoadmapItem,
                  Nothing, start, of["projects"]),
        VerbRoute(f"{item}/closure", "close", "agreements.roadmapitem.close", RoadmapItem,
                  ClosureSerializer, close, items),
        VerbRoute(f"{item}/reopening", "reopen", "agreements.roadmapitem.reopen", RoadmapItem,
                  WhySerializer, reopen, items),
        VerbRoute(f"{item}/reschedulings", "move", "agreements.roadmapitem.reschedule", RoadmapItem,
                  NewDeadlineSerializer, move, moves),
        VerbRoute(f"{project}/reschedulings", "move", "projects.project.reschedule", Project,
                  NewDeadlineSerializer, move, moves),
        VerbRoute("reschedulings/<int:pk>/decision", "decide", "agreements.itemrescheduling.agree", Move,
                  MoveDecisionSerializer, decide_move, moves),
    ]  # fmt: skip
