"""Search: endings, accents, aliases, slips of the pen, and the cost of a word that is everywhere."""

import pytest
from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection

from agreements.models import Roadmap, RoadmapItem
from oversight import finding
from partners.models import Partner, PartnerAlias

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A busy machine is no reason to find nothing."""
    monkeypatch.setattr(finding, "PATIENCE", 10_000)


@pytest.fixture
def partners():
    university = Partner.objects.create(name="Universidad de Camagüey", name_ru="", kind="university", country="CU")
    ministry = Partner.objects.create(
        name="Ministry of Agriculture",
        name_ru="Министерство сельского хозяйства",
        name_ru_origin="ours",
        kind="authority",
        country="GQ",
    )
    state = Partner.objects.create(name="Equatorial Guinea", kind="state", country="GQ")
    PartnerAlias.objects.create(partner=state, text="Экваториальная Гвинея", kind="other_language")
    return {"university": university, "ministry": ministry, "state": state}


def names(answer):
    return [row.name for group in answer.groups for row in group.rows]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("camaguey", "Universidad de Camagüey"),
        ("AGRICULTUR", "Ministry of Agriculture"),
        ("ministries", "Ministry of Agriculture"),
        ("министерством хозяйство", "Ministry of Agriculture"),
        ("экваториальной", "Equatorial Guinea"),
        ("guinea equatorial", "Equatorial Guinea"),
    ],
)
def test_a_record_is_found_by_part_ending_accent_alias_and_language(partners, words, expected):
    answer = finding.find(words)
    assert names(answer) == [expected]
    assert not answer.similar


@pytest.mark.parametrize("words", ["camagueyy", "agricalture", "экваторальная", "equatoriall gunea"])
def test_a_misspelled_word_finds_what_looks_like_it_and_says_so(partners, words):
    answer = finding.find(words)
    assert len(names(answer)) == 1
    assert answer.similar


def test_a_word_in_no_record_finds_nothing(partners):
    assert finding.find("xylophone").groups == []


@pytest.mark.parametrize("words", ["kaolin%", "_", "\\", "'; --", "&|!", "<->"])
def test_signs_of_patterns_and_queries_are_plain_text(partners, words):
    assert names(finding.find(words)) == []
    Partner.objects.create(name=f"Share {words} of trade", kind="enterprise", country="CN")
    assert names(finding.find(words)) == [f"Share {words} of trade"]


def test_the_likeliest_stands_first(partners):
    Partner.objects.create(name="Equatoriality and Guineaness Institute", kind="enterprise", country="CN")
    assert names(finding.find("equatorial guinea")) == ["Equatorial Guinea", "Equatoriality and Guineaness Institute"]


def test_more_rows_of_a_kind_are_a_link_away(client, cast, partners):
    roadmap = Roadmap.objects.create(name="Roadmap", counterpart=partners["state"], status="signed", period="2024")
    client.force_login(cast("viewer"))
    RoadmapItem.objects.bulk_create(
        RoadmapItem(reference=f"S-J{number}", roadmap=roadmap, name=f"Sawmill {number}") for number in range(15)
    )
    page = client.get("/search/?q=sawmill").content.decode()
    assert page.count("/roadmap-items/S-J") == finding.SHOWN
    assert "?q=sawmill&amp;kind=roadmap-items" in page
    assert client.get("/search/?q=sawmill&kind=roadmap-items").content.decode().count("/roadmap-items/S-J") == 15
    assert client.get("/search/?q=sawmill&kind=people").status_code == 404


@pytest.mark.parametrize("model", finding.KINDS.values(), ids=finding.KINDS)
@pytest.mark.parametrize("word", ["search", "resembling"])
def test_the_indexes_answer_to_the_words(model, word):
    rows = getattr(model.objects.order_by(), word)("sawmill")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = rows.explain()
    assert "_trigrams" in plan


def test_a_migration_may_take_longer_than_a_request():
    """An index of a large register is not built within the seconds that a page may take."""

    def limit():
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return cursor.fetchone()[0]

    emit_pre_migrate_signal(0, False, connection.alias)
    during = limit()
    emit_post_migrate_signal(0, False, connection.alias, apps=apps, plan=[])
    assert (during, limit()) == ("0", "15s")


def test_looking_for_a_misspelled_word_takes_no_longer_than_it_may(partners, monkeypatch):
    monkeypatch.setattr(finding, "PATIENCE", 50)
    slow = Partner.objects.extra(where=["pg_sleep(0.2) IS NOT NULL"])
    assert finding._in_time(slow) == []
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] == "15s"
    monkeypatch.setattr(finding, "PATIENCE", 10_000)
    assert finding._in_time(Partner.objects.filter(kind="state")) == [partners["state"]]
