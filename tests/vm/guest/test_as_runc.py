"""Each case of `linux.resources` ends in the same files of cgroup v2 as with runc, or is refused as by it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from packages.runtime.tests.cgroup.host_cgroups import settings_of
from packages.runtime.tests.cgroup.resource_cases import CASES
from tests.vm.guest.container import UNIFIED, disk_number

from tiffin.runtime.cgroup.apply import CLONE_INTO_CGROUP, apply
from tiffin.runtime.cgroup.v2 import V2Manager
from tiffin.runtime.errors import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vm.guest.container import Container

ONLY_V1 = (
    "swappiness",
    "kernel memory",
    "OOM killer",
    "realtime",
    "leaf weight",
    "packet",
    "unified on v1",
    "idle",
)
DEVICES = ("deny", "allow", "hole", "rule")  # their effect is no file: test_devices
# runc 1.1 converts shares to a weight linearly, and its later releases as we do.
SHARES = ("shares", "cpu, all", "as docker", "as a kubelet")
SHOWN = (*ONLY_V1, *DEVICES, *SHARES)
# The disk of the cases is the host's; here it is this one.
HOSTS_DISK = (254, 0)
RESERVED = "rsvd"  # runc 1.1 sets no limit on reserved huge pages


def cases() -> list[str]:
    return [name for name in CASES if not name.startswith(SHOWN)]


def with_our_disk(tree: Any) -> Any:
    """The case with the numbers of the machine's disk."""
    if isinstance(tree, list):
        return [with_our_disk(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    changed = {key: with_our_disk(value) for key, value in tree.items()}
    if (tree.get("major"), tree.get("minor")) == HOSTS_DISK:
        changed["major"], changed["minor"] = disk_number()
    return changed


def ours(directory: str, resources: dict[str, Any]) -> dict[str, str] | None:
    """The settings that our operations make, without a process; None if one is refused."""
    manager = V2Manager(directory)
    try:
        operations = manager.create_operations(resources)
        apply(each for each in operations if each.number != CLONE_INTO_CGROUP)
        return settings_of({"": directory})
    except RuntimeFailure:
        return None
    finally:
        manager.remove()


@pytest.mark.parametrize("subject", ["runc"], indirect=True)
@pytest.mark.parametrize("name", cases())
def test_same_files_as_runc(container_factory: Callable[..., Container], name: str) -> None:
    resources = with_our_disk(CASES[name])
    container = container_factory(resources)
    created = container.runtime.create(container.id, container.bundle)
    theirs = settings_of({"": container.cgroup}) if created.exit_code == 0 else None
    found = ours(f"{container.cgroup}-ours", resources)
    if theirs is not None:
        container.end()
        assert len(theirs) > 20
    shutil.rmtree(container.bundle.path)
    assert without(found) == without(theirs)
    assert not (UNIFIED / f"{container.cgroup}-ours").exists()


def without(settings: dict[str, str] | None) -> dict[str, str] | None:
    """The settings that runc 1.1 makes, too."""
    return settings and {name: value for name, value in settings.items() if RESERVED not in name}
