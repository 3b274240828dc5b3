"""Our runtime without the start of an interpreter, which takes a second in the machine: a fork executes the command.

The whole command line is passed through, from the arguments to the exit code. What the native front answers by itself
is left to the real program.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pkgutil
import select
import signal
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING, Any

import tiffin.runtime
from tiffin.runtime.command.main import main
from tiffin_testing.oci_runtime import SECONDS, OCIRuntime, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NATIVE = frozenset({"state", "start", "kill", "delete"})
PYTHON = frozenset({"--all", "--force"})  # the front may hand these over
CRASHED = 99
# Here, or in any command of these tests.
NOT_NEEDED = (
    "api",
    "bundle",
    "checkpoint",
    "host",
    "netdevices",
    "seccomp",
    "systemd",
    "features",
    "spec",
    "help",
)


@functools.cache
def import_everything() -> None:
    """Imports what commands import, once for all forks."""
    for module in pkgutil.walk_packages(tiffin.runtime.__path__, "tiffin.runtime."):
        if not any(part.startswith(NOT_NEEDED) for part in module.name.split(".")[2:]):
            importlib.import_module(module.name)
    importlib.import_module("tiffin.spec.runtime.validation")


class ForkedRuntime(OCIRuntime):
    """As OCIRuntime, by fork.

    `call` takes two more keywords: `cgroup`, a directory that the command is in, and `uid`, who executes it.
    """

    def call(self, *arguments: str | Path, stdin: str = "", timeout: float = SECONDS, **more: Any) -> Outcome:
        if str(arguments[0]) in NATIVE and not PYTHON.intersection(arguments) and not more:
            return super().call(*arguments, stdin=stdin, timeout=timeout)
        import_everything()
        command = (*self.command, "--root", str(self.root), *self.options, *map(str, arguments))
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(stdin.encode())
            given.seek(0)
            pid = os.fork()
            if pid == 0:
                _execute(command, (given.fileno(), out.fileno(), err.fileno()), **more)
            code = _wait(pid, timeout)
            out.seek(0)
            err.seek(0)
            return Outcome(
                command, code, out.read().decode(errors="replace"), err.read().decode(errors="replace")
            )


def _execute(command: Sequence[str], stdio: tuple[int, int, int], *, cgroup: str = "", uid: int = 0) -> None:
    """In the child: the command line, and the end."""
    code = CRASHED
    try:
        if cgroup:
            with open(f"{cgroup}/cgroup.procs", "w") as procs:
                procs.write("0")
        if uid:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        for number, descriptor in enumerate(stdio):
            os.dup2(descriptor, number)
        sys.stdin, sys.stdout, sys.stderr = map(os.fdopen, range(3), "rww")
        code = main(command)
    except BaseException:  # noqa: BLE001  # whatever it is, this process must not go on as a second pytest
        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _wait(pid: int, timeout: float) -> int:
    """The exit code of a child; one that takes longer than `timeout` seconds is killed, and TimeoutError raised."""
    descriptor = os.pidfd_open(pid)
    try:
        ended = bool(select.select([descriptor], [], [], timeout)[0])
    finally:
        os.close(descriptor)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not ended:
        raise TimeoutError(f"the command still runs after {timeout:g} s")
    return code
