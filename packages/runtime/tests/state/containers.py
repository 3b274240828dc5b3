"""Containers for tests of state: a process of the test's own stands for init, a folder for its cgroup."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tiffin.runtime.state.container_state import ContainerState
from tiffin.runtime.state.directory import FIFO, StateDirectory
from tiffin.runtime.state.identity import boot_id, process_stat

IDENTIFIER = "c1"


@contextmanager
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing until it is killed."""
    with subprocess.Popen(["sleep", "1000"]) as child:
        try:
            yield child
        finally:
            child.kill()


def start_time(pid: int) -> int:
    found = process_stat(pid)
    assert found is not None
    return found[1]


def fake_container(
    root: Path, pid: int = 0, *, fifo: bool = False, frozen: str = "", **fields: Any
) -> StateDirectory:
    """Writes the state of a container.

    Args:
        pid: of a process that runs; 0 for a container in the making.
        fifo: it waits for `start`; nobody reads the FIFO.
        frozen: what its freezer says; "": it has none.
    """
    directory = StateDirectory(str(root), IDENTIFIER)
    directory.claim().release()
    if frozen:
        folder = root.with_name(f"{root.name}-freezer")
        folder.mkdir()
        (folder / "freezer.state").write_text(f"{frozen}\n")
        fields["cgroups"] = (("freezer", str(folder)),)
    if fifo:
        (Path(directory.path) / FIFO).touch()
    if pid and "start_time" not in fields:
        fields["start_time"] = start_time(pid)
    usual = {
        "boot": boot_id(),
        "bundle": "/b",
        "rootfs": "/b/rootfs",
        "created": "2026-01-02T03:04:05.000000006Z",
    }
    directory.write(ContainerState(IDENTIFIER, pid, **{**usual, "version": "1.0.2", **fields}))
    return directory
