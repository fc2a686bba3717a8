"""The history triggers of many-to-many relations: their tables are no models, so no other migration carries them."""

from django.db import migrations
from pgtrigger import install, uninstall

LINKS = ["Partner_founders", "Partner_sectors"]
TRIGGERS = [
    f"partners.{link}:{change}" for link in LINKS for change in ("insert_insert", "update_update", "delete_delete")
]


class Migration(migrations.Migration):
    dependencies = [("partners", "0002_initial")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: install(*TRIGGERS), lambda apps, schema_editor: uninstall(*TRIGGERS)
        )
    ]
