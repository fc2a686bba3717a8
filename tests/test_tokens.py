"""Tokens: what they open, for whom, from where, until when, and the trace they leave."""

import logging
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, ServiceAccount, Token, User
from accounts.tokens import known_resources
from partners.models import Partner, Sector
from tests.builders import form_data

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def made(clock, cast):
    """Makes a token of a viewer, or of somebody else, and gives it with its key."""

    def make(user=None, days=30, **limits):
        user = user or User.objects.filter(username="the-viewer").first() or cast("viewer")
        token = Token(user=user, name="Nightly copy", expires_at=timezone.now() + timedelta(days=days), **limits)
        return token, token.issue(by=None)

    return make


@pytest.fixture
def ask(client):
    def ask(key, path="/api/v1/sectors/", address="192.0.2.7"):
        return client.get(path, headers={"Authorization": f"Bearer {key}"}, REMOTE_ADDR=address)

    return ask


# What lets in


def test_a_token_lets_in_until_its_last_moment(made, ask, clock):
    _token, key = made(days=1)
    clock.shift(timedelta(days=1, seconds=-1))
    assert ask(key).status_code == 200
    clock.shift(timedelta(seconds=1))
    assert ask(key).status_code == 401


@pytest.mark.parametrize(
    "ways", [["revoked"], ["expired"], ["account"], ["network"], ["revoked", "expired", "network"]]
)
def test_a_refusal_says_why_to_who_holds_the_key_and_to_the_log(made, ask, clock, caplog, ways):
    token, key = made(networks=[ip_network("198.51.100.0/24")])
    assert ask(key, address="198.51.100.9").status_code == 200
    if "revoked" in ways:
        token.revoke(by=None, now=timezone.now())
    if "expired" in ways:
        clock.shift(timedelta(days=31))
    if "account" in ways:
        User.objects.update(is_active=False)
    with caplog.at_level(logging.WARNING, "pacta.audit"):
        answer = ask(key, address="192.0.2.7" if "network" in ways else "198.51.100.9")
    words = {"revoked": "revoked", "expired": "expired", "account": "closed", "network": "address"}[ways[0]]
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert words in answer.json()["detail"]
    assert answer["WWW-Authenticate"].startswith('Bearer realm="pacta", error="invalid_token"')
    assert words in answer["WWW-Authenticate"]
    assert f"refused: {ways[0]} token {token.pk}" in caplog.text
    assert key not in caplog.text + answer.content.decode()


def test_an_unknown_key_learns_nothing_whatever_is_near_it(made, ask, caplog):
    token, key = made()
    token.revoke(by=None, now=timezone.now())
    wrong = [
        key[:-1] + ("0" if key[-1] != "0" else "1"),
        "pacta_" + "0" * 64,
        key[:15],
        "",
        "ü" * 50,
        "a\tb c",
        "x" * 5000,
    ]
    answers = [ask(text) for text in wrong]
    assert {answer.status_code for answer in answers} == {401}
    told = {(answer.json()["detail"], answer["WWW-Authenticate"]) for answer in answers}
    assert told == {
        (
            "This token is not known.",
            'Bearer realm="pacta", error="invalid_token", error_description="The token is unknown"',
        )
    }
    assert "token - from 192.0.2.7" in caplog.text
    assert not any(text in caplog.text for text in (key[:15], wrong[1]))


