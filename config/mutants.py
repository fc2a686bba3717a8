"""`make mutants`: small faults, one at a time, in a copy of the rule modules; the tests have to notice each.

No library does this here. mutmut leaves class attributes and properties alone and cannot bring Django up; poodle leaves
nested expressions alone; cosmic-ray knows no conditions of a query. `config.mutations` makes the faults, with `ast`.
"""

import ast
import difflib
import os
import queue
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from config.localdb import CHECKOUT, Unavailable
from config.mutations import Mutant, mutants
from config.run import database, stop_on_signals
from config.test import Environment, environment

WANTED = 0.8
COPIES = CHECKOUT / "var" / "mutants"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
PYTEST = [sys.executable, "-m", "pytest", "-x", "-q", "--reuse-db", "--assert=plain"]
DEADLINE_WORDS = ("with_deadline", "overdue", "with_overdue", "due_within")
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed out"


class Rules(NamedTuple):
    """The names of a module that hold rules (none: all of it) and the tests that know them, quickest first."""

    names: tuple[str, ...]
    tests: tuple[str, ...]


# Fields, choices, constraints and triggers stand in migrations: a fault in the code's text of them changes nothing.
MODULES = {
    "partners/dates.py": Rules((), ("tests/test_dates.py",)),
    "partners/fields.py": Rules(
        (
            *("parsed", "PartialDateFormField", "FirstDay", "LastDay", "_Edge"),
            *(f"PartialDateField.{name}" for name in ("from_db_value", "to_python", "get_prep_value")),
            *("PartialDateField.value_to_string", "PartialDateField.formfield"),
        ),
        ("tests/test_dates.py",),
    ),
    "agreements/models/roadmap.py": Rules(
        ("IN_FORCE", "RoadmapQuerySet.in_force", "Roadmap.is_in_force"), ("tests/test_rules.py",)
    ),
    "agreements/models/rescheduling.py": Rules(("due_on",), ("tests/test_rules.py",)),
    "agreements/models/item.py": Rules(
        (
            *(f"RoadmapItemQuerySet.{word}" for word in ("open", "binding", *DEADLINE_WORDS)),
            *(f"RoadmapItem.{word}" for word in ("clean", "deadline_on", "is_open", "is_overdue")),
        ),
        ("tests/test_rules.py",),
    ),
    "projects/models/project.py": Rules(
        (
            *("FINAL", "COMMITTED", "CADENCE"),
            *(f"ProjectQuerySet.{word}" for word in ("with_stage", "committed", "active", *DEADLINE_WORDS)),
            *("ProjectQuerySet.with_last_report", "ProjectQuerySet.silent", "Project.stage_on", "Project.is_committed"),
            *("Project.deadline_on", "Project.is_overdue", "Project.is_active", "Project.is_silent"),
        ),
        ("tests/test_rules.py",),
    ),
    "projects/models/status.py": Rules(
        (
            *("MOVES", "StatusUpdateQuerySet.accepted", "StatusUpdateQuerySet.handed_in"),
            *("StatusUpdate.submit", "StatusUpdate.accept", "StatusUpdate.return_", "StatusUpdate.resubmission"),
            *("StatusUpdate._decided_by", "StatusUpdate._move"),
        ),
        ("tests/test_rules.py::TestTheWayOfAReport",),
    ),
    "projects/seeding.py": Rules((), ("tests/test_seed.py", "--deselect=tests/test_seed.py::TestTheRealFixtures")),
}


class Place(NamedTuple):
    """A copy of the checkout with a database of its own."""

    folder: Path
    environment: Environment

    def passes(self, tests: Sequence[str], timeout: float | None = None) -> bool:
        """Whether the tests pass here. Raises TimeoutExpired."""
        command = [*PYTEST, *tests]
        ran = subprocess.run(
            command, cwd=self.folder, env=self.environment, timeout=timeout, capture_output=True, check=False
        )
        if timeout is None and ran.returncode:
            sys.stdout.buffer.write(ran.stdout + ran.stderr)
        return ran.returncode == 0

    def verdict(self, module: str, mutant: Mutant, timeout: float) -> str:
        file = self.folder / module
        shutil.copy2(CHECKOUT / module, file)
        file.write_text(mutant.source)
        try:
            return SURVIVED if self.passes(MODULES[module].tests, timeout) else KILLED
        except subprocess.TimeoutExpired:
            return TIMED_OUT
        finally:
            shutil.copy2(CHECKOUT / module, file)


def main(arguments: list[str]) -> int:
    """Arguments are modules (default: all). 1 where fewer than 80 % of the mutants of a module are killed."""
    stop_on_signals()
    try:
        with database(durable=False) as url:
            return run([module for module in MODULES if module in arguments or not arguments], url)
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run(modules: list[str], url: str) -> int:
    places = list(made(url, int(os.environ.get("WORKERS", "1"))))
    every = sorted({test for module in modules for test in MODULES[module].tests})
    if not all(place.passes(every) for place in places):
        print("The tests fail before anything is changed.")
        return 1
    shares = [share(module, places) for module in modules]
    if not all(place.passes(every) for place in places):
        print("The tests fail on the unchanged copy by now: the figures above are worth nothing.")
        return 1
    return 0 if min(shares) >= WANTED else 1


def made(url: str, number: int) -> Iterator[Place]:
    for index in range(number):
        folder = COPIES / str(index)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(CHECKOUT, folder, ignore=LEFT_OUT)
        own = re.sub(r"(/[^/?]+)(\?|$)", rf"\1_mutants_{index}\2", url, count=1)
        # CI makes Hypothesis try the same examples each time, so that a verdict is no matter of luck.
        yield Place(folder, {**environment(own), "PACTA_LOCAL": "1", "CI": "1"})


def share(module: str, places: list[Place]) -> float:
    """Tries every mutant of the module; prints the survivors and the figures; the share of the killed."""
    tree = ast.parse((CHECKOUT / module).read_text())
    before = ast.unparse(tree)
    free: queue.SimpleQueue[Place] = queue.SimpleQueue()
    for place in places:
        free.put(place)

    def tried(mutant: Mutant) -> tuple[Mutant, str]:
        place = free.get()
        try:
            return mutant, place.verdict(module, mutant, timeout=120)
        finally:
            free.put(place)

    counts: Counter[str] = Counter()
    with ThreadPoolExecutor(len(places)) as pool:
        for mutant, verdict in pool.map(tried, mutants(tree, MODULES[module].names)):
            counts[verdict] += 1
            if verdict != KILLED:
                print(
                    f"{verdict}: {module}:{mutant.line} {mutant.name}\n{difference(before, mutant.source)}", flush=True
                )
    killed = counts[KILLED] / max(counts.total(), 1)
    figures = ", ".join(f"{counts[verdict]} {verdict}" for verdict in (KILLED, SURVIVED, TIMED_OUT))
    print(f"{module}: {figures}; {killed:.1%} killed", flush=True)
    return killed


def difference(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(f"    {line}" for line in lines if not line.startswith(("---", "+++", "@@")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
