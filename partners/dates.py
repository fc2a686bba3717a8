"""Dates as documents write them: spans of days, written and read as EDTF (ISO 8601-2, level 0).

A document says "2023", "March 2023" or "first half of 2024". Each is a span of whole days, never a single invented day.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

ONE_DAY = timedelta(days=1)
LAST_YEAR = 9998  # daterange keeps the day after the last one, and Python ends at 9999.

_POINT = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


_looked_at: ContextVar[date | None] = ContextVar("looked_at", default=None)


def today() -> date:
    """The date in Minsk, or the past day that is looked at. The one place where the clock is asked."""
    return _looked_at.get() or this_day()


def this_day() -> date:
    """The date in Minsk, whatever is looked at."""
    return timezone.localdate()


def is_past() -> bool:
    """Whether the register is read as of a past day."""
    return _looked_at.get() is not None


@contextmanager
def looking_at(day: date) -> Iterator[None]:
    """Until the block ends, `today` is that day."""
    token = _looked_at.set(day)
    try:
        yield
    finally:
        _looked_at.reset(token)


@dataclass(frozen=True, order=True)
class PartialDate:
    """A span of days, both ends included.

    Raises ValueError where the span would end before it starts or leave the years 1 to 9998.
    """

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.first_day > self.last_day:
            raise ValueError(_("The span ends before it starts."))
        if self.last_day.year > LAST_YEAR:
            raise ValueError(_("Years from 1 to %(last)s are accepted.") % {"last": LAST_YEAR})

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read EDTF: `2023`, `2023-10`, `2023-10-16` or an interval of two of these (`2024-01/2024-06`).

        Raises ValueError with a message for people.
        """
        start, slash, end = text.strip().partition("/")
        first = cls._point(start)
        if not slash:
            return first
        return cls(first.first_day, cls._point(end).last_day)

    @classmethod
    def _point(cls, text: str) -> PartialDate:
        found = _POINT.fullmatch(text)
        if not found:
            raise ValueError(
                _("“%(text)s” is not a date: write 2023, 2023-10, 2023-10-16 or a span such as 2024-01/2024-06.")
                % {"text": text}
            )
        year, month, day = (int(part) if part else None for part in found.groups())
        try:
            return cls.of(year or 0, month, day)
        except ValueError as error:
            raise ValueError(_("“%(text)s” is no day of the calendar.") % {"text": text}) from error

    @classmethod
    def of(cls, year: int, month: int | None = None, day: int | None = None) -> PartialDate:
        """The year, the month or the day as a span. Raises ValueError for what no calendar has."""
        if month is None:
            return cls(date(year, 1, 1), date(year, 12, 31))
        if day is None:
            return cls(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
        return cls(date(year, month, day), date(year, month, day))

    def __str__(self) -> str:
        """Canonical EDTF: the shortest of year, month and day, else an interval of the coarsest that fits both ends."""
        if self._whole_years:
            start, end = f"{self.first_day:%Y}".zfill(4), f"{self.last_day:%Y}".zfill(4)
        elif self._whole_months:
            start, end = self.first_day.isoformat()[:7], self.last_day.isoformat()[:7]
        else:
            start, end = self.first_day.isoformat(), self.last_day.isoformat()
        return start if start == end else f"{start}/{end}"

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    @property
    def _whole_months(self) -> bool:
        return self.first_day.day == 1 and (self.last_day + ONE_DAY).day == 1

    @property
    def _whole_years(self) -> bool:
        return self._whole_months and self.first_day.month == 1 and self.last_day.month == 12
