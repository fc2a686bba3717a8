"""The cast of the tests: one user a role, the day on which everything happens, and the register as it is seeded."""

from datetime import date

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from projects.seeding import seed


def pytest_configure():
    """Passwords of test accounts need no slow hash, their files no disk, and nothing waits for a quota."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS)
    settings.STORAGES["private"] = {"BACKEND": "django.core.files.storage.InMemoryStorage"}


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
def officer(cast):
    return cast("officer", "an-officer")


@pytest.fixture
def controller(cast):
    return cast("controller", "a-controller")


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker):
    """The real fixtures, loaded once for a module and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert seed(settings.BASE_DIR / "fixtures").faults == []
        yield
        transaction.set_rollback(True)
