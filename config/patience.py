"""Slow clients cost no thread: a request goes to one when all of it has come.

gunicorn's threaded worker gives a thread to a connection as soon as it is opened, and 8 clients who send a byte a
second take all 8 of ours. Here the worker's own loop collects a request, up to a size, and closes what takes too long.
A proxy in front does the same for the network; this holds without one.
"""

import re
import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

PATIENCE = 30  # seconds for a whole request
MOST = 256 * 1024  # bytes collected; of a longer request the rest is read by its thread
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
# The client waits for a word of ours before it goes on, or does not say how much will come.
NOW = re.compile(rb"\r\n(expect|transfer-encoding):", re.IGNORECASE)


class PatientWorker(ThreadWorker):
    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except OSError:
            return  # it has gone again, or another worker was quicker
        self.nr_conns += 1
        connection = TConn(self.cfg, client, address, listener.getsockname())
        connection.parser = http.get_parser(self.cfg, client, address)
        self._collect(connection)

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """The next request of a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._collect(conn)

    def _collect(self, connection: Any) -> None:
        connection.timeout = time.monotonic() + PATIENCE
        self.pending_conns.append(connection)
        self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._read, connection, bytearray()))

    def _read(self, connection: Any, said: bytearray, client: socket.socket) -> None:
        try:
            more = client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        said += more
        if more and not is_enough(said):
            return
        self.poller.unregister(client)
        self.pending_conns.remove(connection)
        if not more:
            self.nr_conns -= 1
            connection.close()
            return
        connection.parser.unreader.unread(bytes(said))
        connection.data_ready = True
        self.enqueue_req(connection)


def is_enough(said: bytes | bytearray) -> bool:
    """Whether a thread can go on with it without waiting long: a whole request, or as much as is collected."""
    end = said.find(b"\r\n\r\n")
    if end < 0:
        return len(said) >= MOST
    head = bytes(said[: end + 2])
    length = LENGTH.search(head)
    return len(said) >= min(MOST, end + 4 + int(length[1] if length else 0)) or NOW.search(head) is not None
