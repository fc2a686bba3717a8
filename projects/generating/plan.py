"""How many rows each table gets, and SQL for the partners that they name.

In all of this SQL `n` is the row's number and its id. One partner, China's state, has 30 % of everything.
"""

from __future__ import annotations

from math import isqrt

HOME, LARGEST = 1, 2
# The home side, the largest partner, and the others.
STATES = "BY CN RU KZ VN IN PK IR TR AE EG ZW GQ VE CU BR RS UZ TJ KG AZ GE AM MN LA KH ID MY TH NG KE ET ZA MA DZ SA"
SECTORS = ("industry", "agriculture", "health", "education", "transport", "energy", "science", "trade")


class Plan:
    """One run. Sizes grow as in a ministry: items and what hangs on them fast, bodies and partners slowly."""

    def __init__(self, items: int, seed: int) -> None:
        self.items, self.seed = items, int(seed)
        self.states = len(STATES.split())
        self.per_state = 4 * min(5, 1 + items // 200_000)
        self.roadmaps = 20 * max(1, round(isqrt(items) / 50))
        self.areas = 15
        self.groups = self.roadmaps // 2
        self.forums = self.groups
        self.agreements = max(30, items // 50)
        self.projects = (items + 1) // 2
        self.indicators = max(25, items // 50)

    def counterpart(self, choice: str, n: str = "n") -> str:
        """The id of a foreign state; the largest partner in 3 of 10."""
        others = f"{LARGEST + 1} + pg_temp.pick('{choice}', {n}, {self.states - LARGEST})"
        return f"CASE WHEN mod({n} - 1, 10) < 3 THEN {LARGEST} ELSE {others} END"

    def under(self, state: str, choice: str, n: str = "n") -> str:
        """The id of an organisation of a state (SQL for its id)."""
        return f"{self.states} * (1 + pg_temp.pick('{choice}', {n}, {self.per_state})) + ({state})"
