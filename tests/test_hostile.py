"""What a client may send and must not break anything with: each is refused or read, and none is a 500 (or a guess)."""

import json

import pytest
from django.contrib import admin
from django.urls import reverse

from agreements.models import RoadmapItem
from config.api import RESOURCES
from config.urls import RECORDS
from partners.models import Partner
from projects.models import Project

pytestmark = pytest.mark.django_db

# Values that a parser, a date, a number, a regular expression or PostgreSQL stumbles over.
VALUES = [
    *["\x00", "a\x00b", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "%", "(((", "[a-", "\\"],
    *["99999", "-5", "9" * 20, "9" * 400, "1e400", "NaN", "Infinity", "0x10", "²", "٣", "true", "null", "{}", "[]"],
    *["0000-00-00", "99999-01-01", "2024-02-30", "2024-13", "-0001", "9999-12-31", "0001-01-01", "../../etc/passwd"],
    *["' OR 1=1 --", "'; DROP TABLE x; --", "<script>alert(1)</script>", "x" * 5000, "\u202e\u2028", "💥", "=1+1"],
]
LISTS = ["/", "/overdue/", "/due/", "/silent/", "/terms/", "/slippage/", "/compare/", "/findings/", "/search/",
         "/partners/", "/agreements/", "/roadmaps/", "/projects/", "/meetings/", "/working-groups/"]  # fmt: skip
WORDS = ["q", "search", "on", "as_of", "since", "within", "partner", "roadmap", "lead", "sector", "status", "stage",
         "kind", "due_before", "due_within", "overdue", "silent", "ordering", "cursor", "page_size", "group", "count",
         "modified_since", "format", "state", "nonsense"]  # fmt: skip


@pytest.fixture
def reader(client, cast):
    client.force_login(cast("administrator", is_superuser=True))
    client.raise_request_exception = False
    return client


@pytest.fixture
def register():
    partner = Partner.objects.create(reference="H-P1", name="Lvov", kind="city", country="UA")
    project = Project.objects.create(reference="H-J1", name="Laboratory", stage_at_entry="planned", lead=partner)
    return partner, project


def failures(reader, requests):
    """The requests that were answered by a 500 or worse."""
    found = {}
    for address, query in requests:
        answer = reader.get(address, query)
        if answer.status_code >= 500:
            found[address, *query.items()] = answer.status_code
    return found


def each_value_somewhere(addresses, words, number):
    """Some values for each word at each address, others at the next: a word meets all of them, not all everywhere."""
    for row, address in enumerate(addresses):
        for column, word in enumerate(words):
            for step in range(number):
                yield address, {word: VALUES[(row * number + column + step) % len(VALUES)]}


@pytest.mark.parametrize("part", range(3))
def test_no_page_breaks_over_a_parameter(reader, register, part):
    assert failures(reader, each_value_somewhere(LISTS, WORDS[part::3], 3)) == {}


def test_no_list_of_the_api_breaks_over_a_parameter(reader, register):
    pages = [f"/api/v1/{name}/" for name in ("projects", "roadmap-items", "reports/overdue", "changes", "indicators")]
    assert failures(reader, each_value_somewhere(pages, WORDS, 8)) == {}


def test_no_resource_breaks_over_a_filter_of_its_own(reader, register):
    for resource in RESOURCES:
        words = sorted(resource.filterset.base_filters)
        assert failures(reader, each_value_somewhere([f"/api/v1/{resource.route}/"], words, 4)) == {}


def test_no_page_breaks_over_a_query_that_is_no_text(reader, register):
    pages = [
        f"{page}?{word}=%ff%fe%00" for page in [*LISTS, "/api/v1/projects/"] for word in ("search", "q", "partner")
    ]
    assert failures(reader, [(page, {}) for page in pages]) == {}


