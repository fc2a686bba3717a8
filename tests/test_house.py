"""The rules of the house, checked on every model, module and template: what is new and keeps them not fails here."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin

from config.api import RESOURCES
from partners.models import Cited, Record

MODELS = [model for model in apps.get_models() if issubclass(model, Record) and model._meta.managed]
# Whom each room may know. `doors` is what the admin and the API share; `config` knows all.
ROOMS = {
    "partners": {"doors"},
    "accounts": {"doors", "partners"},
    "doors": {"accounts", "partners"},
    "agreements": {"doors", "partners"},
    "projects": {"doors", "partners", "agreements"},
    "oversight": {"doors", "partners", "agreements", "projects"},
    "webhooks": {"doors", "accounts", "partners"},
}
by_name = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


@by_name
def test_each_record_has_a_history_that_keeps_the_transaction(model):
    events = model._meta.get_field("events").related_model
    names = {field.name for field in events._meta.fields}
    assert {"pgh_context", "pgh_transaction", "pgh_created_at"} <= names
    assert {field.name for field in model._meta.concrete_fields} <= names


@by_name
def test_each_record_is_in_the_admin_or_inside_a_record_there(model):
    inside = {inline.model for owner in admin.site._registry.values() for inline in owner.inlines}
    assert model in admin.site._registry or model in inside


@by_name
def test_each_record_is_a_resource_or_inside_one(model):
    inside = {part for resource in RESOURCES for part in resource.parts.values()}
    # Both ledgers are one resource, by a view of the database.
    besides = {"Citation", "ItemRescheduling", "ProjectRescheduling", "Reopening"}
    assert model in {resource.model for resource in RESOURCES} | inside or model.__name__ in besides


@by_name
def test_each_record_says_what_it_is_and_prints_itself(model):
    assert model.__doc__
    assert not model.__doc__.startswith(f"{model.__name__}(")
    assert model._meta.verbose_name
    assert model.__str__ is not object.__str__


@by_name
def test_each_time_has_its_person(model):
    names = {field.name for field in model._meta.concrete_fields}
    times = {name.removesuffix("_at") for name in names if name.endswith("_at")}
    assert {f"{name}_by" for name in times} <= names


@by_name
def test_each_constraint_speaks_to_people(model):
    for constraint in model._meta.constraints:
        assert constraint.violation_error_message != constraint.default_violation_error_message, constraint.name


@pytest.mark.parametrize("model", [m for m in MODELS if issubclass(m, Cited)], ids=lambda model: model.__name__)
def test_each_cited_record_can_be_cited_in_the_admin(model):
    owner = admin.site._registry.get(model)
    assert owner is None or "Citation" in {inline.model.__name__ for inline in owner.inlines}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
    strangers = set()
    for path in (settings.BASE_DIR / room).rglob("*.py"):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            strangers |= {name.split(".")[0] for name in _imported(node)} & (ROOMS.keys() | {"config"})
    assert strangers - {room} <= ROOMS[room]


def _imported(node):
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


@pytest.mark.parametrize("path", sorted((settings.BASE_DIR / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_name_no_foreign_host_and_no_inline_code(path: Path):
    text = path.read_text()
    assert "http://" not in text
    assert "https://" not in text
    # The description of the API is drawn by scripts, each of ours by its address; no other page has any.
    ours = r"""<script src="{% static '[^']+' %}"></script>""" if path.name == "api_docs.html" else r"(?!)"
    assert "<script" not in re.sub(ours, "", text)
    assert " style=" not in text
