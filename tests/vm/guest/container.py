"""One container of a test in the machine, with a look at its cgroup from outside."""

from __future__ import annotations

import json
import os
import select
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiffin.runtime.cgroup.files import read_pairs

if TYPE_CHECKING:
    from tiffin_testing.bundle import Bundle
    from tiffin_testing.oci_runtime import OCIRuntime, Outcome

UNIFIED = Path("/sys/fs/cgroup")
DISK = Path("/sys/block/vda/dev")
SECONDS = 60.0


def disk_number() -> tuple[int, int]:
    """Major and minor number of the machine's disk."""
    major, _, minor = DISK.read_text().strip().partition(":")
    return int(major), int(minor)


@dataclass(frozen=True)
class Container:
    """A container by its id; it need not exist yet."""

    runtime: OCIRuntime
    id: str
    bundle: Bundle

    @property
    def cgroup(self) -> Path:
        path: str = self.bundle.config["linux"]["cgroupsPath"]
        return UNIFIED / path.lstrip("/")

    def value(self, file: str) -> str:
        return (self.cgroup / file).read_text().strip()

    def values(self, *files: str) -> dict[str, str]:
        return {file: self.value(file) for file in files}

    def pairs(self, file: str) -> dict[str, int]:
        return read_pairs(str(self.cgroup / file)) or {}

    @property
    def pid(self) -> int:
        return int(self.runtime.state(self.id)["pid"])

    def create(self) -> Container:
        self.runtime.create(self.id, self.bundle).must_succeed()
        return self

    def start(self) -> Container:
        """create and start."""
        self.create()
        self.runtime.start(self.id).must_succeed()
        return self

    def run(self, **more: Any) -> Outcome:
        return self.runtime.run(self.id, self.bundle, **more)

    def exec(self, *args: str, flags: tuple[str, ...] = (), **more: Any) -> Outcome:
        return self.runtime.exec(self.id, args, *flags, **more)

    def shell(self, script: str) -> str:
        """What a script in the container writes."""
        return self.exec("sh", "-c", script).must_succeed().stdout

    def update(self, *flags: str, resources: dict[str, Any] | None = None) -> Outcome:
        """`update`, with flags or with a document."""
        if resources is None:
            return self.runtime.call("update", *flags, self.id)
        return self.runtime.call("update", "-r", "-", self.id, stdin=json.dumps(resources))

    def end(self) -> None:
        """Kills and deletes it."""
        self.runtime.delete(self.id, force=True).must_succeed()
        assert not self.cgroup.exists()


def wait_until_empty(cgroup: Path, seconds: float = SECONDS) -> None:
    """Returns when the cgroup has no process; raises TimeoutError."""
    events = os.open(cgroup / "cgroup.events", os.O_RDONLY)
    try:
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        while b"populated 0" not in os.pread(events, 4096, 0):
            if not poll.poll(seconds * 1000):
                raise TimeoutError(f"{cgroup} still has processes after {seconds:g} s")
    finally:
        os.close(events)
