"""update: each flag and -r set what the kernel then says, and leave the rest as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Make, running
from packages.runtime.tests.lifecycle.limits import Limits

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires(
    "root", "cgroup_v1", "cgroup_memory", "cgroup_cpu", "cgroup_cpuset", "cgroup_pids"
)

START = {
    "memory": {"limit": 64 << 20, "reservation": 32 << 20},
    "cpu": {"shares": 512, "quota": 50000, "period": 100000},
    "pids": {"limit": 50},
}
# flag and value; controller, file, what is in it afterwards
FLAGS = (
    ("--memory", "48m", "memory", "limit_in_bytes", str(48 << 20)),
    ("--memory", "134217728", "memory", "limit_in_bytes", "134217728"),
    ("--memory-reservation", "16M", "memory", "soft_limit_in_bytes", str(16 << 20)),
    ("--cpu-quota", "70000", "cpu", "cfs_quota_us", "70000"),
    ("--cpu-period", "200000", "cpu", "cfs_period_us", "200000"),
    ("--cpu-share", "2048", "cpu", "shares", "2048"),
    ("--cpuset-cpus", "0", "cpuset", "cpus", "0"),
    ("--cpuset-mems", "0", "cpuset", "mems", "0"),
    ("--pids-limit", "77", "pids", "max", "77"),
    ("--pids-limit", "-1", "pids", "max", "max"),
)


def limited(make: Make) -> Any:
    return make({"linux": {"resources": START}}, args=FOREVER)


@pytest.mark.parametrize(("flag", "value", "controller", "name", "expected"), FLAGS)
def test_a_flag_sets_its_limit_and_no_other(
    flag: str, value: str, controller: str, name: str, expected: str,
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str,
) -> None:  # fmt: skip
    bundle = limited(bundle_factory)
    limits = Limits(bundle)
    with running(runtime_under_test, bundle, container_id):
        files = {(row[2], row[3]) for row in FLAGS}
        before = {file: limits.read(*file) for file in files}
        runtime_under_test.call("update", flag, value, container_id).must_succeed()
        after = {file: limits.read(*file) for file in files}
        assert after == {**before, (controller, name): expected}


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_limits_come_from_a_file_too(
    source: str, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    changes = {"memory": {"limit": 40 << 20}, "cpu": {"shares": 100, "cpus": "0"}, "pids": {"limit": 9}}
    (tmp_path / "limits.json").write_text(json.dumps(changes))
    bundle = limited(bundle_factory)
    limits = Limits(bundle)
    with running(runtime_under_test, bundle, container_id):
        if source == "file":
            outcome = runtime_under_test.call("update", "-r", tmp_path / "limits.json", container_id)
        else:
            outcome = runtime_under_test.call(
                "update", "--resources", "-", container_id, stdin=json.dumps(changes)
            )
        outcome.must_succeed()
        assert limits.read("memory", "limit_in_bytes") == str(40 << 20)
        assert limits.read("cpu", "shares") == "100"
        assert limits.read("cpuset", "cpus") == "0"
        assert limits.read("pids", "max") == "9"
        assert limits.read("cpu", "cfs_quota_us") == "50000"


def test_updates_add_up(runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str) -> None:
    bundle = limited(bundle_factory)
    limits = Limits(bundle)
    with running(runtime_under_test, bundle, container_id):
        for flags in (["--memory", "50m"], ["--cpu-share", "300"], ["--pids-limit", "20"]):
            runtime_under_test.call("update", *flags, container_id).must_succeed()
        assert limits.read("memory", "limit_in_bytes") == str(50 << 20)
        assert limits.read("cpu", "shares") == "300"
        assert limits.read("pids", "max") == "20"


def test_devices_stay_as_they_are(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = limited(bundle_factory)
    with running(runtime_under_test, bundle, container_id):
        devices = Limits(bundle).file("devices", "list")
        before = devices.read_text()
        runtime_under_test.call("update", "--pids-limit", "20", container_id).must_succeed()
        assert devices.read_text() == before


@pytest.mark.parametrize(
    "flags",
    [
        ("--memory", "lots"),
        ("--cpu-quota", "x"),
        ("--cpuset-cpus", "99"),
        ("--cpu-period", "-5"),
        ("--memory", "4k"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_and_the_old_ones_hold(
    flags: tuple[str, str], runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = limited(bundle_factory)
    limits = Limits(bundle)
    files = {(row[2], row[3]) for row in FLAGS}
    with running(runtime_under_test, bundle, container_id):
        before = {file: limits.read(*file) for file in files}
        assert runtime_under_test.call("update", *flags, container_id).exit_code == 1
        assert {file: limits.read(*file) for file in files} == before


def test_a_file_that_holds_no_limits_is_refused(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, limited(bundle_factory), container_id):
        for text in ("", "[1]", "{", '{"memory": 3}'):
            outcome = runtime_under_test.call("update", "-r", "-", container_id, stdin=text)
            assert outcome.exit_code == 1, text


def test_a_stopped_container_cannot_be_updated(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=["true"])
    with running(runtime_under_test, bundle, container_id):
        runtime_under_test.wait_stopped(container_id)
        outcome = runtime_under_test.call("update", "--pids-limit", "20", container_id)
        assert outcome.exit_code == 1
        assert "container not running" in outcome.stderr
