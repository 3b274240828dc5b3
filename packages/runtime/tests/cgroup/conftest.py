"""Fixtures of the cgroup tests: private cgroups below the session's parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiffin.runtime.cgroup.manager import select_manager
from tiffin.runtime.cgroup.v2 import V2Manager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin.runtime.cgroup.manager import CgroupManager
    from tiffin_testing.cgroups import CgroupParent


@pytest.fixture
def manager_factory(cgroup_parent: CgroupParent, container_id: str) -> Iterator[Callable[[], CgroupManager]]:
    """Makes managers for cgroups that nobody else uses; they are removed at the end."""
    made: list[CgroupManager] = []

    def make() -> CgroupManager:
        path = cgroup_parent.path_for(f"{container_id}-{len(made)}")
        made.append(select_manager(cgroups_path=path, container_id=container_id))
        return made[-1]

    yield make
    for manager in made:
        manager.remove()


@pytest.fixture
def unified(manager_factory: Callable[[], CgroupManager]) -> V2Manager:
    """A manager for cgroup v2, also on a hybrid host: there its core works, though controllers are elsewhere."""
    directory = manager_factory().paths().get("unified")
    if directory is None:
        pytest.skip("no cgroup v2 is mounted")
    return V2Manager(directory)