def test_without_any_token_the_answer_blames_none(client):
    answer = client.get("/api/v1/sectors/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="pacta"')
    assert answer["Cache-Control"] == "private, no-store"


def test_token_user_and_roles_are_one_query(made, ask, cast):
    Sector.objects.create(name="Milk")
    _token, key = made(cast("controller"))
    ask(key)
    with CaptureQueriesContext(connection) as captured:
        assert ask(key).json()["results"][0]["name"] == "Milk"
    asked = [query["sql"] or "" for query in captured.captured_queries]
    of_people = [sql for sql in asked if "accounts_" in sql or "auth_" in sql or "django_session" in sql]
    assert len(of_people) == 1, of_people
    assert all(table in of_people[0] for table in ("accounts_token", "accounts_user", "auth_group"))


def test_the_roles_that_come_with_the_token_are_those_of_its_user(made, cast):
    user = cast("officer")
    user.groups.add(*cast("controller").groups.all())
    _token, key = made(user)
    assert Token.objects.of_key(key).user.roles == {Role.OFFICER, Role.CONTROLLER}
    alone = User.objects.create(username="nobody-yet")
    _token, key = made(alone)
    assert Token.objects.of_key(key).user.roles == frozenset()
    assert Token.objects.of_key(key[:-1]) is None


def test_a_limited_token_reaches_its_resources_only(client, made, ask, cast):
    partner = Partner.objects.create(name="Guinea", kind="state", country="GQ")
    _token, key = made(resources=["partners", "reports"])
    allowed = ["partners/", f"partners/{partner.pk}/", "reports/overdue/", "reports/gaps/"]
    assert {ask(key, f"/api/v1/{path}").status_code for path in allowed} == {200}
    answer = ask(key, "/api/v1/projects/")
    assert (answer.status_code, "limited" in answer.json()["detail"]) == (403, True)
    _token, key = made(cast("controller"), resources=["partners"], may_write=True)
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/api/v1/projects/{partner.pk}/status-updates/"
    assert client.post(path, {}, headers=headers).status_code == 403


def test_resources_are_the_first_words_of_the_apis_addresses():
    assert {"partners", "projects", "roadmap-items", "reports"} <= set(known_resources())
    assert not {"", "schema", "docs", "v1"} & set(known_resources())


@pytest.mark.parametrize(
    ("networks", "address", "code"),
    [
        (["192.0.2.0/24", "2001:db8::/32"], "192.0.2.255", 200),
        (["192.0.2.0/24", "2001:db8::/32"], "2001:db8:9::1", 200),
        (["192.0.2.0/24", "2001:db8::/32"], "::ffff:192.0.2.1", 200),
        (["192.0.2.0/24", "2001:db8::/32"], "192.0.3.0", 401),
        (["192.0.2.0/24"], "2001:db8::1", 401),
        (["0.0.0.0/0"], "", 401),
        ([], "", 200),
    ],
)
def test_networks_are_kept_by_the_database_and_asked_of_each_request(made, ask, networks, address, code):
    token, key = made(networks=[ip_network(text) for text in networks])
    token.refresh_from_db()
    assert [str(found) for found in token.networks] == networks
    assert ask(key, address=address).status_code == code


def test_a_clients_own_word_for_its_address_opens_nothing(made, client, settings):
    _token, key = made(networks=[ip_network("192.0.2.0/24")])
    headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": "192.0.2.7"}
    assert client.get("/api/v1/sectors/", headers=headers, REMOTE_ADDR="10.0.0.5").status_code == 401
    settings.TRUSTED_PROXIES = (ip_network("10.0.0.5/32"),)
    assert client.get("/api/v1/sectors/", headers=headers, REMOTE_ADDR="10.0.0.5").status_code == 200
    headers["X-Forwarded-For"] = "192.0.2.7, 203.0.113.1"
    assert client.get("/api/v1/sectors/", headers=headers, REMOTE_ADDR="10.0.0.5").status_code == 401


# Use and trace


def test_use_is_noted_once_a_minute(made, ask, clock):
    token, key = made()
    noted = []
    for seconds, address in [(0, "192.0.2.1"), (59, "192.0.2.2"), (1, "2001:db8::1")]:
        clock.shift(timedelta(seconds=seconds))
        ask(key, address=address)
        token.refresh_from_db()
        noted.append((token.last_used_at - NOW, token.last_used_from))
    first, later = (timedelta(0), "192.0.2.1"), (timedelta(seconds=60), "2001:db8::1")
    assert noted == [first, first, later]


def test_a_look_at_a_past_day_and_a_refusal_note_no_use(made, ask):
    token, key = made(networks=[ip_network("192.0.2.7/32")])
    assert ask(key, "/api/v1/sectors/?as_of=2026-02-01").status_code == 200
    assert ask(key, address="192.0.2.8").status_code == 401
    token.refresh_from_db()
    assert token.last_used_at is None


def test_a_database_that_does_not_write_refuses_no_reader(made, ask, caplog):
    token, key = made()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        assert ask(key).status_code == 200
        transaction.set_rollback(True)
    assert f"the use of token {token.pk} was not noted" in caplog.text
    token.refresh_from_db()
    assert token.last_used_at is None


def test_a_revocation_keeps_who_and_when_first(made, clock, cast):
    token, _key = made()
    admin, other = cast("administrator"), cast("controller")
    assert token.revoke(by=admin, now=timezone.now())
    clock.shift(timedelta(days=1))
    assert not Token.objects.get().revoke(by=other, now=timezone.now())
    token = Token.objects.get()
    assert (token.revoked_at, token.revoked_by) == (NOW, admin)
    assert not Token.objects.active(NOW).exists()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows.delete(), id="delete"),
        pytest.param(lambda rows: rows.update(revoked_at=None, revoked_by=None), id="come back"),
        pytest.param(lambda rows: rows.update(last_used_at=NOW), id="be used"),
    ],
)
def test_a_revoked_token_stays_as_it_is(made, change):
    made()[0].revoke(by=None, now=NOW)
    with pytest.raises(DatabaseError, match="rows from accounts_token"):
        change(Token.objects.all())


