"""The cast of the tests: one user a role, the day on which everything happens, and the register as it is seeded."""

from datetime import date

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from projects.seeding import seed


@pytest.fixture
def today():
    return date(2024, 7, 1)


@pytest.fixture
def cast(django_user_model):
    """Makes a user of a role."""

    def make(role, name=None, **more):
        user = django_user_model.objects.create_user(
            name or f"the-{role}", password="a-long-test-passphrase", is_staff=role != "viewer", **more
        )
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        return user

    return make


@pytest.fixture
def officer(django_user_model):
    return django_user_model.objects.create_user("an-officer", password="a-long-test-passphrase")


@pytest.fixture
def controller(django_user_model):
    return django_user_model.objects.create_user("a-controller", password="a-long-test-passphrase")


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker):
    """The real fixtures, loaded once for a module and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert seed(settings.BASE_DIR / "fixtures").faults == []
        yield
        transaction.set_rollback(True)
