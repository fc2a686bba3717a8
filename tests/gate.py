"""A door between the site and its database that a test can shut: to the site, the database is then down."""

import contextlib
import os
import socket
import threading
from urllib.parse import quote, urlsplit

from psycopg.conninfo import conninfo_to_dict


class Gate:
    """Listens on loopback and passes on what comes, until it is shut; then it hangs up and refuses."""

    def __init__(self):
        self._target = conninfo_to_dict(os.environ["DATABASE_URL"])
        self._listener, self._open = socket.create_server(("127.0.0.1", 0)), []
        self.port = self._listener.getsockname()[1]
        self.is_shut = False
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, name):
        parts = urlsplit(os.environ["DATABASE_URL"])
        word = f":{quote(parts.password)}" if parts.password else ""
        return f"postgresql://{parts.username}{word}@127.0.0.1:{self.port}/{name}?sslmode=disable&gssencmode=disable"

    def shut(self):
        self.is_shut = True
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def open(self):
        self.is_shut = False

    def close(self):
        self.shut()
        self._listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                if self.is_shut:
                    client.close()
                    continue
                server = self._server()
                self._open += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _server(self):
        host, port = str(self._target.get("host") or "127.0.0.1"), int(self._target.get("port") or 5432)
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
            return server
        return socket.create_connection((host, port))

    @staticmethod
    def _pass_on(source, sink):
        with contextlib.suppress(OSError):
            while part := source.recv(65_536):
                sink.sendall(part)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
