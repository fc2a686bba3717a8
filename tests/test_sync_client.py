"""The client of docs/clients against a real server, while others write.

`SYNC_EDITS=10000` (`make sync`) is the long form of the replay.
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.db.models import ProtectedError

from agreements.models import Roadmap, RoadmapArea, RoadmapItem
from config.api import RESOURCES, SHAPES
from partners.models import Contact, Partner, PartnerAlias, Sector
from projects.models import Milestone, Project, ProjectParty
from tests.builders import grow
from tests.site import serve

CLIENT = settings.BASE_DIR / "docs" / "clients" / "sync_sqlite.py"
EDITS, WRITERS = int(os.environ.get("SYNC_EDITS", "400")), 4


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "client") as site:
        author = site.user("officer", "the-author")
        site.user("viewer", "copier")
        with site.database():
            grow(author, 10)
        yield site


@pytest.fixture
def synchronise(site, tmp_path):
    """Runs the client; its status and what it said. `synchronise.file` is the copy."""
    with site.database():
        said = StringIO()
        call_command("create_token", "copier", stdout=said)
    variables = {"PATH": os.environ["PATH"], "PACTA_URL": site.url, "PACTA_TOKEN": said.getvalue().strip()}

    def run(**more):
        done = subprocess.run([sys.executable, CLIENT, run.file], env=variables | more, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    run.file = tmp_path / "register.sqlite"
    return run


# What the writers do; each takes a source of chance of his own.


def chosen(chance, model):
    rows = model.objects.order_by("pk").values_list("pk", flat=True)
    return model.objects.filter(pk=chance.choice(list(rows)))


def rename(chance):
    chosen(chance, chance.choice([Partner, Sector, Project, RoadmapItem, RoadmapArea, Milestone])).update(
        name=f"Named {chance.random()}"
    )


def annotate(chance):
    chosen(chance, RoadmapItem).update(note=f"Noted {chance.random()}")


def add(chance):
    partner, roadmap, project = (chosen(chance, model).get() for model in (Partner, Roadmap, Project))
    chance.choice([
        lambda: Sector.objects.create(name=f"Sector {chance.random()}"),
        lambda: partner.aliases.create(text=f"Alias {chance.random()}", kind="former"),
        lambda: RoadmapItem.objects.create(roadmap=roadmap, name=f"Item {chance.random()}"),
        lambda: Contact.objects.create(partner=partner, full_name="Somebody"),
        lambda: project.milestones.create(name=f"Milestone {chance.random()}"),
        lambda: project.parties.create(partner=partner, role="beneficiary"),
    ])()  # fmt: skip


def link(chance):
    partner, project = chosen(chance, Partner).get(), chosen(chance, Project).get()
    sector, item = chosen(chance, Sector).get(), chosen(chance, RoadmapItem).get()
    for relation, row in ((partner.sectors, sector), (project.items, item)):
        chance.choice([relation.add, relation.remove])(row)


def move(chance):
    chosen(chance, RoadmapItem).filter(area=None).update(roadmap=chosen(chance, Roadmap).get())
    chosen(chance, PartnerAlias).update(partner=chosen(chance, Partner).get())


def remove(chance):
    model = chance.choice([Sector, PartnerAlias, RoadmapItem, Contact, Milestone, ProjectParty, RoadmapArea])
    if model.objects.count() > 5:
        chosen(chance, model).get().delete()


DEEDS = [rename, rename, annotate, add, add, link, move, remove, remove]


class ChangedMyMind(Exception):
    """The writer rolls his transaction back."""


def write(number):
    """A writer's share of the edits: transactions of one to four, left open for a while, some rolled back."""
    chance = random.Random(number)  # noqa: S311  no secret
    done = 0
    while done < EDITS / WRITERS:
        deeds = chance.randint(1, 4)
        try:
            with transaction.atomic():
                for deed in chance.choices(DEEDS, k=deeds):
                    deed(chance)
                time.sleep(chance.random() * 0.02)
                if chance.random() < 0.1:
                    raise ChangedMyMind
            done += deeds
        except (Error, ProtectedError, ChangedMyMind):
            continue
        except (Partner.DoesNotExist, RoadmapItem.DoesNotExist, Sector.DoesNotExist):
            continue
    connection.close()
    return done


