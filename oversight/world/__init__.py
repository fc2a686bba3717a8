"""The partners on a world map, coloured by the share of what is open with them that is overdue.

The ground is static/world.svg; only states with an agreement or a project are drawn over it. Borders are those of
Natural Earth and schematic: the page says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

# From which percentage on a state has a colour, the highest first; below them nothing is overdue.
SHARES = ((50, "half", _("half and more")), (20, "fifth", _("a fifth and more")), (0, "some", _("less than a fifth")))
NOTHING_LATE, NOTHING_OPEN = ("none", _("nothing overdue")), ("calm", _("nothing open"))
LEGEND = (*[(name, label) for _least, name, label in SHARES], NOTHING_LATE, NOTHING_OPEN)


@dataclass(frozen=True)
class Drawn:
    """A state on the map: its outline, and where a mark stands for one too small to see or to hit."""

    score: Any
    path: str
    x: float
    y: float
    is_small: bool

    @property
    def open(self) -> int:
        return int(self.score.open_items + self.score.active_projects)

    @property
    def overdue(self) -> int:
        return int(self.score.overdue_items + self.score.overdue_projects)

    @property
    def share(self) -> str:
        """The colour: one of LEGEND."""
        if not self.open:
            return NOTHING_OPEN[0]
        percentage = 100 * self.overdue / self.open
        return next((name for least, name, _label in SHARES if self.overdue and percentage >= least), NOTHING_LATE[0])


def drawn(scores: Iterable[Any]) -> list[Drawn]:
    """The states that are on the map, in the order of their scores."""
    outlines = _territories()
    found = []
    for score in scores:
        outline = outlines.get(str(score.partner.country))
        if outline:
            x, y = outline["at"]
            found.append(Drawn(score, outline["path"], x, y, outline["small"]))
    return found


@cache
def _territories() -> Any:
    return json.loads((Path(__file__).parent / "territories.json").read_text())
