"""One stage for all faults, in the order of the file."""

import pytest

from tests.faults.stage import TOTAL, Stage, open_home


@pytest.fixture(scope="session")
def bare(django_db_setup, django_db_blocker):
    """A cluster with an empty register, and no server yet."""
    stage = Stage(open_home())
    try:
        with django_db_blocker.unblock():
            stage.make()
        yield stage
    finally:
        stage.remove()


@pytest.fixture(scope="session")
def stage(bare, django_db_blocker):
    """With a small register and a server."""
    with django_db_blocker.unblock():
        bare.token = bare.people()
    bare.disk = bare.small_disk()
    bare.serve()
    yield bare
    print(f"\nfaults: {dict(TOTAL)}")  # noqa: T201  the figures for docs/reliability.md


@pytest.fixture(autouse=True)
def served(request, django_db_blocker):
    """Each test finds a server that answers, whatever the one before did, and may turn to its database."""
    if "stage" in request.fixturenames:
        found = request.getfixturevalue("stage")
        if found.process.poll() is not None:
            found.serve()
        found.wait()
    with django_db_blocker.unblock():
        yield
