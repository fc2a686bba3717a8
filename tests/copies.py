"""A copy of the register in memory, kept in step with the words of the client in docs/clients."""

import json
from importlib.util import module_from_spec, spec_from_file_location

from django.conf import settings

_found = spec_from_file_location("sync_sqlite", settings.BASE_DIR / "docs" / "clients" / "sync_sqlite.py")
assert _found
assert _found.loader
sync_sqlite = module_from_spec(_found)
_found.loader.exec_module(sync_sqlite)


class Copy:
    """`rows` by resource and id; `next`, where to read on; `proof`, where the digest is. `get` asks for an address."""

    def __init__(self, get, query=""):
        self.get, self.rows = get, {}
        self.next = f"/api/v1/changes/?{query}"

    def ask(self):
        return self.get(self.next)

    def read(self):
        """Everything that is told until there is no more."""
        told, more = [], True
        while more:
            answer = self.ask()
            assert answer.status_code == 200, answer.content
            page = answer.json()
            self.next, self.proof, more = page["next"], page["digest"], page["more"]
            told += page["results"]
        for entry in told:
            self.rows[entry["resource"], entry["id"]] = entry
            if entry["deleted"]:
                del self.rows[entry["resource"], entry["id"]]
        return told

    def digest(self):
        return self.get(self.proof).json()

    def differences(self):
        """As the client compares, on the rows that are here."""
        copy = sync_sqlite.sqlite3.connect(":memory:", isolation_level=None)
        copy.executescript(sync_sqlite.TABLES)
        for (resource, pk), entry in self.rows.items():
            row = [resource, pk, entry["version"], entry["changed_at"], json.dumps(entry["record"])]
            copy.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?)", row)
        return sync_sqlite.differences(copy, self.digest()["results"])
