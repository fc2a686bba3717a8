"""Partial dates as text, for JSON and files that PostgreSQL makes itself; a test compares it with PartialDate."""

from django.db import migrations

# Not IMMUTABLE, as to_char is not; not STRICT, or it could not be inlined.
SQL = """
CREATE OR REPLACE FUNCTION pacta_edtf(span daterange) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN to_char(lower(span), 'MMDD') = '0101' AND to_char(upper(span), 'MMDD') = '0101' THEN
            CASE WHEN date_part('year', upper(span)) - date_part('year', lower(span)) = 1 THEN
                to_char(lower(span), 'YYYY')
            ELSE to_char(lower(span), 'YYYY/') || to_char(upper(span) - 1, 'YYYY') END
        WHEN to_char(lower(span), 'DD') = '01' AND to_char(upper(span), 'DD') = '01' THEN
            CASE WHEN lower(span) + interval '1 month' = upper(span) THEN to_char(lower(span), 'YYYY-MM')
            ELSE to_char(lower(span), 'YYYY-MM/') || to_char(upper(span) - 1, 'YYYY-MM') END
        WHEN upper(span) - lower(span) = 1 THEN to_char(lower(span), 'YYYY-MM-DD')
        ELSE to_char(lower(span), 'YYYY-MM-DD/') || to_char(upper(span) - 1, 'YYYY-MM-DD')
    END
$$;
"""
REVERSE = "DROP FUNCTION IF EXISTS pacta_edtf(daterange);"


class Migration(migrations.Migration):
    dependencies = [("partners", "0006_search")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
