"""Who a process is: one id or a range, groups, and what the kernel allows an ordinary user to say about them."""

from __future__ import annotations

import os

import pytest
from packages.runtime.tests.rootless.conftest import Rootless
from packages.runtime.tests.rootless.mappings import id_range

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = [
    pytest.mark.requires("userns_rootless", "userns_proc", "busybox"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]


def only_ours(runtime: OCIRuntime, why: str) -> None:
    if runtime.name == "runc":
        pytest.skip(why)


needs_range = pytest.mark.requires("newuidmap", "subuid")


def test_with_one_id_setgroups_is_denied(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    bundle = rootless_bundle(args=["sh", "-c", "cat /proc/self/setgroups; grep -c . /proc/self/uid_map"])
    assert runtime_under_test.run(container_id, bundle).must_succeed().stdout == "deny\n1\n"


@needs_range
def test_with_a_range_setgroups_is_allowed(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    bundle = rootless_bundle(
        id_range(), args=["sh", "-c", "cat /proc/self/setgroups; grep -c . /proc/self/uid_map"]
    )
    assert runtime_under_test.run(container_id, bundle).must_succeed().stdout == "allow\n2\n"


@needs_range
def test_with_a_range_there_are_other_users_and_groups(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    only_ours(
        runtime_under_test, "runc refuses additional groups to an ordinary user also where they are mapped"
    )
    user = {"uid": 1000, "gid": 1000, "additionalGids": [5, 2000]}
    script = ["sh", "-c", "id -u; id -g; grep Groups /proc/self/status"]
    bundle = rootless_bundle({**id_range(), "process": {"user": user}}, args=script)
    said = runtime_under_test.run(container_id, bundle).must_succeed().stdout
    assert said.split() == ["1000", "1000", "Groups:", "5", "2000"]


@needs_range
def test_with_a_range_exec_takes_users_and_groups_too(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    only_ours(
        runtime_under_test, "runc refuses additional groups to an ordinary user also where they are mapped"
    )
    bundle = rootless_bundle(id_range(), args=["sleep", "1000"])
    runtime_under_test.run(container_id, bundle, "--detach").must_succeed()
    flags = ("--user", "7:8", "--additional-gids", "9")
    said = runtime_under_test.exec(container_id, ["sh", "-c", "id -u; id -g; id -G"], *flags).must_succeed()
    assert said.stdout == "7\n8\n8 9\n"
    runtime_under_test.delete(container_id, force=True).must_succeed()


def test_additional_groups_with_one_id_are_refused(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    user = {"uid": 0, "gid": 0, "additionalGids": [0]}
    outcome = runtime_under_test.create(container_id, rootless_bundle({"process": {"user": user}}))
    assert outcome.exit_code == 1
    assert "additional groups" in outcome.stderr
    assert list(runtime_under_test.containers()) == []


def test_exec_refuses_additional_groups_with_one_id(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    runtime_under_test.run(container_id, rootless_bundle(args=["sleep", "1000"]), "--detach").must_succeed()
    outcome = runtime_under_test.exec(container_id, ["true"], "--additional-gids", "0")
    assert outcome.exit_code != 0
    assert "additional groups" in outcome.stderr
    runtime_under_test.delete(container_id, force=True).must_succeed()


@pytest.mark.parametrize("field", ["uid", "gid"])
def test_a_user_that_is_not_mapped_is_refused(
    field: str, runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    bundle = rootless_bundle({"process": {"user": {field: 1000}}})
    outcome = runtime_under_test.create(container_id, bundle)
    assert outcome.exit_code == 1
    assert outcome.stderr
    only_ours(runtime_under_test, "runc names no path")
    assert f"process.user.{field}" in outcome.stderr


@needs_range
def test_ids_that_are_not_ours_are_refused(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    mappings = [
        {"containerID": 0, "hostID": os.geteuid(), "size": 1},
        {"containerID": 1, "hostID": 1, "size": 10},
    ]
    bundle = rootless_bundle({"linux": {"uidMappings": mappings, "gidMappings": mappings}})
    outcome = runtime_under_test.create(container_id, bundle)
    assert outcome.exit_code == 1
    assert list(runtime_under_test.containers()) == []
    if runtime_under_test.name != "runc":
        assert "newuidmap" in outcome.stderr
        assert "/etc/subuid" in outcome.stderr


def test_without_a_user_namespace_an_ordinary_user_is_refused(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    bundle = rootless_bundle()
    kept = [each for each in bundle.config["linux"]["namespaces"] if each["type"] != "user"]
    changes = {"linux": {"namespaces": kept, "uidMappings": None, "gidMappings": None}}
    outcome = runtime_under_test.create(container_id, rootless_bundle(changes))
    assert outcome.exit_code == 1
    assert "user namespace" in outcome.stderr
    assert list(runtime_under_test.containers()) == []