def test_a_token_is_not_widened(made):
    made(networks=[ip_network("192.0.2.0/24")], resources=["partners"])
    for change in ({"may_write": True}, {"expires_at": NOW + timedelta(days=999)}, {"networks": []}, {"resources": []}):
        with pytest.raises(DatabaseError, match="rows from accounts_token"), transaction.atomic():
            Token.objects.update(**change)


@pytest.mark.parametrize(
    ("limits", "field"),
    [({"networks": ["10.0.0.1/8"]}, "networks"), ({"resources": ["secrets"]}, "resources"), ({"name": ""}, "name")],
)
def test_a_wrong_limit_is_named(made, cast, limits, field):
    wrong = {"user": cast("officer"), "name": "x", "expires_at": NOW, **limits}
    with pytest.raises(ValidationError) as told:
        Token(**wrong).issue(by=None)
    assert set(told.value.message_dict) == {field}


# Commands


def test_commands_make_list_and_revoke_tokens(cast, clock, ask, capsys):
    cast("officer", "an-officer")
    limits = ["--resource", "sectors", "--network", "192.0.2.0/24", "--network", "2001:db8::/32", "--name", "Warehouse"]
    call_command("create_token", "an-officer", "--write", *limits)
    key = capsys.readouterr().out.strip()
    assert ask(key).status_code == 200
    call_command("list_tokens")
    listed = capsys.readouterr().out
    shown = ["an-officer", "Warehouse", "writes", "sectors", "192.0.2.0/24,2001:db8::/32", "from 192.0.2.7", key[:15]]
    assert [word for word in shown if word not in listed] == []
    assert key not in listed
    call_command("revoke_token", key[:15], by="an-officer")
    call_command("revoke_token", str(Token.objects.get().pk))
    assert "was revoked before" in capsys.readouterr().out
    assert ask(key).status_code == 401
    call_command("list_tokens")
    assert capsys.readouterr().out == ""
    call_command("list_tokens", "--all", user="an-officer")
    assert "revoked 2026-03-01 15:00 by an-officer" in capsys.readouterr().out


