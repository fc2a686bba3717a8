from projects.models.indicator import Indicator, Observation, Target, TargetKind
from projects.models.project import (
    COMMITTED,
    FINAL,
    MeasureKind,
    Milestone,
    Project,
    ProjectMeasure,
    ProjectParty,
    ProjectRescheduling,
    ProjectRole,
    Proposer,
    Stage,
)
from projects.models.standing import ProjectStanding
from projects.models.status import WORDS, Confidence, Evidence, StatusUpdate, UpdateState

__all__ = [
    "COMMITTED",
    "FINAL",
    "WORDS",
    "Confidence",
    "Evidence",
    "Indicator",
    "MeasureKind",
    "Milestone",
    "Observation",
    "Project",
    "ProjectMeasure",
    "ProjectParty",
    "ProjectRescheduling",
    "ProjectRole",
    "ProjectStanding",
    "Proposer",
    "Stage",
    "StatusUpdate",
    "Target",
    "TargetKind",
    "UpdateState",
]
