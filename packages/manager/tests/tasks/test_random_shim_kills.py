"""Shims of ours, which containers share, are killed with -9 at random moments: what was made is whole or gone."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc import aio
from packages.manager.tests.tasks.shims import ends
from packages.manager.tests.tasks.test_random_kills import Worker, agreed, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packages.manager.tests.tasks.containers import Containers

pytestmark = [
    pytest.mark.requires("root", "containerd", "runc"),
    pytest.mark.parametrize("peer", ["tiffin-shim"], indirect=True),
    pytest.mark.timeout(300 if "CI" in os.environ else 120),
]
WORKERS, SEED = 4, 20261127
KILLS = 100 if "CI" in os.environ else 12
GROUP = "io.containerd.runc.v2.group"
SHIM = b"containerd-shim-tiffin-v2"


def test_shims_are_killed_again_and_again(containers: Containers) -> None:
    chance = random.Random(SEED)  # noqa: S311  # no secret
    workers = [
        Worker(
            containers,
            containers.make("sh", "-c", f"exit {number + 1}", annotations={GROUP: f"g{number % 2}"}),
            number + 1,
        )
        for number in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.1, 0.6))  # the moment is what is random
            if shims := _shims(containers):
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(shims), signal.SIGKILL)
        time.sleep(1)
    finally:
        for worker in workers:
            worker.end.set()
        joined(workers)
    containers.disconnect()
    containers.connect()
    assert [line for worker in workers for line in worker.wrong] == []
    assert all(worker.lives for worker in workers)
    for name in sorted(agreed(containers)):
        with suppress(aio.AioRpcError):  # it has ended, or was never started
            containers.kill(name)
        containers.delete(name)
    assert containers.left() == []
    assert [path.read_bytes() for path in _processes(containers) if not ends(int(path.parent.name))] == []


def _processes(containers: Containers) -> Iterator[Path]:
    """Monitors and shims, by their command lines."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if containers.namespace.encode() in path.read_bytes():
                yield path


def _shims(containers: Containers) -> list[int]:
    """Those that serve; a `start` that is killed fails a creation, as it should."""
    found = []
    for path in _processes(containers):
        with suppress(OSError):
            words = path.read_bytes().rstrip(b"\0").split(b"\0")
            if words[0] == SHIM and words[-1] not in (b"start", b"delete"):
                found.append(int(path.parent.name))
    return sorted(found)
