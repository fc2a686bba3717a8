"""What the documents promise is there: tests, licences, and audits that say when they were not made."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config import licences
from config.audit import NOT_DONE, verdict

DOCS = settings.BASE_DIR / "docs"
NAMED = re.compile(r"`((?:\w+/)?test_\w+\.py)::(test_\w+)`")


def names_of(path: Path):
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("document", ["threats.md", "asvs.md"])
def test_each_test_that_a_document_names_exists(document):
    named = NAMED.findall((DOCS / document).read_text())
    known = {file: names_of(settings.BASE_DIR / "tests" / file) for file, _name in named}
    assert named
    assert [f"{file}::{name}" for file, name in named if name not in known[file]] == []


def test_each_threat_has_a_test_or_says_that_it_has_none():
    rows = [line for line in (DOCS / "threats.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 45
    for row in rows:
        shown = row.split("|")[3]
        assert NAMED.search(shown) or shown.strip().startswith("Not yet"), row


# ASVS 5.0.0: how many requirements of levels 1 and 2 each section has; those of level 3 stand behind them. Without the
# sections of roles that Pacta has not: 10.3, 10.4, 10.6, 10.7, 17.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.5": 5,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1,
    "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1,
    "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip


def test_each_requirement_has_one_row():
    numbers = re.findall(r"^\| (\d+\.\d+\.\d+) \| (.*?) \|", (DOCS / "asvs.md").read_text(), re.MULTILINE)
    beyond = {number for number, what in numbers if "(level 3" in what}
    asked = {f"{section}.{number + 1}" for section, count in SECTIONS.items() for number in range(count)}
    assert len(numbers) == len(dict(numbers))
    assert set(dict(numbers)) - beyond == asked


def test_the_verdicts_are_counted():
    text = (DOCS / "asvs.md").read_text()
    page = {
        "Met": "met,",
        "Partly": "partly",
        "Proxy": "the proxy's",
        "Not met": "not met",
        "Not relevant": "not relevant",
    }
    for word, told in page.items():
        count = len(re.findall(rf"^\| \d.*\| {word}\b.*\|$", text, re.MULTILINE))
        assert re.search(rf"\b{count} {told}", text, re.IGNORECASE), (word, count)


def test_each_requirement_has_a_verdict():
    rows = [line for line in (DOCS / "asvs.md").read_text().splitlines() if re.match(r"\| \d", line)]
    for row in rows:
        _number, _what, verdict = (cell.strip() for cell in row.split("|")[1:4])
        assert verdict.startswith(("Met", "Partly:", "Proxy", "Not met:", "Not relevant:")), row
        # What is said to be met is shown, or is the library's and named.
        assert not verdict.startswith("Met") or NAMED.search(verdict) or "`" in verdict, row


# Audits and licences

FINE = '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}'
HOLE = '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]}'
SKIPPED = '{"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}'


@pytest.mark.parametrize(
    ("output", "status", "said"),
    [
        (FINE, 0, "1 packages, no known hole"),
        (HOLE, 1, "a 1: CVE-1, closed in 2"),
        (SKIPPED, NOT_DONE, "knew 1 of 2"),
        ('{"dependencies": []}', NOT_DONE, "NOT AUDITED"),
        ("", NOT_DONE, "no route to host"),
    ],
)
def test_an_audit_that_could_not_be_made_is_told_and_no_success(output, status, said):
    """pip-audit itself ends with success when it could look at no package."""
    found, told = verdict(output, "Traceback\nno route to host")
    assert (found, said in told) == (status, True), told


def test_the_licences_are_those_of_what_is_locked():
    assert licences.PAGE.read_text() == licences.page(), "run make licences"
    assert "not said" not in licences.page()


def test_the_bill_of_materials_has_all_that_is_locked(tmp_path):
    file = tmp_path / "sbom.json"
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "requirements.txt", "-o", str(file)]
    subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True)
    listed = {row["name"] for row in json.loads(file.read_text())["components"]}
    locked = re.findall(r"^([a-z0-9._-]+)==", (settings.BASE_DIR / "requirements.txt").read_text(), re.MULTILINE)
    assert set(locked) <= listed
