"""`make licences`: docs/licences.md, under which terms the packages that Pacta runs with may be used and passed on."""

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from config.localdb import CHECKOUT

PAGE = CHECKOUT / "docs" / "licences.md"
HEAD = """# Licences of what Pacta runs with

Pacta itself is Apache-2.0. Written by `make licences` from what is installed; a test fails when it is old.
All may be used and passed on unchanged; LGPL and MPL packages are used as they are published.

| package | licence |
|---|---|
"""


def page() -> str:
    names = re.findall(r"^([a-z0-9._-]+)==", (CHECKOUT / "requirements.txt").read_text(), re.MULTILINE)
    return HEAD + "".join(f"| {name} | {found} |\n" for name in names if (found := licence(name)))


def licence(name: str) -> str:
    """As the package itself says it, in one line; empty for one that this system does without."""
    try:
        told: Any = distribution(name).metadata
    except PackageNotFoundError:
        return ""
    kinds = [row.rpartition(" :: ")[2] for row in told.get_all("Classifier") or [] if row.startswith("License ::")]
    said = told.get("License-Expression") or (told.get("License") or "").strip().partition("\n")[0] or ", ".join(kinds)
    return said or "not said"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(CHECKOUT)}\n")