def test_all_tokens_of_a_user_are_revoked_at_once(made, cast):
    made()
    made()
    other, _key = made(cast("officer"))
    call_command("revoke_token", user="the-viewer")
    assert list(Token.objects.active(NOW)) == [other]


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("create_token", ["the-viewer", "--network", "10.0.0.300"], "10.0.0.300"),
        ("create_token", ["the-viewer", "--resource", "secrets"], "secrets"),
        ("revoke_token", ["999999"], "999999"),
        ("revoke_token", ["pacta_"], "pacta_"),
        ("revoke_token", [], "--user"),
        ("create_service_account", ["the-viewer"], "already exists"),
        ("create_service_account", ["copier", "--organisation", "XXX-P1"], "XXX-P1"),
    ],
)
def test_commands_name_what_is_wrong(made, command, arguments, told):
    made()
    with pytest.raises(CommandError, match=told):
        call_command(command, *arguments)


# Service accounts


def test_a_service_account_asks_the_api_and_logs_in_nowhere(client, ask, capsys):
    Partner.objects.create(reference="VIT-P02", name="Executive committee", kind="authority", country="BY")
    call_command("create_service_account", "copier", role="officer", organisation="VIT-P02")
    account = ServiceAccount.objects.get()
    assert account.roles == {Role.OFFICER}
    assert [row.reference for row in account.organisations()] == ["VIT-P02"]
    capsys.readouterr()
    call_command("create_token", "copier")
    assert ask(capsys.readouterr().out.strip(), "/api/v1/contacts/").status_code == 200
    for password in ("", "!", account.password, "None"):
        answer = client.post("/accounts/login/", {"username": "copier", "password": password})
        assert answer.status_code == 200
        assert "sessionid" not in answer.cookies


