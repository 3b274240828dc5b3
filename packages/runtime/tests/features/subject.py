"""`Subject`: the runtime under test, by what a test of one feature asks of it."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiffin_testing.bundle import Bundle, default_config
from tiffin_testing.oci_runtime import OCIRuntime, Outcome

Config = dict[str, Any]
FIRST_HOST_ID = 100000
MAPPING = [{"containerID": 0, "hostID": FIRST_HOST_ID, "size": 65536}]
FOREVER = ["sleep", "1000"]
EVERY_NAMESPACE = ("pid", "network", "ipc", "uts", "mount", "cgroup")


def namespaces(*more: str, without: Sequence[str] = (), **joined: str) -> list[Config]:
    """Every usual namespace and `more`, new; those named by a keyword are joined by that path."""
    kinds = [kind for kind in (*EVERY_NAMESPACE, *more) if kind not in without and kind not in joined]
    return [{"type": kind} for kind in kinds] + [
        {"type": kind, "path": path} for kind, path in joined.items()
    ]


def user_namespace(*more: str, **linux: Any) -> Config:
    """The `linux` section of a container whose root is FIRST_HOST_ID."""
    return {
        "namespaces": namespaces("user", *more),
        "uidMappings": MAPPING,
        "gidMappings": MAPPING,
        **linux,
    }


def with_mounts(*added: Config) -> list[Config]:
    """The usual mounts, and more."""
    mounts: list[Config] = [*copy.deepcopy(default_config()["mounts"]), *added]
    return mounts


def bind(source: Path | str, destination: str, *options: str, **more: Any) -> Config:
    return {
        "source": str(source),
        "destination": destination,
        "type": "bind",
        "options": list(options),
        **more,
    }


@dataclass(frozen=True)
class Subject:
    """The runtime under test; `folder` is the test's own, which everybody may enter."""

    runtime: OCIRuntime
    make: Callable[[Config, list[str]], Bundle]
    container: str
    folder: Path

    def run(self, config: Config, *args: str, flags: Sequence[str | Path] = (), **more: Any) -> Outcome:
        """Runs a container in the foreground and removes it; `args` that are one text are a shell's script."""
        command = ["sh", "-c", args[0]] if len(args) == 1 else list(args)
        return self.runtime.run(self.container, self.make(config, command), *flags, **more)

    def output(self, config: Config, *args: str, flags: Sequence[str | Path] = (), **more: Any) -> str:
        """What a container that ends well writes."""
        return self.run(config, *args, flags=flags, **more).must_succeed().stdout

    def answers(self, config: Config, *questions: str) -> dict[str, list[str]]:
        """What the probe answers to each question inside."""
        return read_answers(self.output(config, "probe", *questions))

    def exec_answers(self, process: Config, *questions: str, container: str = "") -> dict[str, list[str]]:
        """What the probe answers as a further process, which differs from the usual one by `process`."""
        usual = default_config(["probe", *questions])["process"]
        path = self.folder / "process.json"
        path.write_text(json.dumps({**usual, **process}))
        outcome = self.runtime.call("exec", "--process", path, container or self.container)
        return read_answers(outcome.must_succeed().stdout)

    @contextmanager
    def running(self, config: Config, *args: str, container: str = "") -> Iterator[int]:
        """A container that runs; gives the pid of its init, as the host sees it."""
        name = container or self.container
        self.runtime.create(name, self.make(config, list(args) or FOREVER)).must_succeed()
        try:
            self.runtime.start(name).must_succeed()
            yield int(self.runtime.state(name)["pid"])
        finally:
            self.runtime.delete(name, force=True).must_succeed()

    def refusal(self, config: Config, *flags: str | Path) -> str:
        """What `create` says when it refuses a config; and nothing of the container may be left."""
        outcome = self.runtime.create(self.container, self.make(config, FOREVER), *flags)
        assert outcome.exit_code == 1, outcome
        assert not list(self.runtime.containers())
        return outcome.stderr

    def in_own_mounts(self, script: str) -> Subject:
        """The same, but each command runs in a mount namespace of its own that `script` has prepared."""
        outer = ["unshare", "-m", "--propagation", "private", "sh", "-c", f'{script} && exec "$@"', "sh"]
        runtime = OCIRuntime([*outer, *self.runtime.command], self.runtime.root)
        return dataclasses.replace(self, runtime=runtime)


def read_answers(text: str) -> dict[str, list[str]]:
    """The probe's lines, by question."""
    return {words[0]: words[1:] for line in text.splitlines() if (words := line.split())}


def mount_of(mountinfo: str, point: str) -> list[str]:
    """The fields of the last mount at a point (proc_pid_mountinfo(5))."""
    found = [fields for line in mountinfo.splitlines() if (fields := line.split(" "))[4:5] == [point]]
    assert found, f"nothing is mounted on {point}:\n{mountinfo}"
    return found[-1]
