"""The application server's settings, for `make run` and for production alike."""

import os
import shutil
import tempfile
from typing import Any

from config.parent import end_with_parent

worker_class = "config.patience.PatientWorker"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 4
graceful_timeout = 10
# A worker that died is replaced in the time of a fork; it opens its connections to the database itself.
preload_app = True
loglevel = "warning"
# Its control socket would be a file in the user's home folder.
control_socket_disable = True

# Where the processes put their counts for /metrics; gone with the server. The library looks for it once, when it is
# imported, which is therefore not done above.
METRICS = "PROMETHEUS_MULTIPROC_DIR"
if (os.environ.get("METRICS_NETWORKS") or os.environ.get("METRICS_TOKEN")) and METRICS not in os.environ:
    os.environ[METRICS] = tempfile.mkdtemp(prefix="pacta-metrics-")


def child_exit(server: Any, worker: Any) -> None:
    if METRICS in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    if METRICS in os.environ:
        shutil.rmtree(os.environ[METRICS], ignore_errors=True)


def when_ready(server: Any) -> None:
    """In the master process alone: a worker sees by itself that its master is gone."""
    end_with_parent()
