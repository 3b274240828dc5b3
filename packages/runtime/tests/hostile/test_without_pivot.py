"""--no-pivot: the host's tree stays below the container's root, and must be of no use there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")
CAPABILITIES = [
    "CAP_SYS_ADMIN",
    "CAP_SETFCAP",
    "CAP_SETUID",
    "CAP_SETGID",
]  # to make a user namespace with a root
PRIVILEGED = {
    "process": {"capabilities": dict.fromkeys(("bounding", "effective", "permitted"), CAPABILITIES)}
}


@pytest.mark.parametrize(("kind", "more"), [("proc", "-p -f"), ("sysfs", "-n")])
@pytest.mark.parametrize("flags", [(), ("--no-pivot",)], ids=["pivot", "no pivot"])
def test_a_user_namespace_inside_mounts_no_unmasked_tree(
    kind: str,
    more: str,
    flags: tuple[str, ...],
    runtime_under_test: OCIRuntime,
    bundle_factory: Callable[..., Bundle],
    container_id: str,
) -> None:
    """The kernel allows it where the mount namespace has a whole one already."""
    script = (
        f"mkdir /all && unshare -U -r -m {more} sh -c 'echo inside; mount -t {kind} all /all && echo mounted'"
    )
    outcome = runtime_under_test.run(
        container_id, bundle_factory(PRIVILEGED, args=["sh", "-c", script]), *flags
    )
    runtime_under_test.delete(container_id, force=True)
    assert outcome.stdout == "inside\n"


def test_the_hosts_tree_keeps_its_mounts(
    runtime_under_test: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str
) -> None:
    """Also where the rootfs is to have peers on the host."""
    before = Path("/proc/self/mountinfo").read_text()
    shared = {"linux": {"rootfsPropagation": "shared"}}
    runtime_under_test.run(container_id, bundle_factory(shared, args=["true"]), "--no-pivot").must_succeed()
    assert Path("/proc/self/mountinfo").read_text() == before
