"""The application server's settings, for `make run` and for production alike."""

import os
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


def when_ready(server: Any) -> None:
    """In the master process alone: a worker sees by itself that its master is gone."""
    end_with_parent()
