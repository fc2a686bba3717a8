"""What search rests on: one folded document of a row, its stems, and the same of the word that is asked for."""

from django.db import migrations

SQL = r"""
-- Joining texts is IMMUTABLE; array_to_string is called STABLE only for types whose output can depend on settings.
CREATE OR REPLACE FUNCTION pacta_document(VARIADIC parts text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ' ' || public.pacta_fold(array_to_string(parts, ' '));
END
$$;
-- The Russian configuration of PostgreSQL stems Latin words as English ones.
CREATE OR REPLACE FUNCTION pacta_stems(document text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT to_tsvector('pg_catalog.russian'::regconfig, document)
$$;
CREATE OR REPLACE FUNCTION pacta_query(word text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT plainto_tsquery('pg_catalog.russian'::regconfig, public.pacta_fold(word))
$$;
-- One or two letters are looked for where words begin: there are no trigrams of them elsewhere.
CREATE OR REPLACE FUNCTION pacta_pattern(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT CASE WHEN length(word) < 3 THEN '% ' ELSE '%' END
        || regexp_replace(public.pacta_fold(word), '([\\%_])', '\\\1', 'g') || '%'
$$;
"""
REVERSE = """
DROP FUNCTION IF EXISTS pacta_pattern(text);
DROP FUNCTION IF EXISTS pacta_query(text);
DROP FUNCTION IF EXISTS pacta_stems(text);
DROP FUNCTION IF EXISTS pacta_document(text[]);
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0004_history_by_time")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
