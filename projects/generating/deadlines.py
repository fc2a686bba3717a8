# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
"""Days, months, years and coarser deadlines, as documents name them."""

from __future__ import annotations

from datetime import date

LAST_DAY = date(2026, 6, 30)

# A third of what documents name are days or months; the rest is coarser, and one in ten names nothing.
_PRECISIONS = (
    "CASE WHEN p < 0.2 THEN 'day' WHEN p < 0.4 THEN 'month' WHEN p < 0.52 THEN 'quarter' WHEN p < 0.64 THEN 'half'"
    " WHEN p < 0.8 THEN 'year' WHEN p < 0.9 THEN 'years' END"
)


def deadlines(choice: str, count: int) -> str:
    """Numbered rows with what `DUE` and `DUE_TEXT` are made of, from 2022 to 2028."""
    return (
        f"SELECT n, y, m, d, {_PRECISIONS} AS precise, LEAST(y + 2, 2028) AS y2 FROM (SELECT n,"
        f" 2022 + pg_temp.pick('{choice} year', n, 7) AS y, 1 + pg_temp.pick('{choice} month', n, 12) AS m,"
        f" 1 + pg_temp.pick('{choice} day', n, 27) AS d, pg_temp.dice('{choice} precision', n) AS p"
        f" FROM generate_series(1::bigint, {count}) n) drawn"
    )


DUE = """CASE precise
    WHEN 'day' THEN daterange(make_date(y, m, d), make_date(y, m, d) + 1)
    WHEN 'month' THEN daterange(make_date(y, m, 1), (make_date(y, m, 1) + interval '1 month')::date)
    WHEN 'quarter' THEN daterange(make_date(y, (m - 1) / 3 * 3 + 1, 1),
                                  (make_date(y, (m - 1) / 3 * 3 + 1, 1) + interval '3 months')::date)
    WHEN 'half' THEN daterange(make_date(y, (m - 1) / 6 * 6 + 1, 1),
                               (make_date(y, (m - 1) / 6 * 6 + 1, 1) + interval '6 months')::date)
    WHEN 'year' THEN daterange(make_date(y, 1, 1), make_date(y + 1, 1, 1))
    WHEN 'years' THEN daterange(make_date(y, 1, 1), make_date(y2 + 1, 1, 1))
END"""
DUE_TEXT = """CASE precise
    WHEN 'day' THEN to_char(make_date(y, m, d), 'DD.MM.YYYY')
    WHEN 'month' THEN to_char(make_date(y, m, 1), 'MM.YYYY')
    WHEN 'quarter' THEN 'quarter ' || (m + 2) / 3 || ' of ' || y
    WHEN 'half' THEN 'half ' || (m + 5) / 6 || ' of ' || y
    WHEN 'year' THEN y::text
    WHEN 'years' THEN y || ' to ' || y2
    ELSE ''
END"""