def test_no_record_breaks_over_its_name_in_the_address(reader, register):
    folders = [folder for folder, _model in RECORDS.values()]
    odd = ["%00", "%ff", "..%2f..", "9" * 400, "%F0%9F%92%A5", "%27", "a%0d%0ab"]
    pages = [f"/{folder}/{name}/" for folder in folders for name in odd]
    pages += [f"/api/v1/projects/{name}/" for name in [*odd, "-1", "1e5", "9" * 19, "9" * 30]]
    pages += [f"/admin/projects/project/{name}/change/" for name in [*odd, "9" * 30]]
    assert failures(reader, [(page, {}) for page in pages]) == {}


def test_no_list_of_the_admin_breaks_over_its_parameters(reader, register):
    pages = [reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in admin.site._registry]
    odd = [{"q": "\x00"}, {"q": "(((" * 50}, {"p": "notadate"}, {"o": "99.-5.x"}, {"id__exact": "9" * 30}, {"e": "1"},
           {"date__year": "99999"}, {"name__regex": "(a|a)*b"}, {"created_by__password__startswith": "p"}]  # fmt: skip
    assert failures(reader, [(page, query) for page in pages for query in odd]) == {}


BODIES = {
    "not JSON": b"{",
    "not UTF-8": b"\xff\xfe",
    "a NUL": rb'{"note": "a\u0000b"}',
    "half a character": rb'{"note": "\ud800"}',
    "a number without end": b'{"version": 1e999}',
    "NaN": b'{"declared_items": NaN}',
    "nested": b'{"note": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a list": b"[]",
    "a word": b'"note"',
    "types": b'{"name": {"a": 1}, "lead": [], "due": 5, "note": false}',
    "large": b'{"note": "' + b"x" * 3_000_000 + b'"}',
    "unknown": b'{"password": "x", "is_superuser": true}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_no_body_breaks_the_api_and_none_that_is_wrong_changes_anything(reader, register, body):
    project = register[1]
    before = Project.objects.values().get(pk=project.pk)
    for method, address in (
        ("patch", f"/api/v1/projects/{project.pk}/"),
        ("post", "/api/v1/projects/"),
        ("post", f"/api/v1/projects/{project.pk}/status-updates/"),
    ):
        answer = getattr(reader, method)(address, body, content_type="application/json", headers={"If-Match": '"1.x"'})
        assert (address, 400 <= answer.status_code < 500) == (address, True), answer.content[:300]
        assert json.loads(answer.content)["status"] == answer.status_code
    assert Project.objects.values().get(pk=project.pk) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Accept": "image/png"}, 406),
        ({"If-Match": "\xff" * 50}, 200),
        ({"Authorization": "Bearer " + "x" * 5000}, 401),
        ({"Authorization": "Bearer \xff"}, 401),
        ({"Cookie": "sessionid=\x01\xff"}, 401),
        ({"Accept-Language": "*" * 600}, 200),
        ({"If-None-Match": '"' * 999}, 200),
    ],
)
def test_no_header_breaks_the_api(reader, register, headers, status):
    assert reader.get("/api/v1/projects/", headers=headers).status_code == status


def test_a_record_that_others_refer_to_is_not_deleted_and_says_why(reader, register):
    partner, _project = register
    answer = reader.delete(f"/api/v1/partners/{partner.pk}/", headers={"If-Match": '"1.x"'})
    assert answer.status_code in {405, 409}
    page = reader.post(f"/admin/partners/partner/{partner.pk}/delete/", {"post": "yes"})
    assert page.status_code in {200, 403}
    assert Partner.objects.filter(pk=partner.pk).exists()


def test_no_login_breaks(client):
    client.raise_request_exception = False
    for name in ("\x00", "x" * 100_000, "a\udcffb".encode("utf-8", "surrogateescape").decode("latin-1"), ""):
        assert client.post("/accounts/login/", {"username": name, "password": "\x00"}).status_code in {200, 429}
    assert client.post("/accounts/login/", b"\xff", content_type="application/json").status_code in {200, 429}
    assert RoadmapItem.objects.count() == 0
