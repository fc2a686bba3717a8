"""Overdue is one definition: the page, the admin's filter and the API tell the same rows on any day."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction

from agreements.models import RoadmapItem
from projects.models import Project

DAYS = [
    *[date(year, month, day) for year in (2022, 2023, 2025, 2026) for month, day in ((1, 1), (3, 31), (12, 31))],
    *[date(2024, month, day) for month, day in ((1, 1), (6, 30), (7, 1), (12, 31))],
    *[date(2027, month, day) for month, day in ((1, 1), (1, 2), (7, 1), (12, 31))],
]
KINDS = [pytest.param(RoadmapItem, "roadmap-items", id="items"), pytest.param(Project, "projects", id="projects")]


@pytest.fixture
def reader(client, cast, django_user_model):
    user = cast("controller", is_superuser=True)

    def log_in():
        client.force_login(user)
        return client

    return log_in


def on_page(client, kind):
    """References in the kind's table of `/overdue/`, page after page."""
    part, parameter = ("items", "page") if kind == "roadmap-items" else ("projects", "projects_page")
    found, number = [], 1
    while True:
        answer = client.get(f"/overdue/?{parameter}={number}")
        text = answer.content.decode()
        start, end = text.index('id="items"'), text.index('id="projects"')
        table = text[start:end] if part == "items" else text[end:]
        found += re.findall(r'data-reference="([^"]+)"', table)
        if not answer.context[part].has_next():
            return found
        number += 1


def in_admin(client, model):
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/?overdue=yes"
    return [row.reference for row in client.get(base).context["cl"].queryset]


def in_api(client, kind, query="overdue=true"):
    found, address = [], f"/api/v1/{kind}/?{query}&page_size=200"
    while address:
        page = client.get(address).json()
        found += [row["reference"] for row in page["results"]]
        address = page["next"]
    return found


def compare(log_in, model, kind):
    """The sets of all doors on all days; returns how many rows were seen, so that a test can tell it saw some."""
    seen = set()
    for day in DAYS:
        with time_machine.travel(
            datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Europe/Minsk")), tick=False
        ):
            client = log_in()
            told = {"page": on_page(client, kind), "admin": in_admin(client, model), "api": in_api(client, kind)}
        client = log_in()
        told["api, asked today"] = in_api(client, kind, f"overdue=true&on={day}")
        if day in DAYS[::5]:  # dear: several queries a row
            told["row by row"] = [row.reference for row in model.objects.all() if row.is_overdue(day)]
        assert {door: sorted(rows) for door, rows in told.items()} == dict.fromkeys(told, sorted(told["api"])), day
        seen |= set(told["api"])
    return seen


@pytest.fixture(scope="class")
def generated(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("generate", items=120, verbosity=0)
        yield
        transaction.set_rollback(True)


# First: a synthetic register wants an empty one, and the real one stays until the module ends.
@pytest.mark.django_db
class TestOnAGeneratedRegister:
    @pytest.fixture(autouse=True)
    def _generated(self, generated):
        pass

    @pytest.mark.parametrize(("model", "kind"), KINDS)
    def test_page_admin_and_api_tell_the_same_rows(self, reader, model, kind):
        assert len(compare(reader, model, kind)) > 10


@pytest.mark.django_db
class TestOnTheRealRegister:
    @pytest.fixture(autouse=True)
    def _loaded(self, seeded):
        pass

    @pytest.mark.parametrize(("model", "kind"), KINDS)
    def test_page_admin_and_api_tell_the_same_rows(self, reader, model, kind):
        assert compare(reader, model, kind)
