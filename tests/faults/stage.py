"""Where faults are played: a PostgreSQL cluster of its own, durable as in production, and the server of `make run`."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from pathlib import Path

import dj_database_url
import psycopg
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from config.backups import back_up
from config.localdb import Cluster, _data_folder
from projects.models import Project

# `make faults` plays each fault so many times.
ROUNDS = int(os.environ.get("FAULTS", "1"))
# A protection to do without, to see that its test notices: `FAULTS_WITHOUT=patience make faults ARGS='-k slow'`.
WITHOUT = os.environ.get("FAULTS_WITHOUT", "")
RECOVERY = 5  # seconds
SERVE = """
import os, sys
from config.run import serve, stop_on_signals
stop_on_signals()
try:
    sys.exit(serve(int(sys.argv[1]), os.environ))
except KeyboardInterrupt:
    sys.exit(0)
"""


class Stage:
    """A register in a cluster, and a server over it; both can be hurt."""

    def __init__(self, home):
        self.home, self.process, self.more = home, None, {}
        self.media = home / "media"
        self.media.mkdir()
        self.cluster = Cluster(_data_folder(home, "postgres"), durable=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    # The database

    def make(self):
        """The cluster, and in it the tests' own empty register, brought over as to a new machine."""
        self.cluster._make()
        with (self.cluster.data / "postgresql.conf").open("a") as conf:
            conf.write("max_connections = 30\nsuperuser_reserved_connections = 3\n")
            if WITHOUT == "sync":
                conf.write("synchronous_commit = off\nwal_writer_delay = 10s\n")
        self.cluster.start()
        self.url = self.cluster.url
        self.superuser = self.cluster._url("postgres", "postgres")
        back_up(self.home / "backup", timezone.now())
        self.manage("restore", str(self.home / "backup"))

    @contextlib.contextmanager
    def register(self):
        """Django's connection turned to this cluster; what is done there is committed."""
        own = dict(connection.settings_dict)
        parts = dj_database_url.parse(self.url)
        _turn_to({**own, **parts, "OPTIONS": {**own["OPTIONS"], **parts.get("OPTIONS", {})}})
        try:
            yield
        finally:
            _turn_to(own)

    def people(self):
        """A controller, with a token that writes, and projects that he reports on."""
        with self.register():
            user = get_user_model().objects.create_user("reporter", is_staff=True)
            user.groups.add(Group.objects.get(name="controller"))
            for number in range(40):
                Project.objects.create(name=f"Project {number}", stage_at_entry="planned")
        return self.manage("create_token", "reporter", "--write", "--days", "1")

    def small_disk(self):
        """8 MB for files. Only root can have a disk of its own made for it."""
        options = ["-t", "tmpfs", "-o", "size=8m", "pacta-faults"]
        done = subprocess.run(["mount", *options, str(self.media)], capture_output=True, text=True)
        return done.returncode == 0 or done.stderr.strip()

    def pg_ctl(self, *words):
        done = self.cluster._run("pg_ctl", "-D", str(self.cluster.data), "-w", "-l", "/dev/null", *words)
        assert done.returncode == 0, done.stdout

    def ask(self, question, *values):
        with psycopg.connect(self.url) as connection:
            return connection.execute(question, values).fetchall()

    def variables(self, **more):
        return {
            **os.environ, "DATABASE_URL": self.url, "MEDIA_ROOT": str(self.media), "PACTA_LOCAL": "1",
            "ALLOWED_HOSTS": "127.0.0.1", "SECRET_KEY": settings.SECRET_KEY, "LOG_LEVEL": "CRITICAL",
            **{f"RATE_LIMIT_{name}": "none" for name in ("TOKEN", "USER", "ANONYMOUS")}, **self.more, **more,
        }  # fmt: skip

    def command(self, *arguments, **more):
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=self.variables(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def manage(self, *arguments):
        process = self.command(*arguments)
        out, complaint = process.communicate(timeout=300)
        assert process.returncode == 0, complaint
        return out.strip()

    # The server

    def serve(self):
        command = [sys.executable, "-c", SERVE, str(self.port)]
        more = {"GUNICORN_CMD_ARGS": "--worker-class=gthread"} if WITHOUT == "patience" else {}
        self.process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=self.variables(**more), stdout=subprocess.DEVNULL,
            stderr=(self.home / "server.log").open("a"),
        )  # fmt: skip
        self.wait()

    def wait(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if self.call("/readyz", patience=5)[0] == 200:
                    return
            time.sleep(0.1)
        raise AssertionError((self.home / "server.log").read_text()[-2000:])

    def processes(self):
        """Of the server: its master first, then its workers."""
        found = subprocess.run(["pgrep", "-f", f"bind=127.0.0.1:{self.port}"], capture_output=True, text=True).stdout
        return [int(line) for line in found.split()]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def attach(self, report, content=b"done", **options):
        """Adds evidence to a report through the API; the status."""
        part = b'Content-Disposition: form-data; name="content"; filename="note.txt"\r\nContent-Type: text/plain'
        body = b"--edge\r\n" + part + b"\r\n\r\n" + content + b"\r\n--edge--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=edge", "If-Match": '"1."'}
        return self.write(f"/api/v1/status-updates/{report}/evidence/", body, **headers, **options)

    def report(self, project, text="Under way"):
        """Drafts a report; its id."""
        body = json.dumps({"stage": "agreed", "confidence": "on_track", "text": text}).encode()
        headers = {"Content-Type": "application/json", "If-Match": '"1."'}
        status, _headers, told = self.write(f"/api/v1/projects/{project}/status-updates/", body, **headers)
        assert status == 201, told
        return json.loads(told)["id"]

    def write(self, path, data, **headers):
        return self.call(path, data=data, Authorization=f"Bearer {self.token}", **headers)

    def projects(self):
        return [row[0] for row in self.ask("SELECT id FROM projects_project ORDER BY id")]

    def files(self):
        return {path.relative_to(self.media).as_posix(): path for path in self.media.rglob("*") if path.is_file()}

    def remove(self):
        self.stop()
        if os.path.ismount(self.media):
            subprocess.run(["umount", self.media], check=True)
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.cluster.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def call(self, path, *, data=None, patience=30, **headers):
        """Status, headers, body."""
        request = urllib.request.Request(self.address + path, data=data, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=patience) as answer:  # noqa: S310
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()


