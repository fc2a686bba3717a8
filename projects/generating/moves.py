# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
"""How deadlines move: agreed moves, requests that wait, and requests that were refused."""

from __future__ import annotations

from dataclasses import dataclass

from partners.models import Record
from projects.generating.accounts import OFFICERS, Staff
from projects.generating.rows import Rows, Writer, table


@dataclass(frozen=True)
class Moves:
    """The moves of one table's deadlines; `subject` is what the ledger calls a row of it."""

    model: type[Record]
    ledger: type[Record]
    prefix: str
    subject: str
    staff: Staff

    def agree(self, writer: Writer) -> None:
        """Agreed moves by a year, in two rounds, each the row of the ledger and then the deadline itself."""
        for share, latest in ((0.12, "2025-04-20"), (0.03, "2026-05-01")):
            asked = f"LEAST(upper(due) - 40, DATE '{latest}')"
            writer.insert(
                Rows(
                    self.ledger,
                    self.prefix,
                    self._movable(f"pg_temp.dice('moved', id) < {share}"),
                    {
                        **self._request(asked),
                        "decision": "'agreed'",
                        "decided_on": f"{asked} + 20",
                        "decided_by_id": self.staff.controller,
                    },
                )
            )
            writer.cursor.execute(
                f"UPDATE {table(self.model)} s SET due = m.new_due FROM {table(self.ledger)} m"
                f" WHERE m.{self.subject}_id = s.id AND m.old_due = s.due AND s.due IS NOT NULL"
            )

    def ask(self, writer: Writer, where: str = "TRUE") -> None:
        """Requests that wait, and some that were refused."""
        asked = "DATE '2026-06-01' + pg_temp.pick('asked', id, 20)"
        request = self._request(asked)
        dice = f"{where} AND pg_temp.dice('asks', id)"
        waiting = self._movable(f"{dice} < 0.06")
        writer.insert(Rows(self.ledger, self.prefix, waiting, {**request, "decision": "'pending'"}))
        refused = {
            "decided_on": f"{asked} + 5",
            "decided_by_id": self.staff.controller,
            "decision_text": "'Synthetic no.'",
        }
        turned_down = self._movable(f"{dice} BETWEEN 0.06 AND 0.09")
        writer.insert(Rows(self.ledger, self.prefix, turned_down, {**request, **refused, "decision": "'refused'"}))

    def _movable(self, where: str) -> str:
        return (
            f"SELECT (SELECT COALESCE(max(id), 0) FROM {table(self.ledger)}) + row_number() OVER (ORDER BY id) AS n,"
            " id, due"
            f" FROM {table(self.model)} WHERE upper(due) <= DATE '2028-01-01' AND {where}"
        )

    def _request(self, asked: str) -> dict[str, str]:
        later = "daterange((lower(due) + interval '1 year')::date, (upper(due) + interval '1 year')::date)"
        return {
            f"{self.subject}_id": "id",
            "old_due": "due",
            "new_due": later,
            "new_due_text": "'a year later'",
            "reason": "'Synthetic delay'",
            "requested_on": asked,
            "requested_by_id": f"{self.staff.officers}[1 + mod(id, {OFFICERS})]",
        }
