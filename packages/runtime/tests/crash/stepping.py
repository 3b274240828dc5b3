"""`Stepper`: the runtime with a failpoint at every system call, by ptrace (stepper.c); the product knows nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tiffin.runtime.seccomp.library import Library
from tiffin_testing.oci_runtime import OCIRuntime, Outcome

SOURCE = Path(__file__).parent / "stepper.c"
ROLES = ("controller", "launcher", "init")
EVERY_STEP = os.environ.get("TIFFIN_TEST_EVERY_STEP") == "1"  # five minutes instead of one and a half
SAMPLE = 25  # of the quiet steps one in so many is tried too: where the others are by then is left to chance
BROKEN = 250  # the stepper's own exit code for what should not happen

# What has effects outside of the process, or waits for another one. A kill before any other call is the same as a kill
# before the next of these: what the process has only in its memory, or by a descriptor, dies with it.
LOUD = (
    "bind", "chmod", "chown", "clone", "clone3", "connect", "execve", "exit_group", "fchmod",
    "fchmodat", "fchown", "fchownat", "flock", "fork", "fsync", "ftruncate", "keyctl", "kill", "link",
    "linkat", "mkdir", "mkdirat", "mknod", "mknodat", "mount", "mount_setattr", "move_mount",
    "open_tree", "pidfd_send_signal", "pivot_root", "poll", "pwrite64", "rename", "renameat",
    "renameat2", "rmdir", "sendfile", "sendmsg", "setdomainname", "sethostname", "setns", "setsid",
    "socketpair", "symlink", "symlinkat", "umount2", "unlink", "unlinkat", "unshare", "vfork", "wait4",
    "waitid", "write", "writev",
)  # fmt: skip


def build_stepper(folder: Path) -> Path:
    """Compiles stepper.c; returns the program."""
    program = folder / "stepper"
    command: list[str | Path] = ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE]
    subprocess.run(command, check=True, timeout=60)
    return program


def numbers_of(names: Sequence[str]) -> frozenset[int]:
    """The numbers of those system calls that this architecture has."""
    library = Library()
    numbers = (library.syscall(name) for name in names)
    return frozenset(number for number in numbers if number is not None and number >= 0)


@dataclass(frozen=True)
class Stepper:
    """Runs commands of a runtime step by step.

    Args:
        program: the compiled stepper.
        report: a file that it may write.
    """

    program: Path
    report: Path

    def steps(
        self, runtime: OCIRuntime, role: str, arguments: Sequence[str | Path], *, begin: Sequence[str] = ()
    ) -> list[int]:
        """Runs a command undisturbed; returns the steps of a role that are worth a kill, counted from 1.

        Args:
            arguments: the command, without the global flags.
            begin: the first of these system calls is the first step; before it the process reads and thinks.

        Raises:
            RuntimeCallFailed: the command failed.
        """
        self._run(runtime, "none", 0, arguments).must_succeed()
        return self.reported(role, begin=begin)

    def reported(self, role: str, *, begin: Sequence[str] = ()) -> list[int]:
        """The steps of a role that are worth a kill, from the report of a run that was not disturbed."""
        called = [line.split() for line in self.report.read_text().splitlines()]
        numbers = [int(number) for each, number in called if each == role]
        loud, beginning = numbers_of(LOUD), numbers_of(begin)
        first = next((step for step, number in enumerate(numbers) if number in beginning), 0)
        return [
            step + 1
            for step, number in enumerate(numbers)
            if step >= first and (EVERY_STEP or number in loud or step % SAMPLE == 0)
        ]

    def kill_at(self, runtime: OCIRuntime, role: str, step: int, arguments: Sequence[str | Path]) -> Outcome:
        """Runs a command whose process of this role is killed when it is about to do a step, if it gets that far."""
        outcome = self._run(runtime, role, step, arguments)
        assert outcome.exit_code != BROKEN, outcome.stderr
        return outcome

    def _run(self, runtime: OCIRuntime, role: str, step: int, arguments: Sequence[str | Path]) -> Outcome:
        command = [str(self.program), str(self.report), role, str(step), *runtime.command]
        return OCIRuntime(command, runtime.root, runtime.options).call(*arguments)
