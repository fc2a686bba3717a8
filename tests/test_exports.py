"""Whole lists and reports as files: the rows of the API, and nothing that a spreadsheet would take for a formula."""

import csv
import io
import json

import orjson
import pytest
from openpyxl import load_workbook

from config.api import REPORTS, RESOURCES, SHAPES
from doors import exports
from projects.models import Project
from tests.builders import grow

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client, controller):
    """Ask the API as a controller; a file comes whole."""
    client.force_login(controller)

    def answer(path, **headers):
        found = client.get(f"/api/v1/{path}", headers=headers)
        found.whole = b"".join(found.streaming_content) if found.streaming else found.content
        return found

    return answer


def walked(ask, path):
    """The rows of all pages."""
    rows, address = [], path
    while address:
        page = orjson.loads(ask(address).whole)
        rows += page["results"]
        address = page.get("next") and page["next"].split("/api/v1/")[1]
    return rows


def table(answer):
    """The lines of a CSV or XLSX as dictionaries of text; nothing is an empty text."""
    if answer["Content-Type"].startswith("text/csv"):
        assert answer.whole.startswith("\ufeff".encode())
        return list(csv.DictReader(io.StringIO(answer.whole.decode("utf-8-sig"))))
    (sheet,) = load_workbook(io.BytesIO(answer.whole)).worksheets
    head, *lines = sheet.iter_rows(values_only=True)
    return [{key: "" if cell is None else str(cell) for key, cell in zip(head, line, strict=True)} for line in lines]


def told(row):
    """What of a row of JSON stands in one cell each: plain values, and the three parts of a link."""
    cells = {}
    for key, value in row.items():
        if isinstance(value, dict) and set(value) == {"id", "reference", "name"}:
            cells |= {f"{key}_{part}": inner for part, inner in value.items()}
        elif value is not None and not isinstance(value, dict | list) and not str(key).endswith("_at"):
            cells[key] = value
    return cells


def same(cell, value):
    """A cell of a table is a value of the JSON: numbers and truth as numbers and truth, however they are spelt."""
    if isinstance(value, bool):
        return cell.lower() == str(value).lower()
    return cell == str(value) or cell == f"'{value}" or (cell[:1].isdigit() and float(cell) == float(value))


@pytest.mark.parametrize("route", [resource.route for resource in RESOURCES])
def test_every_list_is_given_whole_in_each_form(ask, controller, route):
    grow(controller, rows=3)
    rows = walked(ask, f"{route}/?page_size=2&ordering=-id")
    lines = ask(f"{route}/?ordering=-id&format=ndjson")
    assert [orjson.loads(line) for line in lines.whole.splitlines()] == rows
    assert lines["Pacta-Rows"] == str(len(rows))
    for form in ("csv", "xlsx"):
        file = ask(f"{route}/?ordering=-id&format={form}")
        assert file["Pacta-Rows"] == str(len(rows))
        assert file["Cache-Control"] == "private, no-store"
        for line, row in zip(table(file), rows, strict=True):
            assert not {key: (line[key], value) for key, value in told(row).items() if not same(line[key], value)}


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_given_whole_in_each_form(ask, controller, report):
    grow(controller, rows=3)
    judged = "&since=2020-01-01" if report == "compare" else ""
    rows = walked(ask, f"reports/{report}/?{judged}")
    assert rows
    assert [orjson.loads(line) for line in ask(f"reports/{report}/?format=ndjson{judged}").whole.splitlines()] == rows
    for form in ("csv", "xlsx"):
        file = ask(f"reports/{report}/?format={form}{judged}")
        assert file["Pacta-Rows"] == str(len(rows))
        for line, row in zip(table(file), rows, strict=True):
            assert not {key: (line[key], value) for key, value in told(row).items() if not same(line[key], value)}


def test_the_filters_of_a_list_are_those_of_its_file(ask, controller):
    grow(controller, rows=2)
    chosen = [row["id"] for row in walked(ask, "projects/?overdue=true&search=project")]
    lines = ask("projects/?overdue=true&search=project&format=csv")
    assert chosen
    assert [int(line["id"]) for line in table(lines)] == chosen


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_formula_stays_text(ask, name):
    Project.objects.create(name=name, stage_at_entry="agreed", due="2024-01/2024-06")
    (of_csv,) = table(ask("projects/?format=csv"))
    (of_xlsx,) = table(ask("projects/?format=xlsx"))
    assert (of_csv["name"], of_xlsx["name"]) == (f"'{name}", name)
    assert (of_csv["due"], of_xlsx["due"]) == ("2024-01/2024-06", "2024-01/2024-06")


def test_the_accept_header_chooses_the_form_too(ask):
    assert ask("partners/", Accept="text/csv")["Content-Type"].startswith("text/csv")
    assert ask("partners/", Accept="application/x-ndjson")["Content-Type"] == "application/x-ndjson"
    assert ask("partners/", Accept="image/png").status_code == 406
    assert ask("partners/?format=csv", Accept="application/json")["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        pytest.param("partners/?format=pdf", "format", id="unknown form"),
        pytest.param("partners/1/?format=csv", "format", id="one record is no table"),
        pytest.param("partners/?format=csv&page_size=5", "page_size", id="a file has no pages"),
        pytest.param("reports/overdue/?format=ndjson&cursor=x", "cursor", id="a report has none either"),
        pytest.param("partners/?format=csv&colour=red", "colour", id="unknown parameter"),
    ],
)
def test_what_cannot_be_given_is_400_and_named(ask, path, named):
    answer = ask(path)
    problem = json.loads(answer.whole)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert list(problem["errors"]) == [named]


def test_a_spreadsheet_of_too_many_rows_is_413_and_names_the_other_forms(ask, monkeypatch):
    monkeypatch.setattr(exports, "MOST_ROWS", 1)
    for name in ("A", "B"):
        Project.objects.create(name=name, stage_at_entry="agreed", due="2024")
    for path in ("projects/?format=xlsx", "reports/overdue/?format=xlsx"):
        answer = ask(path)
        assert (answer.status_code, "csv or ndjson" in answer.whole.decode()) == (413, True)
    assert len(table(ask("projects/?format=csv"))) == 2


def test_a_list_of_the_past_is_the_file_of_the_past(ask):
    assert ask("partners/?format=csv&as_of=2020-01-01")["Pacta-Rows"] == "0"
    assert table(ask("partners/?format=csv&as_of=2020-01-01")) == []


def test_every_shape_has_its_columns_once():
    for route, shape in SHAPES.items():
        assert set(shape.columns()) >= {"id", "version", "modified_at"}, route
        assert {"id", "version", "modified_at"} <= set(shape.flat()), route
