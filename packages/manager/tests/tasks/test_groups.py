"""Containers of one pod share a shim, if it wants to: the annotation in their specs says which belong together."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from packages.manager.tests.tasks.peers import EXTERNAL, FOREIGN
from packages.manager.tests.tasks.shims import shim_of

from tiffin.api.containerd.events import task_pb2 as events
from tiffin.api.typeurl import unpack

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers

pytestmark = pytest.mark.requires("root", "containerd", "runc")
POD = {"io.kubernetes.cri.sandbox-id": "pod"}


@pytest.mark.parametrize("peer", EXTERNAL, indirect=True)
def test_a_pods_containers_share_a_shim_and_end_one_by_one(containers: Containers) -> None:
    one = containers.run("sleep", "1000", annotations=POD)
    two = containers.run("sleep", "1000", annotations=POD)
    other = containers.run("sleep", "1000")
    assert shim_of(containers, one) == shim_of(containers, two) != shim_of(containers, other)
    containers.kill(one)
    assert containers.wait(one).exit_status == 137
    containers.delete(one)
    assert containers.status(two) == "RUNNING"
    third = containers.run("sleep", "1000", annotations=POD)
    assert shim_of(containers, third) == shim_of(containers, two)


@pytest.mark.parametrize("peer", FOREIGN, indirect=True)
def test_a_killed_shim_ends_all_of_its_tasks(containers: Containers) -> None:
    names = [containers.run("sleep", "1000", annotations=POD) for _ in range(3)]
    told = containers.events()
    os.kill(shim_of(containers, names[0]), signal.SIGKILL)
    found = told.until(*["/tasks/exit"] * 3, *["/tasks/delete"] * 3)
    exits = [unpack(each.event, events.TaskExit) for each in found if each.topic == "/tasks/exit"]
    assert sorted((each.container_id, each.exit_status) for each in exits) == sorted(
        (name, 137) for name in names
    )
    assert containers.left() == []
    told.close()
