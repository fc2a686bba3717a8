from agreements.models.agreement import (
    Agreement,
    AgreementFile,
    AgreementKind,
    AgreementParty,
    AgreementRelation,
    AgreementStatus,
    PartyRole,
    RelationKind,
    TermChange,
    TermChangeKind,
)
from agreements.models.amounts import Qualifier
from agreements.models.bodies import (
    Meeting,
    MeetingFile,
    MeetingKind,
    MeetingParticipant,
    MeetingStatus,
    WorkingGroup,
    WorkingGroupKind,
    WorkingGroupStatus,
)
from agreements.models.item import ClosedAs, ItemRescheduling, Reopening, RoadmapItem
from agreements.models.rescheduling import Decision, Rescheduling
from agreements.models.roadmap import IN_FORCE, Roadmap, RoadmapArea, RoadmapKind, RoadmapStatus
from agreements.models.standing import ItemStanding

__all__ = [
    "IN_FORCE",
    "Agreement",
    "AgreementFile",
    "AgreementKind",
    "AgreementParty",
    "AgreementRelation",
    "AgreementStatus",
    "ClosedAs",
    "Decision",
    "ItemRescheduling",
    "ItemStanding",
    "Meeting",
    "MeetingFile",
    "MeetingKind",
    "MeetingParticipant",
    "MeetingStatus",
    "PartyRole",
    "Qualifier",
    "RelationKind",
    "Reopening",
    "Rescheduling",
    "Roadmap",
    "RoadmapArea",
    "RoadmapItem",
    "RoadmapKind",
    "RoadmapStatus",
    "TermChange",
    "TermChangeKind",
    "WorkingGroup",
    "WorkingGroupKind",
    "WorkingGroupStatus",
]
