"""The commands that are killed: what is there before, which arguments, and where their work begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiffin_testing.bundle import Bundle, default_config
from tiffin_testing.oci_runtime import OCIRuntime

from .stepping import ROLES

SLEEP = ("sleep", "1000")
HOOK = [{"path": "/bin/true"}]
MAPPED = {
    "destination": "/mapped",
    "type": "bind",
    "source": "/usr",
    "options": ["bind", "ro"],
    "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
    "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
}
# Much of what create can do: mappings, also of a mount, limits that the launcher sets for init, all hooks, a filter.
RICH: dict[str, Any] = {
    "process": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]},
    "hooks": dict.fromkeys(
        (
            "prestart",
            "createRuntime",
            "createContainer",
            "startContainer",
            "poststart",
            "poststop",
        ),
        HOOK,
    ),
    "mounts": [*default_config()["mounts"], MAPPED],
    "linux": {
        "namespaces": [*default_config()["linux"]["namespaces"], {"type": "user"}],
        "uidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
        "gidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
        "seccomp": {
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["swapon"], "action": "SCMP_ACT_ERRNO"}],
        },
        "resources": {"pids": {"limit": 100}, "memory": {"limit": 100_000_000}},
    },
}


@dataclass(frozen=True)
class Scenario:
    """One command.

    Args:
        verb: with its flags; the id, and what is in `words`, follow. (A new container's bundle is told too.)
        before: the status that the container has before: "" for none, `created` or `running`.
        begin: system calls with one of which the controller's work begins.
        args, config: of the container.
        python: answered by Python, where the native front could too.
    """

    name: str
    verb: tuple[str, ...]
    before: str = ""
    begin: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    args: tuple[str, ...] = SLEEP
    config: dict[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ROLES
    python: bool = False

    def prepare(self, runtime: OCIRuntime, container: str, bundle: Bundle) -> None:
        """Brings a new container to where the command finds it."""
        if self.before:
            runtime.create(container, bundle).must_succeed()
        if self.before == "running":
            runtime.start(container).must_succeed()

    def arguments(self, container: str, bundle: Bundle) -> Sequence[str | Path]:
        """The command line, without the runtime and its global flags."""
        flags = () if self.before else ("--bundle", str(bundle.path), "--pid-file", str(bundle.path / "pid"))
        return (*self.verb, *flags, container, *self.words)


MAKING = ("mkdir", "mkdirat")
LAUNCHING = ("memfd_create",)
CLAIMING = ("flock",)
TAKING = ("rename", "renameat", "renameat2")

SCENARIOS = (
    Scenario("create", ("create",), begin=MAKING),
    Scenario("run", ("run", "--detach"), begin=MAKING, config=RICH),
    Scenario("run_in_foreground", ("run",), begin=MAKING, args=("true",)),
    Scenario("start", ("start",), "created", roles=("controller",)),
    Scenario("start_by_python", ("start",), "created", TAKING, roles=("controller",), python=True),
    Scenario("exec", ("exec", "--detach"), "running", LAUNCHING, SLEEP),
    Scenario("exec_in_foreground", ("exec",), "running", LAUNCHING, ("true",)),
    Scenario("delete", ("delete", "--force"), "running", roles=("controller",)),
    Scenario(
        "delete_by_python", ("delete", "--force"), "running", CLAIMING, roles=("controller",), python=True
    ),
)
