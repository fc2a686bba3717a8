"""Indicators as small bars: what was aimed at beside what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """One bar of an indicator: aimed at or observed, as long as its share of the largest."""

    is_target: bool
    reading: Any
    width: float
    y: int


def bars(indicator: Any) -> list[Measured]:
    """The readings that are numbers, targets first; none where no two of them can be compared."""
    readings = [(True, row) for row in indicator.targets.all()] + [(False, row) for row in indicator.observations.all()]
    numbers = [(is_target, row) for is_target, row in readings if row.value is not None and row.value >= 0]
    largest = max((row.value for _is_target, row in numbers), default=0)
    if len(numbers) < 2 or not largest:
        return []
    return [
        Measured(is_target, row, round(float(100 * row.value / largest), 2), 18 * position)
        for position, (is_target, row) in enumerate(numbers)
    ]
