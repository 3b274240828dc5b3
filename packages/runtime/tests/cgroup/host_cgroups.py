"""Reads and makes cgroups for tests: what a container's files say, and children that live in a cgroup."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin.runtime.cgroup.apply import CLONE_INTO_CGROUP, apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tiffin.runtime.plan.operation import Operation

# Files that count or tell what happens, instead of what is set.
COUNTERS = (
    *("usage", "stat", "tasks", "procs", "threads", "current", "peak", "failcnt", "events", "pressure"),
    *("io_service", "slabinfo", "force_empty", "reset_stats", "event_control", "parent_freezing"),
)


def settings_of(paths: Mapping[str, str | Path]) -> dict[str, str]:
    """Every file of these cgroups that holds a setting, by controller and name."""
    found = {}
    for controller, directory in paths.items():
        for file in sorted(Path(directory).iterdir()):
            if file.is_file() and not any(part in file.name for part in COUNTERS):
                with contextlib.suppress(OSError):  # some can only be written
                    found[f"{controller}/{file.name}"] = file.read_text()
    return found


def execute(operations: Iterable[Operation], *, pid: int) -> tuple[str, ...]:
    """What the C core does with them: a process can join after the clone as well."""
    operations = list(operations)
    warnings = apply((each for each in operations if each.number != CLONE_INTO_CGROUP), pid=pid)
    for each in operations:
        if each.number == CLONE_INTO_CGROUP:
            Path(each.arguments[0], "cgroup.procs").write_text(str(pid))
    return warnings


@contextlib.contextmanager
def child(code: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that runs the code, prints `ready`, and waits for a line; killed at the end."""
    program = f"import os, sys, time\n{code}\nprint('ready', flush=True)\nsys.stdin.readline()"
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()


def memberships(pid: int) -> dict[str, str]:
    """Hierarchy to cgroup, from /proc/PID/cgroup."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return {line.split(":", 2)[1]: line.split(":", 2)[2] for line in lines}
