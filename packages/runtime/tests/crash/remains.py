"""What a killed command left: nothing may be there once `delete --force` has returned."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tiffin_testing import leaks
from tiffin_testing.bundle import Bundle
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.oci_runtime import SECONDS, OCIRuntime


@dataclass(frozen=True)
class Remains:
    """Looks for what one container leaves.

    Args:
        runtime: whose state directory holds nothing else.
        bundle: the container's.
        parent: holds no other cgroup than the container's.
        children: processes of the test that were there before.
    """

    runtime: OCIRuntime
    bundle: Bundle
    parent: CgroupParent
    children: frozenset[int]

    def delete(self, container: str) -> list[str]:
        """Runs `delete --force`, and tells what is wrong after it; the next container finds a clean place."""
        command = [*self.runtime.command, "--root", str(self.runtime.root), "delete", "--force", container]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            self._reap_until_end(process.pid)
            said, _ = process.communicate()
            code = process.returncode
        wrong = [f"delete --force: exit code {code}: {said}"] if code else []
        return wrong + self.found()

    def found(self) -> list[str]:
        """Processes, mounts, cgroups and files that are there, one line each. The processes are killed."""
        found = leaks.leaked_processes(self.children)
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        found += [f"mount {line}" for line in mounts if str(self.bundle.path) in line]
        found += [f"cgroup {path}" for path in sorted(self.parent.existing())]
        if self.runtime.root.exists():
            found += [f"state {path}" for path in sorted(self.runtime.root.rglob("*"))]
        return found

    def orphans_end(self, seconds: float = SECONDS) -> bool:
        """Whether all processes that the command left end by themselves."""
        orphans = leaks.children() - self.children
        return all(_ended(pid, seconds) for pid in orphans)

    def _reap_until_end(self, pid: int) -> None:
        """Until the process has ended; meanwhile orphans are reaped, as the first process of a machine would.

        The init of a pid namespace ends only when all others in it were reaped, and those of `exec` are ours.
        """
        while True:
            orphans = leaks.reap(leaks.children() - self.children - {pid})
            with ExitStack() as stack:
                watched = {each: _watch(stack, each) for each in (pid, *orphans)}
                ready, _, _ = select.select(
                    [number for number in watched.values() if number >= 0], [], [], SECONDS
                )
            if watched[pid] in ready:
                return
            assert ready, "delete --force does not end"


def _watch(stack: ExitStack, pid: int) -> int:
    """A pidfd; -1 if the process is gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return -1
    stack.callback(os.close, descriptor)
    return descriptor


def _ended(pid: int, seconds: float) -> bool:
    with ExitStack() as stack:
        descriptor = _watch(stack, pid)
        return descriptor < 0 or bool(select.select([descriptor], [], [], seconds)[0])


def numbered(problems: Iterable[tuple[int, list[str]]]) -> str:
    """All problems of a sweep, for the message of the assertion."""
    return "".join(f"\nkilled before step {step}: {'; '.join(wrong)}" for step, wrong in problems)
