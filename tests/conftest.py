"""The cast of the tests: one user a role, and the day on which everything happens."""

from datetime import date

import pytest


@pytest.fixture
def today():
    return date(2024, 7, 1)


@pytest.fixture
def officer(django_user_model):
    return django_user_model.objects.create_user("an-officer", password="a-long-test-passphrase")


@pytest.fixture
def controller(django_user_model):
    return django_user_model.objects.create_user("a-controller", password="a-long-test-passphrase")
