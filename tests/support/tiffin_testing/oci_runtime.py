"""An OCI runtime as the subject of a test: runc's command line over subprocess, with a time limit on each call.

The same test runs with ours, runc or crun as the subject (`pytest --runtime runc`): that tests the tests.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiffin_testing.bundle import Bundle

SECONDS = 30.0
# crun refuses a hybrid cgroup layout, where runc works: it gets a mount namespace without the v2 part
CRUN_ON_HYBRID = (
    "unshare",
    "-m",
    "--propagation",
    "private",
    "sh",
    "-c",
    'umount /sys/fs/cgroup/unified && exec "$@"',
    "sh",
)


class RuntimeCallFailed(AssertionError):
    """A call that the test expected to succeed did not."""


@dataclass(frozen=True)
class Outcome:
    """What one call of the runtime came back with. `stdout` and `stderr` include what the container wrote."""

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    def must_succeed(self) -> Outcome:
        if self.exit_code != 0:
            raise RuntimeCallFailed(
                f"{' '.join(self.command)}: exit code {self.exit_code}\n{self.stdout}{self.stderr}"
            )
        return self


def new_id() -> str:
    """A container id that no other test, nor another run at the same time, has."""
    return f"tiffin-test-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def runtime_command(name: str) -> list[str]:
    """The command of a runtime by its name or path; raises LookupError where it is not installed."""
    beside = Path(sys.executable).parent / name
    path = str(beside) if beside.exists() else shutil.which(name)
    if path is None:
        raise LookupError(f"the runtime under test, {name}, is neither beside {sys.executable} nor in $PATH")
    return without_hybrid([path]) if Path(path).name == "crun" else [path]


def without_hybrid(command: list[str]) -> list[str]:
    """The command in a mount namespace where cgroups are not laid out in a hybrid way; as it is, where that is so."""
    if command[0] == CRUN_ON_HYBRID[0] or os.geteuid() != 0 or not Path("/sys/fs/cgroup/unified").is_dir():
        return command
    return [*CRUN_ON_HYBRID, *command]


@dataclass
class OCIRuntime:
    """A runtime's command with a state directory of its own.

    Args:
        command: the program and its leading arguments, without --root.
        root: the state directory.
        options: more global options, such as --log.
    """

    command: list[str]
    root: Path
    options: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return Path(self.command[-1]).name

    def call(self, *arguments: str | Path, stdin: str = "", timeout: float = SECONDS, **more: Any) -> Outcome:
        """Runs one command. Output goes to files: a container that `create` leaves would hold a pipe open."""
        command = (*self.command, "--root", str(self.root), *self.options, *map(str, arguments))
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(stdin.encode())
            given.seek(0)
            done = subprocess.run(
                command, stdin=given, stdout=out, stderr=err, timeout=timeout, check=False, **more
            )
            out.seek(0)
            err.seek(0)
            return Outcome(
                command,
                done.returncode,
                out.read().decode(errors="replace"),
                err.read().decode(errors="replace"),
            )

    def create(self, container: str, bundle: Bundle, *flags: str | Path, **more: Any) -> Outcome:
        return self.call("create", "--bundle", bundle.path, *flags, container, **more)

    def start(self, container: str) -> Outcome:
        return self.call("start", container)

    def run(self, container: str, bundle: Bundle, *flags: str | Path, **more: Any) -> Outcome:
        """Runs the container in the foreground (unless flags hold --detach): `stdout` is what it wrote."""
        return self.call("run", "--bundle", bundle.path, *flags, container, **more)

    def exec(self, container: str, args: Sequence[str], *flags: str | Path, **more: Any) -> Outcome:
        return self.call("exec", *flags, container, *args, **more)

    def state(self, container: str) -> dict[str, Any]:
        """The decoded answer of `state`; raises RuntimeCallFailed where there is no such container."""
        answer: dict[str, Any] = json.loads(self.call("state", container).must_succeed().stdout)
        return answer

    def status(self, container: str) -> str:
        return str(self.state(container)["status"])

    def kill(self, container: str, signal: str = "KILL", *flags: str) -> Outcome:
        return self.call("kill", *flags, container, signal)

    def delete(self, container: str, *, force: bool = False) -> Outcome:
        return self.call("delete", *(["--force"] if force else []), container)

    def wait_stopped(self, container: str, timeout: float = SECONDS) -> None:
        """Returns when the container's process has exited; raises TimeoutError."""
        pid = int(self.state(container)["pid"])
        if pid == 0:
            return
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            if not select.select([descriptor], [], [], timeout)[0]:
                raise TimeoutError(f"{container} still runs after {timeout:g} s")
        finally:
            os.close(descriptor)

    def containers(self) -> Iterator[str]:
        """The ids that have a directory of state."""
        if self.root.is_dir():
            yield from sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())

    def delete_all(self) -> None:
        """Removes whatever a test left, so that the next one starts clean."""
        for container in list(self.containers()):
            self.delete(container, force=True)
