"""Tasks whose memory runs out tell it, before their exit; and their metrics are those of their cgroups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from packages.shim.tests.runtimes_in_process.conftest import InProcessKeeper
from packages.shim.tests.tasks.keeping import FOREVER, NAMESPACE, keeping

from tiffin.api.cgroups.v1 import metrics_pb2
from tiffin.runtime.errors import NotFound
from tiffin.shim.events.values import TaskOOM
from tiffin.shim.metrics.messages import measure
from tiffin.shim.oom import OomWatcher
from tiffin.shim.tasks.tasks import Tasks
from tiffin_testing.bundle import Bundle

pytestmark = pytest.mark.requires("root", "cgroup_v1", "cgroup_memory")
Make = Callable[..., Bundle]
MB = 1 << 20
SMALL = {"linux": {"resources": {"memory": {"limit": 16 * MB}, "pids": {"limit": 50}}}}


class WatchingKeeper(InProcessKeeper):
    """Its tasks are watched and measured."""

    def new_tasks(self) -> Tasks:
        self.watcher = OomWatcher(lambda container: self.events.append(TaskOOM(container_id=container)))
        return Tasks(
            self.events.append,
            self.runtime_for,
            namespace=NAMESPACE,
            watcher=self.watcher,
            measure=measure,
        )


async def test_it_is_told_before_the_exit(tmp_path: Path, bundle_factory: Make, nothing_left: None) -> None:
    async with keeping(WatchingKeeper(tmp_path, "", bundle_factory)) as keeper:
        name = await keeper.run(["tail", "/dev/zero"], SMALL)
        ended = await keeper.tasks.wait(name)
        assert (ended.status, ended.oom_killed) == (137, True)
        assert keeper.told() == ["create", "start", "oom", "exit"]
        await keeper.tasks.delete(name)


async def test_an_exec_may_be_the_one(tmp_path: Path, bundle_factory: Make, nothing_left: None) -> None:
    async with keeping(WatchingKeeper(tmp_path, "", bundle_factory)) as keeper:
        name = await keeper.run(FOREVER, SMALL)
        exec_id = await keeper.exec(name, ["tail", "/dev/zero"])
        assert (await keeper.tasks.wait(name, exec_id)).status == 137
        await keeper.tasks.kill(name)
        await keeper.tasks.wait(name)
        assert keeper.told().count("oom") == 1


async def test_without_a_cgroup_of_its_own_it_has_no_metrics(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    async with keeping(WatchingKeeper(tmp_path, "", bundle_factory)) as keeper:
        name = await keeper.run(FOREVER)
        keeper.tasks._containers[name].cgroups = {}
        with pytest.raises(NotFound, match="cgroup does not exist"):
            await keeper.tasks.stats(name)


async def test_metrics(tmp_path: Path, bundle_factory: Make, nothing_left: None) -> None:
    async with keeping(WatchingKeeper(tmp_path, "", bundle_factory)) as keeper:
        name = await keeper.run(FOREVER, SMALL)
        answer = await keeper.tasks.stats(name)
        found = metrics_pb2.Metrics.FromString(answer.value)
        assert (found.pids.current, found.pids.limit) == (1, 50)
        assert found.memory.usage.limit == 16 * MB
