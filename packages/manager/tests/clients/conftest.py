"""The three ways of a client to a manager: Debian's containerd first, then ours by its socket, and in this process."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packages.manager.tests.tiffind import Tiffind

from tiffin.manager.client.client import Client
from tiffin.manager.manager import Manager
from tiffin_testing.bundle import default_config
from tiffin_testing.containerd import running_containerd
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from tiffin_testing.cgroups import CgroupParent

SECONDS = 100.0
Work = Callable[["Place"], Awaitable[None]]


class Place:
    """A client in a namespace of a test's own, and what its containers are made of."""

    def __init__(self, client: Client, runtime: str, rootfs: Path, cgroups: CgroupParent) -> None:
        self.client = client
        self.runtime = runtime
        self._rootfs = rootfs
        self._cgroups = cgroups

    def spec(self, *args: str, terminal: bool = False) -> dict[str, Any]:
        """A config whose process is that."""
        config = default_config(args)
        config["root"] = {"path": str(self._rootfs), "readonly": True}
        config["process"]["terminal"] = terminal
        config["linux"]["cgroupsPath"] = self._cgroups.path_for(uuid.uuid4().hex[:8])
        return config


class Reach:
    """Runs a test's coroutine with a client of one kind.

    Args:
        kind: `containerd`, `tiffind` or `in-process`. address: of the socket; "" for a manager in this process.
    """

    def __init__(self, kind: str, folder: Path, address: str, rootfs: Path, cgroups: CgroupParent) -> None:
        self.kind = kind
        self._folder = folder
        self._address = address
        self._rootfs = rootfs
        self._cgroups = cgroups

    @property
    def ours(self) -> bool:
        return self.kind != "containerd"

    def __call__(self, work: Work) -> None:
        """Returns when it has ended, and nothing that it made is left."""
        asyncio.run(self._run(work))

    async def _run(self, work: Work) -> None:
        runtime = "io.containerd.tiffin.v2" if self.ours else "io.containerd.runc.v2"
        async with asyncio.timeout(SECONDS), self._client() as client:
            own = client.within(f"test-{uuid.uuid4().hex[:8]}")
            await work(Place(own, runtime, self._rootfs, self._cgroups))
            assert [each.id for each in await own.containers.list()] == []
            assert await own.containers.tasks() == {}

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        if self._address:
            async with Client.connect(self._address) as client:
                yield client
            return
        async with Manager(str(self._folder / "root"), str(self._folder / "state")) as manager:
            yield manager.client()


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all containers."""
    return make_rootfs(tmp_path_factory.mktemp("rootfs") / "rootfs")


@pytest.fixture(scope="module", params=["containerd", "tiffind", "in-process"])
def reach(request: pytest.FixtureRequest, rootfs: Path, cgroup_parent: CgroupParent) -> Iterator[Reach]:
    """A manager that runs, or a folder for one."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-client-", dir="/var/tmp"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        address = ""
        if request.param == "containerd":
            address = stack.enter_context(running_containerd(folder)).address
        elif request.param == "tiffind":
            address = stack.enter_context(Tiffind(folder)).start().address
        yield Reach(request.param, folder, address, rootfs, cgroup_parent)
