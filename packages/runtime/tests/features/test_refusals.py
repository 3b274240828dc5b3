"""What this kind of host lacks: refused by name, with nothing left behind; and what works all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.features.subject import Subject, bind, namespaces, user_namespace, with_mounts

from tiffin_testing.requirements import finding_of

pytestmark = pytest.mark.requires("root")


def absent(name: str) -> None:
    """Skips where the host has it after all."""
    if finding_of(name).available:
        pytest.skip(f"{name} is available here")


def test_intel_rdt_without_resctrl(subject: Subject) -> None:
    absent("rdt")
    refused = subject.refusal({"linux": {"intelRdt": {"closID": "one", "schemata": ["L3:0=f"]}}})
    assert "linux.intelRdt" in refused
    assert "resctrl" in refused


def test_an_apparmor_profile_without_apparmor(subject: Subject) -> None:
    absent("apparmor")
    refused = subject.refusal({"process": {"apparmorProfile": "a-profile"}})
    assert "process.apparmorProfile" in refused
    assert "AppArmor is not enabled" in refused


def test_a_selinux_label_without_selinux(subject: Subject) -> None:
    absent("selinux")
    refused = subject.refusal({"process": {"selinuxLabel": "system_u:system_r:container_t:s0"}})
    assert "process.selinuxLabel" in refused
    assert "SELinux is not enabled" in refused


def test_a_profile_for_a_further_process(subject: Subject) -> None:
    absent("apparmor")
    with subject.running({}):
        outcome = subject.runtime.exec(subject.container, ["true"], "--apparmor", "a-profile")
        assert outcome.exit_code != 0
        assert "AppArmor is not enabled" in outcome.stderr


def test_a_mount_label_without_selinux_is_the_kernels_to_refuse(subject: Subject) -> None:
    absent("selinux")
    refused = subject.refusal({"linux": {"mountLabel": "system_u:object_r:container_file_t:s0"}})
    assert "mounts[" in refused or "keyring" in refused


@pytest.mark.parametrize(
    ("controller", "resources"),
    [
        ("rdma", {"rdma": {"mlx5_0": {"hcaHandles": 3}}}),
        ("hugetlb", {"hugepageLimits": [{"pageSize": "2MB", "limit": 1 << 21}]}),
    ],
)
def test_a_controller_that_is_not_mounted(
    subject: Subject, controller: str, resources: dict[str, Any]
) -> None:
    if finding_of("cgroup_v2").available or Path("/sys/fs/cgroup", controller).exists():
        pytest.skip(f"{controller} is mounted here")
    refused = subject.refusal({"linux": {"resources": resources}})
    assert next(iter(resources)) in refused


SYSCTLS = {
    "net.ipv4.ip_unprivileged_port_start": "81",
    "net/ipv4/ping_group_range": "0 5",
    "kernel.msgmax": "4097",
    "fs.mqueue.msg_max": "21",
}


@pytest.mark.parametrize("mapped", [False, True])
def test_sysctls_of_the_containers_namespaces(subject: Subject, mapped: bool) -> None:  # noqa: FBT001
    linux = user_namespace() if mapped else {"namespaces": namespaces()}
    paths = [f"/proc/sys/{key.replace('.', '/')}" for key in SYSCTLS]
    before = [Path(path).read_text() for path in paths]
    text = subject.output({"linux": {**linux, "sysctl": SYSCTLS}}, f"cat {' '.join(paths)}")
    assert [" ".join(line.split()) for line in text.splitlines()] == list(SYSCTLS.values())
    assert [Path(path).read_text() for path in paths] == before


def test_a_sysctl_that_the_kernel_does_not_have_is_named(subject: Subject) -> None:
    refused = subject.refusal({"linux": {"sysctl": {"net.no.such": "1"}}})
    assert "linux.sysctl.net.no.such" in refused
    assert "no such file or directory" in refused


@pytest.mark.parametrize("options", [["bind"], ["rbind", "ro"]])
def test_a_bind_whose_source_the_mapped_root_cannot_reach(subject: Subject, options: list[str]) -> None:
    """The container's root may not enter the folder above; the host's root, which starts it, may."""
    secret = subject.folder / "closed" / "open"
    secret.mkdir(parents=True)
    (secret / "file").write_text("inside\n")
    secret.parent.chmod(0o700)
    config = {"linux": user_namespace(), "mounts": with_mounts(bind(secret, "/mnt", *options))}
    assert subject.output(config, "cat /mnt/file") == "inside\n"


def test_a_bound_file_that_the_mapped_root_cannot_reach(subject: Subject) -> None:
    closed = subject.folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("inside\n")
    config = {"linux": user_namespace(), "mounts": with_mounts(bind(closed / "file", "/tmp/file", "bind"))}
    outcome = subject.run(config, "cat /tmp/file")
    assert outcome.must_succeed().stdout == "inside\n"


def test_a_relative_source_is_one_of_the_bundle(subject: Subject) -> None:
    bundle = subject.make({"mounts": with_mounts(bind("beside", "/mnt", "bind"))}, ["cat", "/mnt/file"])
    (bundle.path / "beside").mkdir()
    (bundle.path / "beside" / "file").write_text("of the bundle\n")
    assert subject.runtime.run(subject.container, bundle).must_succeed().stdout == "of the bundle\n"
