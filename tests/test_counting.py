"""Lists count no further than it tells anybody something, and say so; in the admin as on the pages."""

import re

import pytest

from doors import counting
from partners.models import Partner

pytestmark = pytest.mark.django_db

LISTS = ["/partners/", "/admin/partners/partner/", "/admin/partners/partner/?q=town"]


@pytest.fixture
def reader(client, cast):
    client.force_login(cast("controller", is_superuser=True))
    for n in range(8):
        Partner.objects.create(name=f"Town {n}", kind="city", country="CN")
    return client


def shown(client, address):
    """What the page says in words."""
    return re.sub(r"<[^>]+>|\s+", " ", client.get(address).content.decode())


@pytest.mark.parametrize("address", LISTS)
def test_a_short_list_is_counted_to_the_end(reader, address):
    text = shown(reader, address)
    assert re.search(r"\b8\b", text)
    assert "8+" not in text


@pytest.mark.parametrize("address", LISTS)
def test_a_long_list_says_that_there_are_more(reader, address, monkeypatch):
    monkeypatch.setattr(counting, "MOST_COUNTED", 5)
    assert "5+" in shown(reader, address)


@pytest.mark.parametrize("address", LISTS)
def test_no_query_counts_further(reader, address, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(counting, "MOST_COUNTED", 5)
    with django_assert_max_num_queries(50) as asked:
        reader.get(address)
    counts = [query["sql"] for query in asked.captured_queries if "COUNT(*)" in query["sql"]]
    assert counts
    assert all("LIMIT 6" in sql for sql in counts if "partners_partner" in sql)
