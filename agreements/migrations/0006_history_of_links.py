"""The history triggers of many-to-many relations: their tables are no models, so no other migration carries them."""

from django.db import migrations
from pgtrigger import install, uninstall

LINKS = ["WorkingGroup_sides", "WorkingGroup_sectors", "Agreement_sectors", "Roadmap_basis", "RoadmapItem_co_executors"]
TRIGGERS = [
    f"agreements.{link}:{change}" for link in LINKS for change in ("insert_insert", "update_update", "delete_delete")
]


class Migration(migrations.Migration):
    dependencies = [("agreements", "0005_correcting")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: install(*TRIGGERS), lambda apps, schema_editor: uninstall(*TRIGGERS)
        )
    ]
