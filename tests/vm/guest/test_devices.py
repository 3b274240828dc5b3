"""linux.resources.devices, which on cgroup v2 is an eBPF program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.vm.guest.container import disk_number
from tests.vm.guest.subjects import only_ours

from tiffin.runtime.cgroup.device_attachment import attached_programs
from tiffin.runtime.cgroup.v2 import V2Manager

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.vm.guest.container import Container

DENY_ALL: dict[str, Any] = {"allow": False, "access": "rwm"}
# Reads a sector, opens for writing, and makes a node: each line is the exit code.
USE_DISK = """
dd if=/dev/disk of=/dev/null bs=512 count=1 2>/dev/null; echo $?
(: >> /dev/disk) 2>/dev/null; echo $?
mknod /tmp/node b {0} {1} 2>/dev/null; echo $?; rm -f /tmp/node
"""


def disk_rule(*, allow: bool, access: str) -> dict[str, Any]:
    major, minor = disk_number()
    return {"allow": allow, "type": "b", "major": major, "minor": minor, "access": access}


def with_disk(factory: Callable[..., Container], *rules: dict[str, Any]) -> Container:
    major, minor = disk_number()
    device = {"path": "/dev/disk", "type": "b", "major": major, "minor": minor, "fileMode": 0o666}
    return factory({"devices": list(rules)}, config={"linux": {"devices": [device]}})


def use_disk(container: Container) -> tuple[bool, ...]:
    """Whether it can be read, written, and made."""
    return tuple(word == "0" for word in container.shell(USE_DISK.format(*disk_number())).split())


def programs(cgroup: Path) -> int:
    """How many device filters are attached to a cgroup."""
    descriptor = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return len(attached_programs(descriptor))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([("", False, "rwm")], (False, False, True)),
        ([("", False, "rwm"), ("disk", True, "rw")], (True, True, True)),
        ([("", False, "rwm"), ("disk", True, "r")], (True, False, True)),
        ([("", True, "rwm"), ("disk", False, "w")], (True, False, True)),
    ],
    ids=["nothing", "reading and writing", "reading", "all but writing"],
)
def test_a_disk(
    container_factory: Callable[..., Container],
    rules: list[tuple[str, bool, str]],
    expected: tuple[bool, ...],
) -> None:
    made = [
        disk_rule(allow=allow, access=access) if what else {"allow": allow, "access": access}
        for what, allow, access in rules
    ]
    container = with_disk(container_factory, *made).start()
    found = use_disk(container)
    container.end()
    assert found == expected


def test_the_usual_devices_can_be_used(container_factory: Callable[..., Container]) -> None:
    container = container_factory({"devices": [DENY_ALL]}).start()
    container.shell(
        "for name in null zero full random urandom; do head -c 1 /dev/$name > /dev/null || exit 1; done"
    )
    container.end()


def test_update_keeps_the_filter(container_factory: Callable[..., Container]) -> None:
    container = with_disk(container_factory, DENY_ALL, disk_rule(allow=True, access="r")).start()
    container.update("--memory", "100M").must_succeed()
    assert programs(container.cgroup) == 1
    assert use_disk(container) == (True, False, True)
    container.end()


@only_ours  # runc has no command for it
def test_a_new_filter_takes_the_place_of_the_old_one(container_factory: Callable[..., Container]) -> None:
    container = with_disk(container_factory, DENY_ALL).start()
    manager = V2Manager(str(container.cgroup))
    manager.update_devices([DENY_ALL, disk_rule(allow=True, access="rw")])
    assert programs(container.cgroup) == 1
    assert use_disk(container) == (True, True, True)
    container.end()
