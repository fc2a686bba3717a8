"""The view over both ledgers of moved deadlines."""

from django.db import migrations

COLUMNS = (
    "id, reference, created_at, created_by_id, modified_at, modified_by_id, version, old_due, new_due, new_due_text,"
    " reason, requested_on, requested_by_id, decision, decided_on, decided_by_id, decision_text"
)
# Names of our own columns: nothing of this comes from outside.
CREATE = f"""
CREATE VIEW oversight_move AS
    SELECT {COLUMNS}, item_id, NULL::bigint AS project_id FROM agreements_itemrescheduling
    UNION ALL
    SELECT {COLUMNS}, NULL::bigint, project_id FROM projects_projectrescheduling
"""  # noqa: S608


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0004_one_sequence_of_moves"),
        ("agreements", "0004_closing_moving_files"),
    ]

    operations = [migrations.RunSQL(CREATE, "DROP VIEW oversight_move")]
