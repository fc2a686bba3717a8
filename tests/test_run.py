"""What `make run` decides before it serves, and how it is stopped."""

import signal
import socket

import pytest

from config import run
from config.localdb import Unavailable


@pytest.fixture
def as_in_make_run():
    before = {name: signal.getsignal(name) for name in run.ENDINGS}
    run.stop_on_signals()
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


def test_a_taken_port_is_refused_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with pytest.raises(Unavailable, match=f"Port {port} is in use"):
            run.free_port(port)
    assert run.free_port(port) == int(port)


@pytest.mark.parametrize("text", ["http", "-1", "70000"])
def test_a_port_that_is_no_port_is_refused(text):
    with pytest.raises(Unavailable, match="no port number"):
        run.free_port(text)


def test_sqlite_is_refused_in_one_line(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///db.sqlite3")
    with pytest.raises(Unavailable, match="SQLite is not supported"), run.database(durable=True):
        pass


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path):
    file = tmp_path / "var" / "secret_key"
    key = run.secret_key(file)
    assert len(key) >= 50
    assert run.secret_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_the_environment_says_goes_before_what_a_private_machine_needs(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "mine")
    monkeypatch.setenv("ALLOWED_HOSTS", "pacta.example.org")
    monkeypatch.delenv("PACTA_LOCAL", raising=False)
    assert run.local_environment() == {"SECRET_KEY": "mine", "ALLOWED_HOSTS": "pacta.example.org", "PACTA_LOCAL": "1"}


@pytest.mark.parametrize("number", run.ENDINGS)
def test_the_first_signal_stops_and_more_do_not_disturb_the_clean_up(as_in_make_run, number):
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    for more in run.ENDINGS:
        signal.raise_signal(more)


def interrupted_start(reached):
    with run.signals_postponed():
        signal.raise_signal(signal.SIGTERM)
        reached.append("the end of the block")


def test_a_postponed_signal_waits_and_is_not_lost(as_in_make_run):
    reached = []
    with pytest.raises(KeyboardInterrupt):
        interrupted_start(reached)
    assert reached
