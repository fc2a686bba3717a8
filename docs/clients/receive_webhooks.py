"""Receives what the register tells and keeps the records in SQLite: the whole of a receiver, in the standard library.

PACTA_SECRET=whsec_... PORT=8080 python3 receive_webhooks.py told.sqlite
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

TOLERANCE = 300  # seconds by which our clocks may differ
TABLES = """
    CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, type TEXT, timestamp TEXT);
    CREATE TABLE IF NOT EXISTS record (resource TEXT, id INTEGER, body TEXT, PRIMARY KEY (resource, id));
"""


def is_genuine(secret: str, headers: Any, body: bytes) -> bool:
    """Whether the register signed the body, a short time ago."""
    name, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent.isdigit() or abs(time.time() - int(sent)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.digest(key, f"{name}.{sent}.".encode() + body, hashlib.sha256)).decode()
    # Several while a secret changes.
    return any(hmac.compare_digest(expected, given) for given in headers.get("webhook-signature", "").split())


def keep(copy: sqlite3.Connection, name: str, message: Any) -> None:
    """Once, however often it comes: the message and its records in one transaction."""
    with copy:
        told = copy.execute(
            "INSERT OR IGNORE INTO message VALUES (?, ?, ?)", [name, message["type"], message["timestamp"]]
        )
        if not told.rowcount:
            return
        for entry in message["data"]:
            copy.execute("DELETE FROM record WHERE (resource, id) = (?, ?)", [entry["resource"], entry["id"]])
            if not entry["deleted"]:
                row = [entry["resource"], entry["id"], json.dumps(entry["record"])]
                copy.execute("INSERT INTO record VALUES (?, ?, ?)", row)


class Receiver(BaseHTTPRequestHandler):
    copy: sqlite3.Connection

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        genuine = is_genuine(os.environ["PACTA_SECRET"], self.headers, body)
        if genuine:
            keep(self.copy, self.headers["webhook-id"], json.loads(body))
        # Only what is safely kept is thanked for: all else comes again.
        self.send_response(204 if genuine else 401)
        self.end_headers()


def main(file: str) -> None:
    Receiver.copy = sqlite3.connect(file)
    Receiver.copy.executescript(TABLES)
    HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Receiver).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
