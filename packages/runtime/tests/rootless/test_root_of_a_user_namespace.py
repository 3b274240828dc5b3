"""As root of a user namespace (`unshare -r`, podman unshare), with and without another one for the container."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
from packages.runtime.tests.rootless.conftest import Rootless

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = [
    pytest.mark.requires("userns_rootless", "userns_proc", "busybox", "unshare"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]

ROOT = {
    "linux": {
        "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
    }
}


def inside(runtime: OCIRuntime, *flags: str) -> OCIRuntime:
    """The same runtime, started as root of a new user namespace each time."""
    return OCIRuntime(["unshare", *flags, *runtime.command], runtime.root)


def without_user_namespace(bundle_config: dict[str, Any]) -> dict[str, Any]:
    kept = [each for each in bundle_config["linux"]["namespaces"] if each["type"] != "user"]
    return {"linux": {"namespaces": kept, "uidMappings": None, "gidMappings": None}}


def only_ours(runtime: OCIRuntime) -> None:
    if runtime.name == "runc":
        pytest.skip("runc wants to enter the mount namespace that it came from, which it may not")


def test_a_user_namespace_in_a_user_namespace(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    only_ours(runtime_under_test)
    bundle = rootless_bundle(ROOT, args=["sh", "-c", "id -u; cat /proc/self/setgroups; hostname"])
    outcome = inside(runtime_under_test, "-r").run(container_id, bundle)
    assert outcome.must_succeed().stdout == "0\ndeny\ntiffin-test\n"


def test_with_a_mount_namespace_none_of_its_own_is_needed(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    changes = without_user_namespace(rootless_bundle().config)
    bundle = rootless_bundle(
        changes, args=["sh", "-c", "id -u; hostname; ls -d /sys/class; echo > /dev/null"]
    )
    outcome = inside(runtime_under_test, "-r", "-m").run(container_id, bundle)
    assert outcome.must_succeed().stdout == "0\ntiffin-test\n/sys/class\n"


def test_a_user_namespace_where_mounts_are_ours(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    outcome = inside(runtime_under_test, "-r", "-m").run(
        container_id, rootless_bundle(ROOT, args=["id", "-u"])
    )
    assert outcome.must_succeed().stdout == "0\n"


def test_the_whole_lifecycle(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    only_ours(runtime_under_test)
    bundle = rootless_bundle(ROOT, args=["sleep", "1000"])
    script = """
        set -e
        rt() { "$@" </dev/null >>"$LOG" 2>&1; }
        rt "$@" create --bundle "$BUNDLE" "$ID"
        rt "$@" start "$ID"
        "$@" exec "$ID" sh -c 'echo inside; id -u'
        if rt "$@" pause "$ID"; then exit 9; fi
        rt "$@" kill "$ID" KILL
        rt "$@" delete --force "$ID"
    """
    environment = {
        **os.environ,
        "BUNDLE": str(bundle.path),
        "ID": container_id,
        "LOG": str(bundle.path / "log"),
    }
    subject = [*runtime_under_test.command, "--root", str(runtime_under_test.root)]
    done = subprocess.run(
        ["unshare", "-r", "sh", "-c", script, "sh", *subject],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "inside\n0\n"), (done, (bundle.path / "log").read_text())
    assert list(runtime_under_test.containers()) == []


def test_additional_groups_are_refused(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    only_ours(runtime_under_test)
    user = {"uid": 0, "gid": 0, "additionalGids": [0]}
    bundle = rootless_bundle({**ROOT, "process": {"user": user}})
    outcome = inside(runtime_under_test, "-r").run(container_id, bundle)
    assert outcome.exit_code == 1
    assert "process.user.additionalGids" in outcome.stderr


def test_state_stands_in_the_runtime_directory_of_the_user(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    only_ours(runtime_under_test)
    bundle = rootless_bundle(ROOT)
    command = [
        "unshare",
        "-r",
        *runtime_under_test.command,
        "run",
        "--bundle",
        str(bundle.path),
        container_id,
    ]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime_under_test.root.parent)}
    done = subprocess.run(
        [*command], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 0, done
    assert (runtime_under_test.root.parent / "tiffin").is_dir()
