"""Two lists of what does not fit: gaps of the data (declared against entered) and findings of the process.

Each check is a queryset; its rows carry `declared` and `entered` where numbers are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Value
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext_lazy as _

from agreements.models import Agreement, Meeting, Roadmap, RoadmapItem, RoadmapKind
from oversight.reports import undelivered
from partners.models import Partner, Source, SourceKind
from projects.models import Project, StatusUpdate
from projects.models.project import CADENCE


@dataclass(frozen=True)
class Check:
    """A named question to the register; `rows` are the records that answer it badly."""

    code: str
    label: Any
    rows: Any


def gaps() -> list[Check]:
    """Where the register holds less than the documents declare, or than a record needs."""
    roadmaps = Roadmap.objects.with_counts()
    agreements = Agreement.objects.annotate(parties_entered=Count("parties"))
    meetings = Meeting.objects.annotate(documents_entered=Count("agreements"))
    return [
        _short("areas-missing", _("fewer areas entered than declared"), roadmaps, "declared_areas", "entered_areas"),
        _short("items-missing", _("fewer items entered than declared"), roadmaps, "declared_items", "entered_items"),
        _short(
            "parties-missing",
            _("fewer parties entered than declared"),
            agreements,
            "declared_parties",
            "parties_entered",
        ),
        _short(
            "documents-missing",
            _("fewer documents entered than declared for the meeting"),
            meetings,
            "declared_documents",
            "documents_entered",
        ),
        _plain("no-items", _("roadmap in force without items"), roadmaps.in_force().filter(entered_items=0)),
        _plain("no-parties", _("agreement without parties"), agreements.filter(parties_entered=0, is_bundle=False)),
        _plain("bundle", _("documents known by number only"), Agreement.objects.filter(is_bundle=True)),
        _plain("unnamed-partner", _("party unnamed in the document"), Partner.objects.filter(is_placeholder=True)),
        _plain("lost-source", _("footnote without an entry"), Source.objects.filter(kind=SourceKind.LOST)),
    ]


def findings(on: date) -> list[Check]:
    """Where promise, delivery and news disagree on the day."""
    finished = Project.objects.final(on)
    running = Project.objects.active(on)
    open_items = RoadmapItem.objects.standing(on)
    delivered = open_items.filter(Exists(finished.filter(items=OuterRef("pk"))))
    unfinished = Project.objects.exclude(pk__in=finished.values("pk")).filter(items=OuterRef("pk"))
    closed = RoadmapItem.objects.filter(closed_on__lte=on)
    return [
        _plain("done-but-open", _("all projects done, item still open"), delivered.exclude(Exists(unfinished))),
        _plain(
            "closed-but-running",
            _("item closed, project still running"),
            closed.filter(Exists(running.filter(items=OuterRef("pk")))),
        ),
        _plain("item-without-project", _("item that no project delivers"), undelivered(open_items)),
        _plain("item-without-executor", _("item without a lead on our side"), open_items.filter(lead__isnull=True)),
        _plain("stale-decision", _("decision of a protocol, nothing reported for a quarter"), _stale(open_items, on)),
        _plain("project-without-executor", _("project without a lead on our side"), running.filter(lead__isnull=True)),
    ]


def _stale(open_items: Any, on: date) -> Any:
    """Decisions of protocols that have been waiting for longer than the cadence, since taken or last reported on."""
    heard = StatusUpdate.objects.accepted().filter(submitted_on__range=(on - CADENCE, on))
    taken = Coalesce("roadmap__signed__last_day", "roadmap__adopted_at__held__last_day", TruncDate("created_at"))
    decisions = open_items.filter(roadmap__kind=RoadmapKind.PROTOCOL).annotate(taken=taken)
    return decisions.filter(taken__lt=on - CADENCE).exclude(Exists(heard.filter(project__items=OuterRef("pk"))))


def _short(code: str, label: Any, rows: Any, declared: str, entered: str) -> Check:
    short = rows.filter(**{f"{declared}__gt": F(entered)})
    return Check(code, label, short.annotate(declared=F(declared), entered=F(entered)))


def _plain(code: str, label: Any, rows: Any) -> Check:
    none = Value(None, output_field=IntegerField())
    return Check(code, label, rows.annotate(declared=none, entered=none))
