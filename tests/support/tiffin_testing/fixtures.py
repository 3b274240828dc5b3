"""The fixtures that every package's tests may use; `plugin` registers them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tiffin_testing import cgroups, leaks
from tiffin_testing.bundle import Bundle, make_bundle
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.oci_runtime import OCIRuntime, new_id, runtime_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "adopted_supervisors",
    "bundle_factory",
    "cgroup_parent",
    "container_id",
    "nothing_left",
    "runtime_under_test",
    "subreaper",
]

DEFAULT_RUNTIME = "tiffin-runtime"


@pytest.fixture(scope="session")
def cgroup_parent() -> Iterator[CgroupParent]:
    """The session's own parent cgroup; those of sessions that were killed are removed first."""
    if os.geteuid() == 0:
        cgroups.remove_stale()
    parent = CgroupParent()
    yield parent
    parent.remove()


@pytest.fixture(scope="session")
def subreaper() -> None:
    leaks.become_subreaper()


@pytest.fixture(scope="module", autouse=True)
def adopted_supervisors() -> Iterator[None]:
    """Ends the zombies of a module: a thousand of them make everything slow that looks through /proc."""
    yield
    leaks.reap_supervisors()


@pytest.fixture
def container_id() -> str:
    """An id that nobody else uses."""
    return new_id()


@pytest.fixture
def runtime_under_test(
    request: pytest.FixtureRequest, tmp_path: Path, cgroup_parent: CgroupParent, subreaper: None
) -> Iterator[OCIRuntime]:
    """The runtime of --runtime, with an empty state directory. Fails the test if it left anything behind."""
    name = request.config.getoption("--runtime") or os.environ.get("TIFFIN_TEST_RUNTIME") or DEFAULT_RUNTIME
    before = leaks.Snapshot.take(cgroup_parent)
    runtime = OCIRuntime(runtime_command(name), tmp_path / "state")
    yield runtime
    left = leaks.leaks_since(before, cgroup_parent, [runtime])
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)


@pytest.fixture
def nothing_left(cgroup_parent: CgroupParent, subreaper: None) -> Iterator[None]:
    """The leak check alone, for tests that call no runtime through `runtime_under_test`."""
    before = leaks.Snapshot.take(cgroup_parent)
    yield
    left = leaks.leaks_since(before, cgroup_parent, [])
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)


@pytest.fixture
def bundle_factory(tmp_path: Path, cgroup_parent: CgroupParent) -> Callable[..., Bundle]:
    """`bundle_factory({"process": {"args": [...]}})`: a bundle with cgroups below the session's parent."""
    made = 0

    def make(config_overrides: dict[str, Any] | None = None, **options: Any) -> Bundle:
        nonlocal made
        made += 1
        overrides = dict(config_overrides or {})
        if not options.get("rootless"):
            path = cgroup_parent.path_for(f"{new_id()}")
            overrides["linux"] = {"cgroupsPath": path, **overrides.get("linux", {})}
        return make_bundle(tmp_path / f"bundle-{made}", overrides, **options)

    return make
