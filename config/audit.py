"""Known holes in the locked dependencies, a step of `make check`: what could not be asked is told, and no success."""

import json
import subprocess
import sys

from config.localdb import CHECKOUT

# The status of a step that could not be done here, which is neither success nor failure (EX_TEMPFAIL).
NOT_DONE = 75
COMMAND = ["--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off", "--timeout=15"]


def main() -> int:
    """0 when no hole is known, 1 with their list, NOT_DONE when the service did not answer for every package."""
    told = subprocess.run(
        [sys.executable, "-m", "pip_audit", "-r", str(CHECKOUT / "requirements.txt"), *COMMAND],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    status, said = verdict(told.stdout, told.stderr)
    print(said, file=sys.stderr if status else sys.stdout)
    return status


def verdict(output: str, errors: str) -> tuple[int, str]:
    """The status and what to say, from pip-audit's JSON. It succeeds also when it skipped every package."""
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = errors.strip().rpartition("\n")[2]
        return NOT_DONE, f"THE DEPENDENCIES WERE NOT AUDITED: {last or 'pip-audit said nothing'}"
    holes = [
        f"{each['name']} {each['version']}: {hole['id']}, closed in {', '.join(hole['fix_versions']) or 'none yet'}"
        for each in packages
        for hole in each.get("vulns", [])
    ]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if holes:
        return 1, "\n".join(holes)
    if skipped or not packages:
        asked = f"{len(packages) - len(skipped)} of {len(packages)}"
        return NOT_DONE, f"THE DEPENDENCIES WERE NOT AUDITED: the service of vulnerabilities knew {asked} packages."
    return 0, f"{len(packages)} packages, no known hole"


if __name__ == "__main__":
    sys.exit(main())
