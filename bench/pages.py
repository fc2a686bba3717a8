"""How long each page takes on the register that DATABASE_URL names: the median of some runs, in one process.

`python manage.py generate --items 1000000` into a new database, VACUUM ANALYZE, then `python -m bench.pages`.
"""

import os
import statistics
import sys
import time
from uuid import uuid4

import django
from django.db import transaction
from django.test import Client

RUNS = 5


def main() -> None:
    """One line a page: median milliseconds, kilobytes, address. Leaves nothing behind."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    with transaction.atomic():
        client = reader()
        for address in addresses():
            spent = []
            for _run in range(RUNS):
                began = time.perf_counter()
                answer = client.get(address, secure=True)
                spent.append(time.perf_counter() - began)
                if answer.status_code != 200:
                    raise SystemExit(f"{address}: {answer.status_code}")
            size = len(answer.content) // 1024
            sys.stdout.write(f"{1000 * statistics.median(spent):8.0f} ms {size:6} KiB  {address}\n")
        transaction.set_rollback(True)


def reader() -> Client:
    from django.contrib.auth import get_user_model

    client = Client(HTTP_HOST="localhost")
    client.force_login(get_user_model().objects.create_superuser(f"bench-{uuid4()}", "bench@localhost", None))
    return client


def addresses() -> list[str]:
    from agreements.models import Agreement, Roadmap, RoadmapItem
    from oversight.listing import LISTINGS
    from partners.models import Partner
    from projects.models import Project

    records = [model.objects.order_by("pk").first() for model in (Roadmap, RoadmapItem, Project, Partner, Agreement)]
    admin = ["agreements/roadmapitem", "projects/project", "projects/statusupdate", "partners/partner"]
    return [
        *("/", "/overdue/", "/overdue/?group=lead", "/overdue/?group=partner", "/overdue/?search=measure"),
        *("/due/", "/due/?group=lead", "/silent/", "/slippage/", "/slippage/?by=lead", "/terms/", "/findings/"),
        *("/compare/?since=2026-06-30", "/search/?q=measure", "/search/?q=mesaure"),
        *(f"/{name}/" for name in LISTINGS),
        *(record.get_absolute_url() for record in records if record),
        "/admin/",
        *(f"/admin/{name}/" for name in admin),
        *(f"/admin/{name}/?overdue=yes" for name in admin[:2]),
        *(f"/admin/{name}/?q=measure" for name in admin[:2]),
    ]


if __name__ == "__main__":
    main()
