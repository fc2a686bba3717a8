"""How projects stand in spans of days; the words are `ProjectQuerySet`'s, see partners/standing.py."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models import ItemStanding
from partners.standing import Standing, writing
from projects.models.project import Project, ProjectRescheduling
from projects.models.status import StatusUpdate


class ProjectStanding(models.Model):
    """In these days the project was active and had this deadline and last accepted report, of this confidence."""

    project = models.ForeignKey(
        Project,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="standings",
        verbose_name=_("project"),
    )
    during = DateRangeField(_("during"))
    deadline = models.DateField(_("deadline"), null=True)
    last_report = models.DateField(_("last report"), null=True)
    confidence = models.CharField(_("confidence"), max_length=10, null=True)  # noqa: DJ001  NULL: nothing was reported

    class Meta:
        default_permissions = ()
        verbose_name = _("standing of a project")
        verbose_name_plural = _("standings of projects")
        indexes = [
            models.Index(
                fields=["project"], include=["during", "deadline", "last_report"], name="projects_standing_project"
            ),
            models.Index(fields=["deadline", "project"], include=["during"], name="projects_standing_deadline"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.during}"


LINKS = Project.items.through
OF_ITEMS = f"SELECT l.project_id FROM {LINKS._meta.db_table} l WHERE l.roadmapitem_id IN ({{ids}})"  # noqa: S608
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
    lambda day: Project.objects.bound(day),
    (
        *writing(Project, "id", "stage_at_entry", "due"),
        *writing(StatusUpdate, "project_id", "state", "submitted_on", "stage", "confidence", "project_id"),
        *writing(ProjectRescheduling, "project_id"),
        *writing(LINKS, "project_id"),
        *writing(ItemStanding, "item_id", through=OF_ITEMS)[::2],
    ),
)
