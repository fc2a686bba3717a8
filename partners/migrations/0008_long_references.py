"""After UPD-2026-99999 comes UPD-2026-100000: lpad cuts what is longer, and the reference was taken already."""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION pacta_next_reference(prefix text) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT prefix || '-' || to_char(now() AT TIME ZONE 'Europe/Minsk', 'YYYY') || '-'
        || lpad(number, greatest(5, length(number)), '0')
    FROM CAST(nextval('pacta_reference_number') AS text) number
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0007_edtf")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