class Load:
    """Writers who each report on a project, and repeat what was not answered under the same Idempotency-Key.

    `acknowledged` are the texts whose 201 arrived, with the time; `seen` counts every answer and every failure.
    """

    def __init__(self, stage, writers=6):
        self.stage, self.acknowledged, self.seen = stage, {}, Counter()
        self.over = threading.Event()
        self.projects = [row[0] for row in stage.ask("SELECT id FROM projects_project ORDER BY id LIMIT %s", writers)]
        self.threads = [threading.Thread(target=self._write, args=[project]) for project in self.projects]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_for(10)
        return self

    def __exit__(self, *error):
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def wait_for(self, more, seconds=60):
        """Until so many more writes are acknowledged; how long that took."""
        began, start = time.monotonic(), len(self.acknowledged)
        while len(self.acknowledged) < start + more:
            assert time.monotonic() < began + seconds, f"no writes: {self.seen}"
            time.sleep(0.01)
        return time.monotonic() - began

    def _write(self, project):
        while not self.over.is_set():
            text = str(uuid.uuid4())
            until = time.monotonic() + 60
            while self._report(project, text) != 201 and time.monotonic() < until:
                time.sleep(0.05)

    def _report(self, project, text):
        body = json.dumps({"stage": "agreed", "confidence": "on_track", "text": text}).encode()
        headers = {
            "Authorization": f"Bearer {self.stage.token}", "If-Match": '"1."', "Content-Type": "application/json",
        }  # fmt: skip
        if WITHOUT != "keys":
            headers["Idempotency-Key"] = text
        try:
            address = f"/api/v1/projects/{project}/status-updates/"
            status, told, _body = self.stage.call(address, data=body, **headers)
        except Exception as error:  # noqa: BLE001  whatever a dying server does to its client
            self.seen[type(error).__name__] += 1
            return 0
        self.seen[status] += 1
        if status == 503:
            self.seen["503 with Retry-After"] += "Retry-After" in told
        if status == 201:
            self.acknowledged[text] = time.monotonic()
        return status

    def check(self):
        """Nothing that was acknowledged is lost, nothing is there twice, no answer was a plain server error."""
        rows = dict(self.stage.ask("SELECT text, count(*) FROM projects_statusupdate GROUP BY text"))
        lost = [text for text in self.acknowledged if text not in rows]
        twice = [text for text, count in rows.items() if count > 1 and text in self.acknowledged]
        assert (len(lost), len(twice)) == (0, 0), self.seen
        assert {answer for answer in self.seen if isinstance(answer, int)} <= {201, 409, 503}, self.seen
        assert self.seen[503] == self.seen["503 with Retry-After"], self.seen
        TOTAL.update(writes=len(self.acknowledged), **{"answers that were not 201": sum(
            count for answer, count in self.seen.items() if answer not in {201, "503 with Retry-After"})})  # fmt: skip


def _turn_to(settings_dict):
    connection.close()
    connection.close_pool()
    connection.settings_dict.clear()
    connection.settings_dict.update(settings_dict)


TOTAL: Counter[str] = Counter()


def open_home():
    """A folder that the cluster's account may enter."""
    home = Path(tempfile.mkdtemp(prefix="faults-"))
    home.chmod(0o755)
    return home