def plain(value):
    """A record without the names of the records that it refers to, and the order by these: they stand elsewhere."""
    if isinstance(value, list):
        return sorted((plain(part) for part in value), key=str)
    if isinstance(value, dict):
        is_link = set(value) == {"id", "reference", "name"}
        return value["id"] if is_link else {name: plain(part) for name, part in value.items()}
    return value


def in_database():
    """Every record that a viewer sees, as the API gives it."""
    for resource in RESOURCES:
        if resource.route in {"contacts"}:
            continue
        rows = resource.model.objects.all()
        hidden = {"status-updates": {"state": "draft"}, "evidence": {"update__state": "draft"}}.get(resource.route)
        ids = (rows.exclude(**hidden) if hidden else rows).values_list("pk", flat=True)
        for pk, _version, body in SHAPES[resource.route].bodies(ids):
            yield (resource.route, pk), plain(json.loads(body))


def in_copy(file):
    with sqlite3.connect(file) as copy:
        rows = copy.execute("SELECT resource, id, body FROM record").fetchall()
    return {(resource, pk): plain(json.loads(body)) for resource, pk, body in rows}


def test_the_copy_equals_the_register_row_by_row_after_random_edits_by_parallel_writers(site, synchronise):
    runs, began = [], time.monotonic()
    with site.database():
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(write, number) for number in range(WRITERS)]
            while wait(writers, timeout=0).not_done:
                runs.append(synchronise()[0])
        wrote = time.monotonic() - began
        assert synchronise()[0] == 0
        assert in_copy(synchronise.file) == dict(in_database())
    edits, records = sum(writer.result() for writer in writers), len(in_copy(synchronise.file))
    sys.stdout.write(
        f"\n{edits} edits in {wrote:.0f} s, {len(runs)} runs of the client beside, {records} records equal\n"
    )
    assert edits >= EDITS
    assert set(runs) <= {0, 3}


def test_the_client_goes_on_where_it_stopped_and_finds_a_fault_in_its_copy(site, synchronise):
    assert synchronise()[0] == 0
    with sqlite3.connect(synchronise.file) as copy:
        before = copy.execute("SELECT count(*), max(rowid) FROM record").fetchone()
    with site.database():
        Sector.objects.create(name="Since then")
    assert synchronise()[0] == 0
    with sqlite3.connect(synchronise.file) as copy:
        assert copy.execute("SELECT count(*), max(rowid) FROM record").fetchone() == (before[0] + 1, before[1] + 1)
        copy.execute("DELETE FROM record WHERE body ->> '$.name' = 'Since then'")
        copy.execute("UPDATE record SET body = json_set(body, '$.version', 99) WHERE resource = 'roadmaps'")
    copy.close()
    status, said = synchronise()
    assert status == 2, said
    assert [line.split()[0] for line in said.splitlines()] == ["sectors", "roadmaps"]


def test_the_client_starts_anew_when_the_register_says_so(site, synchronise):
    assert synchronise()[0] == 0
    with sqlite3.connect(synchronise.file) as copy:
        copy.execute("INSERT INTO record VALUES ('sectors', 999999, 1, '', '{}')")
    with site.database():
        from django.contrib.auth import get_user_model
        from django.contrib.auth.models import Group

        get_user_model().objects.get(username="copier").groups.add(Group.objects.get(name="controller"))
    status, said = synchronise()
    assert (status, "start anew" in said) == (0, True)
    with sqlite3.connect(synchronise.file) as copy:
        assert copy.execute("SELECT count(*) FROM record WHERE id = 999999").fetchone() == (0,)
        assert copy.execute("SELECT count(*) FROM record WHERE resource = 'contacts'").fetchone() > (0,)
    with site.database():
        get_user_model().objects.get(username="copier").groups.set(Group.objects.filter(name="viewer"))


@pytest.mark.parametrize("wrong", [{"PACTA_TOKEN": "no-such-token"}, {"PACTA_URL": "http://127.0.0.1:9"}])
def test_the_client_says_what_keeps_it_from_reading(synchronise, wrong):
    status, said = synchronise(**wrong)
    assert status == 1
    assert "The register could not be asked" in said