def test_the_database_gives_a_service_account_no_password_and_no_place_in_the_admin():
    account = ServiceAccount(username="copier")
    account.open(role="viewer")
    account.set_password("a-long-test-passphrase")
    for change in ({"password": account.password}, {"is_staff": True}, {"is_superuser": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.update(**change)


# The administrators' pages


@pytest.fixture
def desk(client, cast):
    admin = cast("administrator")
    client.force_login(admin)
    return admin


WANTED = {"name": "Nightly copy", "expires_at": "2026-12-31", "networks": "192.0.2.0/24\n2001:db8::/32"}


def test_a_token_made_in_the_admin_shows_its_key_once(client, ask, desk, made):
    made()
    user = User.objects.get(username="the-viewer")
    answer = client.post("/admin/accounts/token/add/", {**WANTED, "user": user.pk, "resources": ["sectors"]})
    assert "no-store" in answer["Cache-Control"]
    token = Token.objects.latest("id")
    key = answer.context["token"].key
    assert answer.content.decode().count(key) == 2  # to copy, and in the example
    assert (token.issued_by, token.resources, token.may_write) == (desk, ["sectors"], False)
    assert token.expires_at == datetime(2026, 12, 31, 21, tzinfo=UTC)  # the end of the day in Minsk
    assert ask(key).status_code == 200
    pages = ["/admin/accounts/token/", f"/admin/accounts/token/{token.pk}/change/", "/admin/"]
    assert [page for page in pages if key in client.get(page).content.decode()] == []
    assert not any(key in str(vars(entry)) or token.digest in str(vars(entry)) for entry in LogEntry.objects.all())


@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [
        ({"networks": "192.0.2.0/24\n10.0.0.300"}, "networks", "10.0.0.300"),
        ({"networks": "10.1.2.3/8, 2001:db8::/200"}, "networks", "2001:db8::/200"),
        ({"resources": ["secrets"]}, "resources", "secrets"),
        ({"expires_at": "2026-02-28"}, "expires_at", "ten years"),
        ({"expires_at": "2046-02-28"}, "expires_at", "ten years"),
        ({"name": ""}, "name", "required"),
    ],
)
def test_the_form_of_a_token_names_what_is_wrong(client, clock, desk, wrong, field, told):
    answer = client.post("/admin/accounts/token/add/", {**WANTED, "user": desk.pk, **wrong})
    errors = answer.context["adminform"].form.errors
    assert (set(errors), told in str(errors[field])) == ({field}, True)
    assert not Token.objects.exists()


def test_tokens_are_revoked_in_the_admin_after_a_question(client, ask, desk, made):
    (first, key), (second, _key) = made(), made()
    answer = client.post(
        "/admin/accounts/token/", {"action": "ask_to_revoke", "_selected_action": [first.pk, second.pk]}, follow=True
    )
    assert answer.content.decode().count("Nightly copy") >= 2
    assert ask(key).status_code == 200
    address = answer.redirect_chain[-1][0]
    assert client.post(address, follow=True).status_code == 200
    assert set(Token.objects.values_list("revoked_by__username", flat=True)) == {desk.username}
    assert ask(key).status_code == 401
    assert client.get(address).status_code == 404
    assert client.get(f"/admin/accounts/token/{first.pk}/change/").context["verbs"] == []


@pytest.mark.parametrize("role", ["viewer", "officer", "controller"])
def test_only_administrators_see_tokens_and_service_accounts(client, cast, made, role):
    token, _key = made(cast(role, f"a-{role}"))
    client.force_login(token.user)
    base = "/admin/accounts"
    pages = [f"{base}/token/", f"{base}/token/add/", f"{base}/token/revoke/?id={token.pk}", f"{base}/serviceaccount/"]
    assert {client.get(page).status_code for page in pages} <= {302, 403}
    assert client.post(pages[2]).status_code in {302, 403}
    token.refresh_from_db()
    assert token.revoked_at is None


@pytest.mark.parametrize(("state", "shown"), [("active", 1), ("expired", 1), ("revoked", 1), ("", 3)])
def test_the_list_of_tokens_is_filtered_by_state(client, clock, cast, made, state, shown):
    made(days=1)
    made(days=1)[0].revoke(by=None, now=NOW)
    made(days=90)
    clock.shift(timedelta(days=2))
    client.force_login(cast("administrator"))
    answer = client.get("/admin/accounts/token/", {"state": state} if state else {})
    assert len(answer.context["cl"].result_list) == shown


def test_a_service_account_is_made_and_changed_in_the_admin(client, desk):
    rows = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    page = "/admin/accounts/serviceaccount/add/"
    client.post(page, {"username": "copier", "role": "officer", "is_active": "on", **rows})
    account = ServiceAccount.objects.get()
    assert (account.roles, account.has_usable_password(), account.is_active) == ({Role.OFFICER}, False, True)
    answer = client.post(page, {"username": "copier", "role": "officer", **rows})
    assert "username" in answer.context["adminform"].form.errors
    change = f"/admin/accounts/serviceaccount/{account.pk}/change/"
    data = form_data(client.get(change))
    assert client.post(change, {**data, "role": "viewer"}).status_code == 302
    assert ServiceAccount.objects.get().roles == {Role.VIEWER}
    # Nobody gives it a password: the page of people does not know it.
    assert client.get(f"/admin/accounts/user/{account.pk}/password/").status_code in {302, 404}
    assert client.get(f"/admin/accounts/token/add/?user={account.pk}").context["adminform"].form["user"].value() == str(
        account.pk
    )


# What others may keep of an answer


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("sectors/", "private, no-cache"),
        ("reports/overdue/", "private, no-cache"),
        ("status-updates/", "private, no-store"),
        ("evidence/", "private, no-store"),
        ("contacts/", "private, no-store"),
        ("sectors/?nonsense=1", "private, no-store"),
        ("sectors/999999/", "private, no-store"),
    ],
)
def test_nobody_shares_an_answer_and_personal_ones_are_not_kept(made, ask, cast, path, kept):
    _token, key = made(cast("officer"))
    assert ask(key, f"/api/v1/{path}")["Cache-Control"] == kept


def test_what_is_not_kept_is_still_compared(made, client, cast):
    _token, key = made(cast("officer"))
    headers = {"Authorization": f"Bearer {key}"}
    first = client.get("/api/v1/contacts/", headers=headers)
    again = client.get("/api/v1/contacts/", headers={**headers, "If-None-Match": first["ETag"]})
    assert (again.status_code, again["Cache-Control"]) == (304, "private, no-store")
