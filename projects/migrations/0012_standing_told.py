import django.contrib.postgres.fields
from django.db import migrations, models

STAGES = [
    ("interest", "interest expressed"),
    ("proposed", "proposed"),
    ("considered", "considered"),
    ("planned", "planned"),
    ("agreed", "agreed"),
    ("in_progress", "in progress"),
    ("suspended", "suspended"),
    ("completed", "completed"),
    ("operating", "operating"),
    ("cancelled", "cancelled"),
    ("not_said", "not said"),
]


def added(name, field):
    return migrations.AddField("projectstanding", name, field, preserve_default=False)


class Migration(migrations.Migration):
    dependencies = [("agreements", "0014_standing_by_roadmap"), ("projects", "0011_history_by_transaction")]
    operations = [
        # Written anew at the end of the migrations, as the words have it.
        migrations.RunSQL("TRUNCATE projects_projectstanding", migrations.RunSQL.noop),
        migrations.RemoveIndex("projectstanding", "projects_standing_project"),
        migrations.RemoveIndex("projectstanding", "projects_standing_deadline"),
        added("is_active", models.BooleanField(default=False, verbose_name="active")),
        added("stage_then", models.CharField(choices=STAGES, default="", max_length=20, verbose_name="stage")),
        added("silent_from", models.DateField(null=True, verbose_name="silent from")),
        added("roadmap_id", models.BigIntegerField(null=True, verbose_name="roadmap")),
        added("counterpart_id", models.BigIntegerField(null=True, verbose_name="counterpart")),
        added(
            "roadmaps",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None, verbose_name="roadmaps"
            ),
        ),
        added(
            "countries",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=2), default=list, size=None, verbose_name="countries"
            ),
        ),
        migrations.AddIndex(
            "projectstanding",
            models.Index(
                fields=["project"],
                include=("during", "is_active", "deadline", "last_report"),
                name="projects_standing_project",
            ),
        ),
        migrations.AddIndex(
            "projectstanding",
            models.Index(
                fields=["deadline", "project"],
                include=("during",),
                condition=models.Q(("is_active", True)),
                name="projects_standing_deadline",
            ),
        ),
        migrations.AddIndex(
            "projectstanding",
            models.Index(
                fields=["silent_from", "project"],
                include=("during",),
                condition=models.Q(("is_active", True)),
                name="projects_standing_silent",
            ),
        ),
    ]
