"""How projects stand in spans of days; the words are `ProjectQuerySet`'s, see partners/standing.py."""

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models import AgreementParty, ItemStanding, Roadmap, RoadmapItem, WorkingGroup
from partners.models import Partner
from partners.standing import Standing, writing
from projects.models.project import Project, ProjectParty, ProjectRescheduling, Stage
from projects.models.status import StatusUpdate


class ProjectStanding(models.Model):
    """In these days the project was active or not, in this stage, had this deadline and last accepted report...

    What does not change with the days stands beside it, so that the whole register is counted from this table alone:
    `roadmap_id` and `counterpart_id` (what the project is shown under), `roadmaps` and `countries` (all it counts in).
    """

    project = models.ForeignKey(
        Project,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="standings",
        verbose_name=_("project"),
    )
    during = DateRangeField(_("during"))
    is_active = models.BooleanField(_("active"))
    stage_then = models.CharField(_("stage"), max_length=20, choices=Stage)
    deadline = models.DateField(_("deadline"), null=True)
    last_report = models.DateField(_("last report"), null=True)
    confidence = models.CharField(_("confidence"), max_length=10, null=True)  # noqa: DJ001  NULL: nothing was reported
    silent_from = models.DateField(_("silent from"), null=True)
    roadmap_id = models.BigIntegerField(_("roadmap"), null=True)
    counterpart_id = models.BigIntegerField(_("counterpart"), null=True)
    roadmaps = ArrayField(models.BigIntegerField(), verbose_name=_("roadmaps"))
    countries = ArrayField(models.CharField(max_length=2), verbose_name=_("countries"))

    class Meta:
        default_permissions = ()
        verbose_name = _("standing of a project")
        verbose_name_plural = _("standings of projects")
        indexes = [
            models.Index(
                fields=["project"],
                include=["during", "is_active", "deadline", "last_report"],
                name="projects_standing_project",
            ),
            models.Index(
                fields=["deadline", "project"],
                include=["during"],
                condition=models.Q(is_active=True),
                name="projects_standing_deadline",
            ),
            models.Index(
                fields=["silent_from", "project"],
                include=["during"],
                condition=models.Q(is_active=True),
                name="projects_standing_silent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.during}"


LINKS = Project.items.through
OF_ITEMS = f"SELECT l.project_id FROM {LINKS._meta.db_table} l WHERE l.roadmapitem_id IN ({{ids}})"  # noqa: S608
OF_ROADMAPS = OF_ITEMS.format(
    ids=f"SELECT i.id FROM {RoadmapItem._meta.db_table} i WHERE i.roadmap_id IN ({{ids}})"  # noqa: S608
)
OF_AGREEMENTS = f"SELECT p.id FROM {Project._meta.db_table} p WHERE p.agreement_id IN ({{ids}})"  # noqa: S608
OF_GROUPS = f"SELECT p.id FROM {Project._meta.db_table} p WHERE p.working_group_id IN ({{ids}})"  # noqa: S608
SIDES = WorkingGroup.sides.through
# Of partners: whatever they lead or take part in, as party, by a roadmap, an agreement or a body.
OF_PARTNERS = " UNION ".join(
    [
        f"SELECT p.id FROM {Project._meta.db_table} p WHERE p.lead_id IN ({{ids}})",  # noqa: S608
        f"SELECT p.project_id FROM {ProjectParty._meta.db_table} p WHERE p.partner_id IN ({{ids}})",  # noqa: S608
        OF_ROADMAPS.format(ids=f"SELECT r.id FROM {Roadmap._meta.db_table} r WHERE r.counterpart_id IN ({{ids}})"),  # noqa: S608
        OF_AGREEMENTS.format(
            ids=f"SELECT a.agreement_id FROM {AgreementParty._meta.db_table} a WHERE a.partner_id IN ({{ids}})"  # noqa: S608
        ),
        OF_GROUPS.format(ids=f"SELECT s.workinggroup_id FROM {SIDES._meta.db_table} s WHERE s.partner_id IN ({{ids}})"),  # noqa: S608
    ]
)
ACCEPTED, AGREED = "{row}.state = 'accepted'", "{row}.decision = 'agreed'"
PROJECTS = Standing(
    ProjectStanding,
    "project",
    f"""
    SELECT project_id, submitted_on FROM {StatusUpdate._meta.db_table}
        WHERE state = 'accepted' AND project_id IN (SELECT id FROM wanted)
    UNION SELECT project_id, decided_on FROM {ProjectRescheduling._meta.db_table}
        WHERE decision = 'agreed' AND project_id IN (SELECT id FROM wanted)
    UNION SELECT l.project_id, day FROM {LINKS._meta.db_table} l
        JOIN {ItemStanding._meta.db_table} s ON s.item_id = l.roadmapitem_id
        CROSS JOIN LATERAL unnest(ARRAY[lower(s.during), upper(s.during)]) day
        WHERE day IS NOT NULL AND l.project_id IN (SELECT id FROM wanted)
    """,  # noqa: S608  names of our own tables
    lambda day: Project.objects.described(day),
    (
        *writing(
            *(Project, "id", "stage_at_entry", "due", "is_priority", "monitored_since"),
            *("lead_id", "agreement_id", "working_group_id"),
        ),
        *writing(StatusUpdate, "project_id", "state", "submitted_on", "stage", "confidence", only=ACCEPTED),
        *writing(ProjectRescheduling, "project_id", only=AGREED),
        *writing(LINKS, "project_id"),
        *writing(ItemStanding, "item_id", through=OF_ITEMS)[::2],
        *writing(RoadmapItem, "id", "is_priority", "position", "roadmap_id", through=OF_ITEMS)[1:2],
        *writing(Roadmap, "id", "counterpart_id", through=OF_ROADMAPS)[1:2],
        *writing(ProjectParty, "project_id"),
        *writing(AgreementParty, "agreement_id", through=OF_AGREEMENTS),
        *writing(SIDES, "workinggroup_id", through=OF_GROUPS),
        *writing(Partner, "id", "country", through=OF_PARTNERS)[1:2],
    ),
    (
        (Project, "id = ANY (ids)"),
        *((model, "project_id = ANY (ids)") for model in (StatusUpdate, ProjectRescheduling, ProjectParty, LINKS)),
        (RoadmapItem, f"id = ANY (ARRAY(SELECT roadmapitem_id FROM {LINKS._meta.db_table}))"),  # noqa: S608
        (ItemStanding, f"item_id = ANY (ARRAY(SELECT roadmapitem_id FROM {LINKS._meta.db_table}))"),  # noqa: S608
        (AgreementParty, f"agreement_id = ANY (ARRAY(SELECT agreement_id FROM {Project._meta.db_table}))"),  # noqa: S608
    ),
)
