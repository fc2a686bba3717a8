"""A receiver of webhooks on this machine, which can be away, refuse, wait or lead elsewhere."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Got:
    """One request that came."""

    def __init__(self, headers, body):
        self.headers, self.body, self.began = dict(headers.items()), body, time.monotonic()

    @property
    def name(self):
        return self.headers["webhook-id"]

    @property
    def message(self):
        return json.loads(self.body)


class Receiver:
    """`behave` gets the handler and what came, and gives a status; None when it has answered by itself."""

    def __init__(self, port=0, host="127.0.0.1"):
        self.host, self.port, self.server = host, port, None
        self.all, self.accepted = [], []
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        self.behave = lambda handler, got: 204

    @property
    def origin(self):
        return f"http://{self.host}:{self.port}"

    def come(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer._take(self)

            def log_message(self, *args):
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer((self.host, self.port), Handler)
        # Clients that hang up in the middle are part of the tests.
        self.server.handle_error = lambda request, client: None
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def go(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def _take(self, handler):
        got = Got(handler.headers, handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.all.append(got)
        try:
            status = self.behave(handler, got)
        finally:
            with self._lock:
                self._at_once -= 1
        if status is None:
            return
        with contextlib.suppress(OSError):
            handler.send_response(status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            if status < 300:
                with self._lock:
                    self.accepted.append(got)


@contextlib.contextmanager
def receiving(**options):
    receiver = Receiver(**options)
    receiver.come()
    try:
        yield receiver
    finally:
        receiver.go()
