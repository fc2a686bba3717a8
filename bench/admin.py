"""What saving costs in our admin and in a plain ModelAdmin on the same schema, and whether a form grows with its past.

`DATABASE_URL=… python -m bench.admin` on a generated register; in one process, in a transaction that is rolled back.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django
from django.contrib.auth import get_user, get_user_model
from django.db import transaction
from django.forms import modelform_factory
from django.test import Client
from django.test.utils import override_settings, setup_test_environment, teardown_test_environment
from django.urls import reverse

RUNS = 30
PLAIN = "plain"


def main() -> None:
    """A line a case: ours, the other, the ratio of the medians. Leaves nothing behind."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from bench.pages import reader

    with transaction.atomic(), override_settings(ROOT_URLCONF="bench.admin_urls"):
        client = reader()
        setup_test_environment()  # Answers then tell what forms they show.
        saved = saves(client)
        teardown_test_environment()
        for case, ours, theirs in [*saved, *growth(client)]:
            sys.stdout.write(f"{case:44} {ours:7.1f} ms {theirs:7.1f} ms {ours / theirs:6.2f} x\n")
        transaction.set_rollback(True)


def saves(client: Client) -> list[tuple[str, float, float]]:
    """A form that is sent back with one field changed, and a new report: ours against the plain admin."""
    from agreements.models import RoadmapItem
    from projects.models import Project, StatusUpdate

    found = []
    for model in (RoadmapItem, Project):
        one, other = model.objects.order_by("pk")[:2]
        pair = (
            changing(client, f"admin:{name(model)}_change", one),
            changing(client, f"{PLAIN}:{name(model)}_change", other),
        )
        found.append((f"{model._meta.model_name}: one field saved", *alternately(*pair)))
    project = Project.objects.exclude(stage__in=("completed", "cancelled", "operating")).order_by("pk").first()
    client.force_login(controller())
    route = f"{name(StatusUpdate)}_add"
    pair = adding(client, f"admin:{route}", project), adding(client, f"{PLAIN}:{route}", project)
    return [*found, ("statusupdate: one added", *alternately(*pair))]


def controller() -> Any:
    from django.contrib.auth.models import Group

    user = get_user_model().objects.create_user("bench-controller", is_staff=True)
    user.groups.add(Group.objects.get(name="controller"))
    return user


def name(model: Any) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def growth(client: Client) -> list[tuple[str, float, float]]:
    """A project's form and page with a thousand reports against those of one with three."""
    from projects.models import Project, StatusUpdate

    many, few = Project.objects.order_by("-pk")[:2]
    author: Any = get_user(client)
    for project, number in ((many, 1000), (few, 3)):
        for _report in range(number - StatusUpdate.objects.filter(project=project).count()):
            StatusUpdate.objects.create(
                project=project, stage="in_progress", confidence="on_track", text="Walls.", author=author
            )
    forms = [getting(client, f"/admin/projects/project/{project.pk}/change/") for project in (many, few)]
    pages = [getting(client, project.get_absolute_url()) for project in (many, few)]
    return [
        ("project's form, 1000 reports and 3", *alternately(*forms)),
        ("project's page, 1000 reports and 3", *alternately(*pages)),
    ]


def changing(client: Client, route: str, record: Any) -> Callable[[int], float]:
    """Sends the record's form with another name each time; the seconds of the sending alone."""
    address = reverse(route, args=[record.pk])
    shown = address.replace(f"/{PLAIN}/", "/admin/")  # The plain pages would need the plain templates.

    def send(number: int) -> float:
        data = {**form_data(client.get(shown, secure=True)), **(plain_form(record) if shown != address else {})}
        return sent(client, address, {**data, "name": f"Measured {number} {address}"})

    return send


def adding(client: Client, route: str, project: Any) -> Callable[[int], float]:
    """Sends a new report for the project."""
    address = reverse(route)
    shown = address.replace(f"/{PLAIN}/", "/admin/")

    def send(number: int) -> float:
        data = form_data(client.get(shown, {"project": project.pk}, secure=True))
        report = {"project": project.pk, "stage": "in_progress", "confidence": "on_track", "text": f"Walls {number}."}
        return sent(client, address, {**data, "state": "draft", **report})

    return send


def getting(client: Client, address: str) -> Callable[[int], float]:
    def get(_number: int) -> float:
        began = time.perf_counter()
        answer = client.get(address, secure=True)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code}")
        return time.perf_counter() - began

    return get


def sent(client: Client, address: str, data: dict[str, Any]) -> float:
    began = time.perf_counter()
    answer = client.post(address, data, secure=True)
    spent = time.perf_counter() - began
    if answer.status_code != 302:
        form = answer.context["adminform"].form
        raise SystemExit(f"{address}: not saved, {answer.context['errors'] or form.errors}")
    return spent


def plain_form(record: Any) -> dict[str, Any]:
    """What a form of all the model's fields would send back: ours does not offer what changes by verbs."""
    return filled(modelform_factory(type(record), fields="__all__")(instance=record))


def form_data(shown: Any) -> dict[str, Any]:
    """What a browser would send back of a form as it is shown."""
    formsets = [inline.formset for inline in shown.context["inline_admin_formsets"]]
    found = {
        f"{formset.prefix}-{field}": value
        for formset in formsets
        for field, value in formset.management_form.initial.items()
    }
    for form in [shown.context["adminform"].form, *[form for formset in formsets for form in formset.initial_forms]]:
        found |= filled(form)
    return found


def filled(form: Any) -> dict[str, Any]:
    values = {field.html_name: field.value() for field in form}
    return {field: value for field, value in values.items() if value not in (None, False)}


def alternately(one: Callable[[int], float], other: Callable[[int], float]) -> tuple[float, float]:
    """The medians of both in milliseconds, taken in turns so that a busy machine bears on both."""
    spent = [(one(number), other(number)) for number in range(RUNS)]
    first, second = (1000 * statistics.median(times) for times in zip(*spent, strict=True))
    return first, second


if __name__ == "__main__":
    main()
