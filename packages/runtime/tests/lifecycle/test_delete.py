"""delete: what it may not touch."""

from __future__ import annotations

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Make, running

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")
POSTSTOP = {"hooks": {"poststop": [{"path": "/bin/true"}]}}  # then it is Python that deletes


@pytest.mark.parametrize("changes", [{}, POSTSTOP], ids=["native", "python"])
def test_a_container_in_the_same_cgroup_lives_on(
    changes: dict[str, object], runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    """cgroup v1 takes several into one; `/` is everybody's."""
    shared = {**changes, "linux": {"cgroupsPath": f"/{container_id}-shared"}}
    first, other = f"{container_id}-first", f"{container_id}-other"
    with running(runtime_under_test, bundle_factory(shared, args=FOREVER), other):
        if runtime_under_test.create(first, bundle_factory(shared, args=FOREVER)).exit_code != 0:
            pytest.skip("one container for each cgroup here (cgroup v2)")
        runtime_under_test.delete(first, force=True)  # what is in use cannot be removed, and that is told
        assert runtime_under_test.status(other) == "running"
    runtime_under_test.delete(first, force=True)
