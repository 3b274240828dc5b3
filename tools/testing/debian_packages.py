"""Installs what tools/debian-packages.txt lists and this machine lacks, as root on Debian; elsewhere it says so.

Called by ./test. Their services are not started: a policy-rc.d that forbids it stands while apt runs, if none was
there. A mirror that stumbles is asked again, after a pause.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LIST = Path(__file__).resolve().parent.parent / "debian-packages.txt"
POLICY = Path("/usr/sbin/policy-rc.d")
FORBID = "#!/bin/sh\n# made by tiffin's ./test, which removes it when apt is done\nexit 101\n"
PAUSES = (2, 10, 30)  # seconds before another attempt
APT = ("apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=300", "--option", "Acquire::Retries=3")


def say(text: str) -> None:
    print(f"tiffin: {text}", file=sys.stderr, flush=True)


def wanted() -> list[list[str]]:
    """The alternatives of each line."""
    lines = (line.partition("#")[0].strip() for line in LIST.read_text().splitlines())
    return [[name.strip() for name in line.split("|")] for line in lines if line]


def installed() -> frozenset[str]:
    rows = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return frozenset(
        name for name, _, status in (row.partition(" ") for row in rows) if status == "installed"
    )


def has_candidate(name: str) -> bool:
    shown = subprocess.run(["apt-cache", "policy", name], capture_output=True, text=True, check=True).stdout
    return "Candidate:" in shown and "Candidate: (none)" not in shown


def apt(*arguments: str) -> bool:
    """Runs apt-get, again after each pause if it fails; True if it succeeded."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for pause in (*PAUSES, None):
        done = subprocess.run(
            [*APT, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            check=False,
        )
        if done.returncode == 0:
            return True
        say(f"apt-get {arguments[0]} failed: {' / '.join(done.stdout.strip().splitlines()[-3:])}")
        if pause is not None:
            say(f"again in {pause} s")
            time.sleep(pause)
    return False


@contextlib.contextmanager
def services_stay_off() -> Iterator[None]:
    """Forbids the packages' scripts to start services; leaves a policy that somebody else made as it is."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(FORBID)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def main() -> int:
    if shutil.which("dpkg-query") is None:
        say("not a Debian: tests that need runc, podman, ... run as far as these are installed")
        return 0
    there = installed()
    missing = [names for names in wanted() if there.isdisjoint(names)]
    if not missing:
        return 0
    if os.geteuid() != 0:
        say(
            f"not root: without the Debian packages {' '.join(names[0] for names in missing)} some tests are skipped"
        )
        return 0
    say(f"installing from Debian: {' '.join(names[0] for names in missing)}")
    if not apt("update"):
        say("apt-get update failed; trying to install with the lists that are there")
    chosen = [next((name for name in names if has_candidate(name)), names[0]) for names in missing]
    with services_stay_off():
        return 0 if apt("install", "--yes", "--no-install-recommends", *chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
