"""The groups of the four roles. What they may do follows from the permission table (accounts/roles.py)."""

from django.db import migrations

ROLES = ("viewer", "officer", "controller", "administrator")


def make(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects
    for role in ROLES:
        groups.get_or_create(name=role)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
