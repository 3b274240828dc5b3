"""Recursive mount attributes (rro and friends), propagation, and what becomes of mounts below a bind."""

from __future__ import annotations

import pytest
from packages.runtime.tests.features.subject import (
    Config,
    Subject,
    bind,
    mount_of,
    user_namespace,
    with_mounts,
)

pytestmark = pytest.mark.requires("root", "mount_setattr")

MOUNTINFO = "cat /proc/self/mountinfo"
TREE = "mount -t tmpfs tmpfs {0} && mkdir {0}/below && mount -t tmpfs tmpfs {0}/below"
CHANGED = " && mount -o remount,bind,{1} {0}/below && mount -o remount,bind,{1} {0}"
OPTIONS, TAGS = 5, 6  # fields of mountinfo


def seen(subject: Subject, *options: str, outside: str = "") -> tuple[set[str], set[str]]:
    """The options of a bind and of the mount below it; `outside` are the host's for both."""
    folder = subject.folder / "tree"
    folder.mkdir()
    script = TREE + (CHANGED if outside else "")
    inside = subject.in_own_mounts(script.format(folder, outside))
    text = inside.output({"mounts": with_mounts(bind(folder, "/mnt", *options))}, MOUNTINFO)
    top, below = (mount_of(text, point)[OPTIONS].split(",") for point in ("/mnt", "/mnt/below"))
    return set(top), set(below)


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("rro", "ro"),
        ("rnosuid", "nosuid"),
        ("rnodev", "nodev"),
        ("rnoexec", "noexec"),
        ("rnodiratime", "nodiratime"),
        ("rnoatime", "noatime"),
        ("rnosymfollow", "nosymfollow"),
    ],
)
def test_an_attribute_is_set_on_mounts_below_too(subject: Subject, option: str, shown: str) -> None:
    top, below = seen(subject, "rbind", option)
    assert shown in top
    assert shown in below


@pytest.mark.parametrize(
    ("option", "outside"),
    [
        ("rrw", "ro"),
        ("rsuid", "nosuid"),
        ("rdev", "nodev"),
        ("rexec", "noexec"),
        ("rdiratime", "nodiratime"),
        ("ratime", "noatime"),
        ("rsymfollow", "nosymfollow"),
    ],
)
def test_an_attribute_is_removed_from_mounts_below_too(subject: Subject, option: str, outside: str) -> None:
    top, below = seen(subject, "rbind", option, outside=outside)
    assert outside not in top
    assert outside not in below


def test_of_two_attributes_the_later_counts(subject: Subject) -> None:
    top, below = seen(subject, "rbind", "rro", "rrw", "rnoexec")
    assert {"rw", "noexec"} <= top
    assert {"rw", "noexec"} <= below


def test_access_times_are_one_choice(subject: Subject) -> None:
    top, below = seen(subject, "rbind", "rnoatime", "rstrictatime")
    assert not {"noatime", "relatime"} & (top | below)


def test_ro_alone_leaves_mounts_below_writable(subject: Subject) -> None:
    top, below = seen(subject, "rbind", "ro")
    assert "ro" in top
    assert "rw" in below


def test_attributes_apply_to_a_file_system_too(subject: Subject) -> None:
    mount = {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["rro", "rnoexec"]}
    text = subject.output({"mounts": with_mounts(mount)}, MOUNTINFO)
    assert {"ro", "noexec"} <= set(mount_of(text, "/mnt")[OPTIONS].split(","))


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("shared", "shared:"),
        ("rshared", "shared:"),
        ("slave", ""),
        ("rprivate", ""),
        ("unbindable", "unbindable"),
        ("runbindable", "unbindable"),
    ],
)
def test_the_propagation_of_the_root(subject: Subject, value: str, tag: str) -> None:
    text = subject.output({"linux": {"rootfsPropagation": value}}, MOUNTINFO)
    found = mount_of(text, "/")[TAGS]
    assert found.startswith(tag)
    assert not value.endswith(("slave", "private")) or not found.startswith("shared:")


@pytest.mark.parametrize("option", ["shared", "rshared", "unbindable", "private"])
def test_the_propagation_of_a_mount(subject: Subject, option: str) -> None:
    mount = {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": [option]}
    found = mount_of(subject.output({"mounts": with_mounts(mount)}, MOUNTINFO), "/mnt")[TAGS]
    expected = {"shared": "shared:", "rshared": "shared:", "unbindable": "unbindable", "private": "-"}
    assert found.startswith(expected[option])


def shared_source(subject: Subject, *options: str) -> tuple[Subject, Config]:
    folder = subject.folder / "shared"
    folder.mkdir()
    prepared = f"mount -t tmpfs tmpfs {folder} && mount --make-shared {folder} && mkdir {folder}/new"
    return subject.in_own_mounts(prepared), {"mounts": with_mounts(bind(folder, "/mnt", *options))}


def test_a_slave_bind_is_a_slave_of_the_hosts_mount(subject: Subject) -> None:
    inside, config = shared_source(subject, "rbind", "rslave")
    fields = mount_of(inside.output(config, MOUNTINFO), "/mnt")
    assert fields[TAGS].startswith("master:")


def test_a_private_bind_has_no_peers(subject: Subject) -> None:
    inside, config = shared_source(subject, "rbind", "rprivate")
    assert mount_of(inside.output(config, MOUNTINFO), "/mnt")[TAGS] == "-"


def test_without_pivot_root_the_container_sees_its_root(subject: Subject) -> None:
    text = subject.output({}, f"ls -d /bin /host-root 2>/dev/null; {MOUNTINFO}", flags=["--no-pivot"])
    assert text.splitlines()[0] == "/bin"
    assert mount_of(text, "/proc")[8] == "proc"


@pytest.mark.parametrize(
    "linux",
    [{}, user_namespace(), user_namespace(rootfsPropagation="rshared")],
    ids=["usual", "user-namespace", "user-namespace-shared"],
)
@pytest.mark.parametrize("option", ["bind", "rbind"])
def test_a_bind_does_not_reach_back_to_the_host(subject: Subject, option: str, linux: Config) -> None:
    """It may see what is mounted there later, but what the container mounts stays its own."""
    inside, config = shared_source(subject, option)
    fields = mount_of(inside.output({**config, "linux": linux}, MOUNTINFO), "/mnt")
    tags = fields[TAGS : fields.index("-")]
    assert any(tag.startswith("master:") for tag in tags)


def test_a_bind_of_a_user_namespace_may_be_private(subject: Subject) -> None:
    inside, config = shared_source(subject, "rbind", "rprivate")
    text = inside.output({**config, "linux": user_namespace()}, MOUNTINFO)
    assert mount_of(text, "/mnt")[TAGS] == "-"
