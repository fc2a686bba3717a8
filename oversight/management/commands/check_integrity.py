from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from oversight.integrity import CHECKS, problems


class Command(BaseCommand):
    help = (
        "List what is broken in the register: orphans, news and deadlines that do not follow from their records, files"
        " that are missing or altered, history that differs, guards that are off. Status 0 only when nothing is broken."
        " What is merely incomplete is printed as a finding, and counts with --strict."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        names = [check.name for check in CHECKS]
        parser.add_argument("checks", nargs="*", metavar="check", help=_("only these of: ") + ", ".join(names))
        parser.add_argument("--strict", action="store_true", help=_("findings count as errors"))
        parser.add_argument("--limit", type=int, default=100, help=_("lines printed for each check, 100"))

    def handle(self, *args: Any, checks: list[str], strict: bool, limit: int, **options: Any) -> None:
        self._refuse_unknown(checks)
        found: Counter[str] = Counter()
        for problem in problems(checks):
            found["findings" if problem.is_finding else "errors"] += 1
            found[problem.check] += 1
            if found[problem.check] <= limit:
                self.stdout.write(f"{_('finding') if problem.is_finding else _('error')}: {problem}")
        self._tell_rest(found, limit)
        summary = _("%(checks)s checks: %(errors)s errors, %(findings)s findings.") % {
            "checks": len(checks) or len(CHECKS),
            "errors": found["errors"],
            "findings": found["findings"],
        }
        if found["errors"] or (strict and found["findings"]):
            raise CommandError(summary)
        self.stdout.write(summary)

    @staticmethod
    def _refuse_unknown(checks: list[str]) -> None:
        unknown = sorted(set(checks) - {check.name for check in CHECKS})
        if unknown:
            raise CommandError(_("There is no check named %(names)s.") % {"names": ", ".join(unknown)})

    def _tell_rest(self, found: Counter[str], limit: int) -> None:
        for check in CHECKS:
            if found[check.name] > limit:
                more = {"check": check.name, "count": found[check.name] - limit}
                self.stdout.write(_("%(check)s: %(count)s more.") % more)
