"""The cgroups that tests use stand below one of their own, in every hierarchy: `/tiffin-test-<pid>-<random>`."""

from __future__ import annotations

import contextlib
import errno
import os
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "tiffin-test-"
BUSY_SECONDS = 30.0


def hierarchies() -> list[Path]:
    """Mount points of all cgroup file systems, v1 and v2."""
    points = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        if right.split(" ", 1)[0] in {"cgroup", "cgroup2"}:
            points.append(Path(left.split(" ")[4]))
    return points


@dataclass(frozen=True)
class CgroupParent:
    """The parent below which a session's containers have their cgroups; it comes to be when the first one does."""

    name: str = field(default_factory=lambda: f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex[:6]}")

    def path_for(self, container: str) -> str:
        """The value for `linux.cgroupsPath`."""
        return f"/{self.name}/{container}"

    def existing(self) -> frozenset[Path]:
        """Every directory below this parent, in every hierarchy (the parent itself does not count)."""
        tops = (point / self.name for point in hierarchies())
        return frozenset(path for top in tops if top.is_dir() for path in _below(top) if path != top)

    def remove(self) -> None:
        """Kills what runs below, and removes everything."""
        _remove_all([point / self.name for point in hierarchies()])


def _below(top: Path) -> Iterator[Path]:
    """Directories, the deepest first."""
    with contextlib.suppress(FileNotFoundError), os.scandir(top) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(Path(entry.path))
    yield top


def _processes(folder: Path) -> list[str]:
    """Pids; of a threaded cgroup of v2, whose cgroup.procs cannot be read, the ids of its threads.

    None of one that somebody else removes meanwhile: another session may clean up as well.
    """
    try:
        return (folder / "cgroup.procs").read_text().split()
    except OSError as error:
        if error.errno == errno.ENODEV:
            return []
        if error.errno != errno.EOPNOTSUPP:
            raise
        return (folder / "cgroup.threads").read_text().split()


def remove_tree(top: Path) -> None:
    """Removes a cgroup of ours and all below; a process in it is killed first. No error if it is not there."""
    _end_all(top)
    for folder in _below(top):
        with contextlib.suppress(FileNotFoundError):
            _remove(folder)


def _remove_all(tops: list[Path]) -> None:
    """Removes cgroups of several hierarchies: what is frozen in one of them holds up the others."""
    for top in tops:
        _end_all(top)
    for top in tops:
        remove_tree(top)


def _end_all(top: Path) -> None:
    """Kills what runs in a cgroup and below; what is frozen dies when it goes on (on v2 at once)."""
    for folder in _below(top):
        with contextlib.suppress(FileNotFoundError):
            for pid in _processes(folder):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), 9)
            state = folder / "freezer.state"
            if state.exists():
                state.write_text("THAWED")


def _remove(folder: Path) -> None:
    """rmdir(2); what was just killed leaves it in a moment, and nothing tells when."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def remove_stale() -> None:
    """Removes the parents of sessions that were killed: those whose process is gone."""
    tops = [top for point in hierarchies() for top in point.glob(PREFIX + "*-*")]
    _remove_all([top for top in tops if _is_stale(top)])


def _is_stale(top: Path) -> bool:
    owner = top.name.removeprefix(PREFIX).partition("-")[0]
    return owner.isdigit() and not Path("/proc", owner).exists() and os.access(top, os.W_OK)
