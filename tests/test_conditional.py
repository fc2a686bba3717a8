"""Who has an answer already is not sent it again: ETag and 304 on records, lists and reports."""

import pytest

from partners.models import Partner
from tests.builders import grow

pytestmark = pytest.mark.django_db
ADDRESSES = ["partners/", "partners/{pk}/", "projects/?overdue=true", "reports/overdue/", "reports/roadmaps/"]


@pytest.fixture
def ask(client, controller):
    client.force_login(controller)
    grow(controller)
    pk = Partner.objects.order_by("pk").last().pk
    return lambda path, **headers: client.get("/api/v1/" + path.format(pk=pk), headers=headers)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_unchanged_answer_is_304_without_a_body(ask, address):
    first = ask(address)
    again = ask(address, **{"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again["ETag"] == first["ETag"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_changed_answer_is_sent_whole(ask, controller, address):
    tag = ask(address)["ETag"]
    Partner.objects.all().update(note="moved")
    grow(controller)
    again = ask(address, **{"If-None-Match": tag})
    assert (again.status_code, again["ETag"] != tag) == (200, True)


def test_a_weak_tag_and_a_list_of_tags_are_understood(ask):
    tag = ask("partners/")["ETag"]
    assert ask("partners/", **{"If-None-Match": f'"other", W/{tag}'}).status_code == 304


def test_an_error_is_never_304(ask):
    assert ask("partners/?colour=red", **{"If-None-Match": "*"}).status_code == 400


def test_a_file_is_not_to_be_kept(ask):
    assert ask("partners/?format=csv")["Cache-Control"] == "private, no-store"


def test_answers_may_be_kept_by_their_reader_only(ask):
    for address in [*ADDRESSES, "partners/?colour=red"]:
        assert "private" in ask(address)["Cache-Control"], address
