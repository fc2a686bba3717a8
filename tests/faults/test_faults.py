"""Faults under load: what was acknowledged is there, once, and the register comes back by itself.

Each is played once in `make test` and many times by `make faults`. `FAULTS_WITHOUT=...` takes a protection away, to see
its test fail; each docstring says which.
"""

import contextlib
import os
import signal
import socket
import threading
import time

import psycopg
import pytest

from tests.faults.stage import RECOVERY, ROUNDS, Load

pytestmark = pytest.mark.xdist_group("faults")
rounds = pytest.mark.parametrize("round_", range(ROUNDS))


@rounds
def test_postgresql_stopped_and_started_again(stage, round_):
    """503 with Retry-After while it is away, and work goes on within seconds.

    Without `keys` (no Idempotency-Key) some writes are there twice: stored, the answer lost, sent again.
    """
    with Load(stage) as load:
        stage.pg_ctl("stop", "-m", "fast")
        until = time.monotonic() + 2
        while time.monotonic() < until:
            status, headers, _body = stage.call("/readyz")
            assert (status, headers["Retry-After"]) == (503, "5")
        stage.pg_ctl("restart")
        assert load.wait_for(10) < RECOVERY
    load.check()
    assert load.seen[503] > 0


@rounds
def test_postgresql_crashes(stage, round_):
    """All backends killed and the write-ahead log replayed: a commit that was acknowledged is in it.

    Without `sync` (synchronous_commit off) acknowledged writes are lost.
    """
    with Load(stage) as load:
        stage.pg_ctl("restart", "-m", "immediate")
        assert load.wait_for(10) < RECOVERY
    load.check()


@rounds
def test_a_worker_killed(stage, round_):
    """Its requests die with it, the master starts another. Without `keys` a repeat is stored twice."""
    with Load(stage) as load:
        for worker in stage.processes()[1:]:
            os.kill(worker, signal.SIGKILL)
            assert load.wait_for(10) < RECOVERY
    load.check()


@rounds
def test_the_server_told_to_end_while_people_work(stage, round_):
    """SIGTERM lets requests finish; the next server goes on. No process stays behind."""
    with Load(stage) as load:
        stage.stop()
        assert stage.processes() == []
        stage.serve()
        load.wait_for(10)
    load.check()


@rounds
def test_the_starter_killed_takes_its_server_with_it(stage, round_):
    """kill -9 of `make run`'s own process. Seen to fail without the pipe of config.gunicorn: the port stayed taken."""
    with Load(stage) as load:
        os.kill(stage.process.pid, signal.SIGKILL)
        stage.process.wait()
        until = time.monotonic() + 20
        while stage.processes():
            assert time.monotonic() < until, "the server is still there"
            time.sleep(0.1)
        stage.serve()
        load.wait_for(10)
    load.check()


@rounds
def test_no_connection_to_the_database_left(stage, round_):
    """Others hold them all: 503, then by itself as before."""
    with Load(stage) as load, contextlib.ExitStack() as held:
        until = time.monotonic() + 3
        with psycopg.connect(stage.superuser, autocommit=True) as superuser:
            while time.monotonic() < until:
                with contextlib.suppress(psycopg.OperationalError):
                    while True:
                        held.enter_context(psycopg.connect(stage.url))
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'pacta' AND NOT pid = ANY(%s)",
                    [[one.info.backend_pid for one in connections(held)]],
                )
        held.close()
        assert load.wait_for(10) < RECOVERY
    load.check()


def connections(stack):
    return [callback.__self__ for _is_sync, callback in stack._exit_callbacks if hasattr(callback, "__self__")]


def test_200_slow_clients_keep_nobody_waiting(stage):
    """Each sends a byte now and then, of a head or of a body. Without `patience` (gunicorn's own worker) nobody else is
    served."""
    over = threading.Event()
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    clients = [socket.create_connection(("127.0.0.1", stage.port)) for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall(head[: 40 + number % 20] if number % 2 else head + b"\r\nusername=")

    def drip():
        while not over.wait(0.5):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        took = []
        for _ in range(40):
            began = time.monotonic()
            assert stage.call("/accounts/login/", patience=10)[0] == 200
            took.append(time.monotonic() - began)
        assert sorted(took)[37] < 1
    finally:
        over.set()
        dripping.join()
        for client in clients:
            client.close()
