"""Runtimes on an old kernel: each of the newer system calls is missing once, and all of them together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from packages.runtime.tests.old_kernel.denial import Denial, build_deny

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

Make = Callable[..., Bundle]

NEWER = {  # since which Linux
    "open_tree": "5.2",
    "move_mount": "5.2",
    "clone3": "5.3",
    "pidfd_open": "5.3",
    "openat2": "5.6",
    "faccessat2": "5.8",
    "close_range": "5.9",
    "mount_setattr": "5.12",
}
KERNELS = {**{name: (name,) for name in NEWER}, "all": tuple(NEWER)}
OF_MOUNTS = ("openat2", "open_tree", "move_mount", "mount_setattr", "all")


@pytest.fixture(scope="session")
def denied(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Denial]:
    """`denied("openat2")`: what runs a command to which these system calls are missing."""
    program = build_deny(tmp_path_factory.mktemp("deny"))

    def make(*calls: str) -> Denial:
        return Denial(program, calls)

    return make


@pytest.fixture(params=KERNELS)
def old_runtime(
    request: pytest.FixtureRequest, denied: Callable[..., Denial], runtime_under_test: OCIRuntime
) -> OCIRuntime:
    """The runtime under test on a kernel that lacks one of the calls, or all."""
    return denied(*KERNELS[request.param]).around(runtime_under_test)


@pytest.fixture(params=OF_MOUNTS)
def old_mounts(
    request: pytest.FixtureRequest, denied: Callable[..., Denial], runtime_under_test: OCIRuntime
) -> OCIRuntime:
    """The same, but only the calls that matter to paths and mounts are missing in turn."""
    return denied(*KERNELS[request.param]).around(runtime_under_test)
