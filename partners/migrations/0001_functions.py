"""The functions that the tables rest on; written by hand, before any table."""

from django.db import migrations

SQL = """
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE SEQUENCE IF NOT EXISTS pacta_reference_number;
CREATE OR REPLACE FUNCTION pacta_next_reference(prefix text) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT prefix || '-' || to_char(now() AT TIME ZONE 'Europe/Minsk', 'YYYY') || '-'
        || lpad(nextval('pacta_reference_number')::text, 5, '0')
$$;
-- unaccent is only STABLE, because its dictionary could be changed; naming it makes an IMMUTABLE wrapper honest.
CREATE OR REPLACE FUNCTION pacta_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT lower(public.unaccent('public.unaccent'::regdictionary, value))
$$;
"""
REVERSE = """
DROP FUNCTION IF EXISTS pacta_fold(text);
DROP FUNCTION IF EXISTS pacta_next_reference(text);
DROP SEQUENCE IF EXISTS pacta_reference_number;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(SQL, REVERSE)]
