"""Where user namespaces are forbidden, the error says by which setting, and nothing is left."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from packages.runtime.tests.old_kernel.denial import Denial, build_deny
from packages.runtime.tests.rootless.conftest import Rootless

from tiffin_testing.oci_runtime import OCIRuntime, Outcome

pytestmark = [
    pytest.mark.requires("userns_rootless", "userns_proc", "busybox", "unshare"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]

CLONE_NEWUSER = 0x10000000
ROOT = {
    "linux": {
        "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
    }
}


@pytest.fixture(autouse=True)
def only_ours(runtime_under_test: OCIRuntime) -> None:
    if runtime_under_test.name == "runc":
        pytest.skip("runc gives the kernel's reason, and no remedy")


def run_within_limit(runtime: OCIRuntime, bundle: Path, container: str, kind: str) -> Outcome:
    """Runs a container below a user namespace in which no namespace of a kind may be made."""
    script = f'echo 0 > /proc/sys/user/max_{kind}_namespaces && exec "$@"'
    command = ["unshare", "-r", "sh", "-c", script, "sh", *runtime.command]
    limited = OCIRuntime(command, runtime.root)
    return limited.call("run", "--bundle", bundle, container)


@pytest.mark.parametrize("kind", ["user", "net", "pid"])
def test_a_limit_is_named(
    kind: str, runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    bundle = rootless_bundle(ROOT)
    outcome = run_within_limit(runtime_under_test, bundle.path, container_id, kind)
    assert outcome.exit_code == 1
    assert f"raise sysctl user.max_{kind}_namespaces" in outcome.stderr
    assert list(runtime_under_test.containers()) == []


@pytest.mark.requires("gcc", "libseccomp")
def test_a_filter_around_us_is_suspected(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str, tmp_path: Path
) -> None:
    program = build_deny(tmp_path)
    without_clone3 = Denial(program, ("clone3",)).around(runtime_under_test)
    forbidden = Denial(program, (f"clone:{CLONE_NEWUSER}",), errno.EPERM).around(without_clone3)
    outcome = forbidden.run(container_id, rootless_bundle())
    assert outcome.exit_code == 1
    assert "user namespaces are forbidden here" in outcome.stderr
    assert "linux.namespaces" in outcome.stderr
    assert list(runtime_under_test.containers()) == []


@pytest.mark.requires("gcc", "libseccomp")
def test_clone3_that_is_forbidden_is_replaced_by_clone(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str, tmp_path: Path
) -> None:
    old = Denial(build_deny(tmp_path), ("clone3",)).around(runtime_under_test)
    outcome = old.run(container_id, rootless_bundle(args=["echo", "fine"]))
    assert (outcome.exit_code, outcome.stdout) == (0, "fine\n"), outcome
