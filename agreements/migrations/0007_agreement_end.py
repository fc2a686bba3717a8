from django.db import migrations

# The renewals that it took to reach the day are counted, not walked: whole months between, divided by the length of one.
# Every end is counted from the first one, so that a short February shortens no later term.
MAKE = """
CREATE FUNCTION agreement_end(first_end date, every integer, on_day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN first_end IS NULL OR on_day <= first_end THEN first_end
        WHEN first_end + make_interval(months => n * every) >= on_day
            THEN (first_end + make_interval(months => n * every))::date
        ELSE (first_end + make_interval(months => (n + 1) * every))::date
    END
    FROM (SELECT (
        (extract(year FROM on_day) - extract(year FROM first_end)) * 12
        + extract(month FROM on_day) - extract(month FROM first_end)
    )::integer / every AS n) AS counted
$$
"""


class Migration(migrations.Migration):
    dependencies = [("agreements", "0006_history_of_links")]
    operations = [migrations.RunSQL(MAKE, "DROP FUNCTION agreement_end(date, integer, date)")]
