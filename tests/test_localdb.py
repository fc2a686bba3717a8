"""The checkout's own PostgreSQL, each time on a folder of its own, with real servers and real kills."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg
import pytest

from config import localdb, programs
from config.localdb import CHECKOUT, Unavailable, local_postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
HOLDER = """
import sys
from pathlib import Path
from config.localdb import local_postgres
with local_postgres(durable=False, home=Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def open_folder() -> Path:
    """One that other accounts may enter, unlike pytest's own, as a checkout usually is."""
    folder = Path(tempfile.mkdtemp(prefix="home-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def empty_home() -> Iterator[Path]:
    folder = open_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made_once() -> Iterator[Path]:
    folder = open_folder()
    with local_postgres(durable=False, home=folder):
        pass
    yield folder
    shutil.rmtree(folder)


def put_data(made: Path, home: Path, name: str = "postgres-test") -> Path:
    """A home as a first start leaves it: copied, as that takes a tenth of the time."""
    home.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", made / "postgres-test", home / name], check=True)
    return home


@pytest.fixture
def home(empty_home, made_once) -> Path:
    return put_data(made_once, empty_home)


@pytest.fixture
def lasting_home(empty_home, made_once) -> Path:
    return put_data(made_once, empty_home, "postgres")


@pytest.fixture
def system_data(empty_home, monkeypatch) -> Path:
    monkeypatch.setattr(localdb, "SYSTEM_DATA", empty_home)
    return empty_home


@pytest.fixture
def without_system_programs(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(programs, "FOLDERS", ())


def do(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement)


def ask(url: str, question: str) -> Any:
    with psycopg.connect(url) as connection:
        [row] = connection.execute(question).fetchall()
    return row[0]


def socket_folder(url: str) -> Path:
    return Path(unquote(url.partition("host=")[2]))


def postmaster(home: Path, name: str) -> int:
    return int((home / name / "postmaster.pid").read_text().split()[0])


def kill(process: int) -> None:
    """Ends a process as a crash would, and waits until it is gone."""
    os.kill(process, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        for _ in range(500):
            os.kill(process, 0)
            time.sleep(0.01)


def holder(home: Path) -> "subprocess.Popen[str]":
    """Another process of the same checkout, which uses the server until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("durable", [True, False])
def test_a_server_runs_as_long_as_its_block_and_leaves_nothing(empty_home, made_once, durable):
    home = put_data(made_once, empty_home, "postgres" if durable else "postgres-test")
    with local_postgres(durable=durable, home=home) as url:
        assert ask(url, "SELECT 1") == 1
        assert ask(url, "SHOW fsync") == ("on" if durable else "off")
        assert ask(url, "SHOW listen_addresses") == ""
        assert socket_folder(url).stat().st_mode & 0o777 == 0o700
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    assert not socket_folder(url).exists()


def test_data_is_there_at_the_next_start(lasting_home):
    with local_postgres(durable=True, home=lasting_home) as url:
        do(url, "CREATE TABLE kept AS SELECT 7 AS n")
    with local_postgres(durable=True, home=lasting_home) as url:
        assert ask(url, "SELECT n FROM kept") == 7


def test_the_server_knows_cyrillic_letters(home):
    with local_postgres(durable=False, home=home) as url:
        assert ask(url, "SELECT lower('ДОРОЖНАЯ КАРТА')") == "дорожная карта"
        assert ask(url, "SELECT similarity('Дорожная карта', 'дорожной карте') > 0.4")


def test_a_database_made_by_the_register_has_the_extensions_without_a_superuser(home):
    with local_postgres(durable=False, home=home) as url:
        assert not ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE test_pacta")
        made = url.replace("/pacta?", "/test_pacta?")
        for extension in localdb.EXTENSIONS:
            assert ask(made, f"SELECT count(*) FROM pg_extension WHERE extname = '{extension}'") == 1  # noqa: S608 -- ours


def test_a_locale_without_cyrillic_is_refused(empty_home, monkeypatch):
    monkeypatch.setattr(localdb, "LOCALES", (["--locale=C"],))
    with pytest.raises(Unavailable, match="Cyrillic"), local_postgres(durable=False, home=empty_home):
        pass
    assert not (empty_home / "postgres-test" / "postmaster.pid").exists()


def test_another_user_of_the_checkout_shares_the_server_and_the_last_one_out_stops_it(home):
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        url = first.enter_context(local_postgres(durable=False, home=home))
        assert second.enter_context(local_postgres(durable=False, home=home)) == url
        first.close()
        assert ask(url, "SELECT 1") == 1
    assert not socket_folder(url).exists()


def test_two_processes_may_start_the_first_server_at_once(empty_home):
    both = [holder(empty_home), holder(empty_home)]
    urls = [process.stdout.readline().strip() for process in both]
    assert urls[0] == urls[1] != ""
    assert [process.communicate()[0] for process in both] == ["", ""]
    assert not socket_folder(urls[0]).exists()


def test_no_socket_folder_stays_behind_a_refusal(home, monkeypatch):
    folders, new = [], localdb.Cluster._new_socket_folder
    monkeypatch.setattr(
        localdb.Cluster, "_new_socket_folder", lambda cluster: folders.append(new(cluster)) or folders[-1]
    )
    (home / "postgres-test" / "postgresql.auto.conf").write_text("nonsense = 1")
    with pytest.raises(Unavailable, match="did not start"), local_postgres(durable=False, home=home):
        pass
    assert [folder.exists() for folder in folders] == [False]


def test_two_checkouts_have_servers_of_their_own(empty_home, made_once):
    with (
        local_postgres(durable=False, home=put_data(made_once, empty_home / "one")) as one,
        local_postgres(durable=False, home=put_data(made_once, empty_home / "other")) as other,
    ):
        do(one, "CREATE TABLE here ()")
        assert ask(other, "SELECT to_regclass('here')") is None


def test_the_next_process_uses_and_stops_the_server_of_a_killed_one(home):
    killed = holder(home)
    with killed:
        url = killed.stdout.readline().strip()
        killed.kill()
    with local_postgres(durable=False, home=home) as same:
        assert same == url
        assert ask(url, "SELECT 1") == 1
    assert not socket_folder(url).exists()


def test_a_killed_server_starts_again_with_what_was_committed(lasting_home):
    with local_postgres(durable=True, home=lasting_home) as url:
        do(url, "CREATE TABLE kept AS SELECT 7 AS n")
        kill(postmaster(lasting_home, "postgres"))
        with local_postgres(durable=True, home=lasting_home) as again:
            assert ask(again, "SELECT n FROM kept") == 7
        # The place of the first socket was put away with it.
        assert not socket_folder(url).exists()
    assert not socket_folder(again).exists()


def test_half_a_data_folder_of_an_interrupted_start_is_made_again(empty_home):
    half = empty_home / "postgres-test.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("15")
    with local_postgres(durable=False, home=empty_home) as url:
        assert ask(url, "SELECT 1") == 1


def test_settings_for_other_servers_do_no_harm(home, monkeypatch):
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with local_postgres(durable=False, home=home) as url:
        assert ask(url, "SELECT 1") == 1


def test_a_machine_with_nothing_gets_one_line_that_says_what_to_do(empty_home, without_system_programs, monkeypatch):
    monkeypatch.setattr(programs, "WHEEL", "no_such_package")
    with pytest.raises(Unavailable, match="DATABASE_URL") as refusal, local_postgres(durable=False, home=empty_home):
        pass
    assert "\n" not in str(refusal.value)


def test_a_server_without_the_extensions_is_refused(home, monkeypatch):
    monkeypatch.setattr(localdb, "EXTENSIONS", ("unaccent", "no_such_extension"))
    with (
        pytest.raises(Unavailable, match='no_such_extension" is not available'),
        local_postgres(durable=False, home=home),
    ):
        pass
    assert not (home / "postgres-test" / "postmaster.pid").exists()


def test_data_of_a_version_that_is_gone_is_not_touched(home):
    with local_postgres(durable=False, home=home):
        pass
    (home / "postgres-test" / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unavailable, match="PostgreSQL 9"), local_postgres(durable=False, home=home):
        pass


def test_a_url_that_nobody_answers_gets_one_line(empty_home):
    with pytest.raises(Unavailable, match="does not answer") as refusal:
        localdb.check(f"postgresql://pacta@/pacta?host={empty_home}")
    assert "\n" not in str(refusal.value)


def test_the_wheel_serves_where_the_system_has_nothing(empty_home, without_system_programs):
    pytest.importorskip(programs.WHEEL)
    with local_postgres(durable=False, home=empty_home) as url:
        assert int(ask(url, "SHOW server_version_num")) >= 180000
        assert ask(url, "SELECT unaccent('Ёлка') || lower('Ж')") == "Елкаж"


@as_root
def test_a_checkout_that_the_servers_account_cannot_enter_keeps_its_data_elsewhere(empty_home, system_data, capsys):
    closed = empty_home / "closed"
    closed.mkdir(mode=0o700)
    for _ in range(2):
        with local_postgres(durable=True, home=closed / "var") as url:
            assert ask(url, "SELECT 1") == 1
        assert str(system_data) in capsys.readouterr().err
    [place] = system_data.glob("pacta-*")
    assert (place / "postgres" / "PG_VERSION").exists()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_the_wheel_of_a_closed_checkout_is_copied_to_the_data(empty_home, without_system_programs, monkeypatch):
    pytest.importorskip(programs.WHEEL)
    monkeypatch.setattr(programs, "can_use", lambda account, path: False)
    with local_postgres(durable=False, home=empty_home) as url:
        assert ask(url, "SELECT similarity('Ж', 'ж') = 1")
    [copies] = empty_home.glob("programs-*")
    assert copies.stat().st_mode & 0o777 == 0o700
