"""mounts as operations: file systems, binds, what is set afterwards, and what only the launcher can open."""

from __future__ import annotations

from typing import Any

import pytest
from packages.runtime.tests.compile.planning import (
    IDS,
    Config,
    Seen,
    config_of,
    created,
    mapped,
    named,
    namespaces,
    only,
    place,
)

from tiffin.runtime.compile.mounts import SLOTS
from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.plan.operations import MOUNT_BIND_FALLBACK, MOUNT_COPY_UP, MOUNT_RECURSIVE

RDONLY, NOSUID, REC, SHARED, SLAVE, PRIVATE = 1, 2, 1 << 14, 1 << 20, 1 << 19, 1 << 18
OWN = [{"containerID": 0, "hostID": 7, "size": 3}]


def planned(*mounts: Config, linux: Config | None = None) -> list[Seen]:
    return created(config_of(mounts=list(mounts), linux=linux or {}))


def mount(kind: str, *options: str, destination: str = "/mnt", **more: Any) -> Config:
    return {"destination": destination, "type": kind, "source": kind, "options": list(options), **more}


def bind(*options: str, **more: Any) -> Config:
    return {"destination": "/mnt", "source": "/src", "options": [*(options or ("bind",))], **more}


def test_a_file_system_with_flags_and_data() -> None:
    found = only(planned(mount("ext4", "nosuid", "ro", "data=journal", source="/dev/sda")), "mount")
    assert (found.step, found.where) == ("init", "mounts[0]")
    assert found.fields == {
        "source": "/dev/sda", "target": "/mnt", "type": "ext4", "data": "data=journal", "flags": RDONLY | NOSUID,
        "options": 0,
    }  # fmt: skip


def test_mounts_keep_their_order_and_their_place_in_the_config() -> None:
    seen = named(planned(mount("proc"), bind(), mount("tmpfs")), "mount", "bind")
    assert [(one.name, one.where) for one in seen] == [
        ("mount", "mounts[0]"),
        ("bind", "mounts[1]"),
        ("mount", "mounts[2]"),
    ]


def test_a_mount_without_a_source_is_called_like_its_type() -> None:
    assert only(planned({"destination": "/mnt", "type": "proc"}), "mount").fields["source"] == "proc"


@pytest.mark.parametrize(("given", "target"), [("mnt", "/mnt"), ("/a/../../b//c/", "/b/c"), ("/./x", "/x")])
def test_a_destination_is_clean_text(given: str, target: str) -> None:
    assert only(planned(mount("proc", destination=given)), "mount").fields["target"] == target


@pytest.mark.parametrize("one", [mount("tmpfs", "ro", "nosuid"), mount("bpf", "ro", destination="/dev")])
def test_what_has_to_be_filled_becomes_read_only_late(one: Config) -> None:
    seen = planned(one)
    assert not only(seen, "mount").fields["flags"] & RDONLY
    late = only(seen, "remount_masked")
    assert late.fields["target"] == one["destination"]
    assert late.fields["flags"] & RDONLY
    assert place(seen, "pivot_root") < place(seen, "remount_masked")


def test_copy_up_is_for_a_tmpfs() -> None:
    assert only(planned(mount("tmpfs", "tmpcopyup")), "mount").fields["options"] == MOUNT_COPY_UP
    assert only(planned(mount("ramfs", "tmpcopyup")), "mount").fields["options"] == 0


def test_sysfs_in_a_user_namespace_may_be_bound_instead() -> None:
    assert only(planned(mount("sysfs")), "mount").fields["options"] == 0
    assert only(planned(mount("sysfs"), linux=mapped()), "mount").fields["options"] == MOUNT_BIND_FALLBACK


@pytest.mark.parametrize(
    ("kind", "data"),
    [("tmpfs", 'size=1,context="a:b"'), ("proc", "size=1"), ("sysfs", "size=1"), ("mqueue", "size=1")],
)
def test_the_label_is_data_of_file_systems_that_take_one(kind: str, data: str) -> None:
    seen = planned(mount(kind, "size=1"), linux={"mountLabel": "a:b"})
    assert only(seen, "mount").fields["data"] == data


def test_the_label_alone_is_data_too() -> None:
    assert only(planned(mount("tmpfs"), linux={"mountLabel": "a"}), "mount").fields["data"] == 'context="a"'


def test_propagation_and_recursive_attributes_come_afterwards() -> None:
    seen = planned(mount("tmpfs", "rshared", "rro", "slave", "rexec"))
    rows = [one for one in seen if one.where == "mounts[0]"]
    assert [one.name for one in rows] == [
        "mount",
        "set_propagation",
        "set_propagation",
        "set_mount_attributes",
    ]
    assert [one.fields["flags"] for one in rows[1:3]] == [SHARED | REC, SLAVE]
    assert rows[3].fields == {"target": "/mnt", "set": 1, "clear": 8, "recursive": 1}


@pytest.mark.parametrize("one", [bind("bind"), bind("nosuid", type="bind"), bind("bind", type="none")])
def test_a_bind_is_asked_for_by_type_or_option(one: Config) -> None:
    found = only(planned(one), "bind")
    assert (found.step, found.where) == ("init", "mounts[0]")
    assert (found.fields["source"], found.fields["slot"], found.fields["options"]) == ("/src", -1, 0)


def test_the_flags_of_a_bind_are_set_and_removed() -> None:
    fields = only(planned(bind("rbind", "ro", "suid", "nodev")), "bind").fields
    assert (fields["flags"], fields["cleared"], fields["options"]) == (RDONLY | 4, NOSUID, MOUNT_RECURSIVE)


def test_a_relative_source_is_the_bundles() -> None:
    assert only(planned(bind("bind", source="a/b")), "bind").fields["source"] == "/bundle/a/b"


def test_in_a_user_namespace_the_launcher_opens_the_sources() -> None:
    seen = planned(mount("proc"), bind("rbind"), bind("bind", source="/b"), linux=mapped())
    trees = named(seen, "open_tree")
    assert [(one.step, one.where) for one in trees] == [("launcher", "mounts[1]"), ("launcher", "mounts[2]")]
    assert [(one.fields["slot"], one.fields["source"], one.fields["recursive"]) for one in trees] == [
        (0, "/src", 1),
        (1, "/b", 0),
    ]
    assert [one.fields["slot"] for one in named(seen, "bind")] == [0, 1]
    assert place(seen, "open_tree") < place(seen, "new_namespaces")


@pytest.mark.usefixtures("as_ordinary_user")
def test_an_ordinary_user_has_no_more_rights_than_init() -> None:
    ids = [{"containerID": 0, "hostID": 1000, "size": 1}]
    seen = planned(bind(), linux=mapped(uidMappings=ids, gidMappings=ids))
    assert not named(seen, "open_tree")
    assert only(seen, "bind").fields["slot"] == -1


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        (None, [SLAVE | REC]),
        ("slave", [SLAVE | REC]),
        ("private", [PRIVATE | REC]),
        ("unbindable", [PRIVATE | REC]),
        ("rshared", [SLAVE | REC]),
    ],
)
def test_what_the_launcher_opened_is_cut_off_from_the_host(value: str | None, flags: list[int]) -> None:
    seen = planned(bind("bind", "shared"), linux=mapped(**({"rootfsPropagation": value} if value else {})))
    rows = [one for one in seen if one.where == "mounts[0]" and one.name == "set_propagation"]
    assert [one.fields["flags"] for one in rows] == [*flags, SHARED]
    assert place(seen, "bind") < seen.index(rows[0])


def test_without_a_user_namespace_an_idmapped_mount_may_stay_shared_with_the_host() -> None:
    one = bind("bind", "idmap", uidMappings=OWN, gidMappings=OWN)
    seen = planned(one, linux={"rootfsPropagation": "rshared"})
    assert [one.where for one in named(seen, "set_propagation")] == ["linux.rootfsPropagation"] * 2


def test_binds_beyond_the_slots_are_opened_by_init() -> None:
    seen = planned(*[bind()] * (SLOTS + 2), linux=mapped())
    assert len(named(seen, "open_tree")) == SLOTS
    assert [one.fields["slot"] for one in named(seen, "bind")][-3:] == [SLOTS - 1, -1, -1]


def test_idmapped_mounts_beyond_the_slots_are_refused() -> None:
    with pytest.raises(InvalidArgument, match=rf"mounts\[{SLOTS}\]"):
        planned(*[bind("bind", "idmap", uidMappings=OWN, gidMappings=OWN)] * (SLOTS + 1))


def idmapped(*options: str, linux: Config | None = None, **more: Any) -> Config:
    return only(planned(bind(*options, **more), linux=linux), "open_tree").fields


def test_an_idmapped_mount_with_mappings_of_its_own() -> None:
    fields = idmapped("rbind", "idmap", uidMappings=OWN, gidMappings=IDS)
    assert fields == {
        "slot": 0, "source": "/src", "recursive": 1, "uid_map": "0 7 3\n", "gid_map": "0 100000 65536\n",
        "user_namespace": None, "mapping_recursive": 0,
    }  # fmt: skip


def test_mappings_alone_are_enough() -> None:
    assert idmapped("bind", uidMappings=OWN, gidMappings=OWN)["uid_map"] == "0 7 3\n"


def test_the_containers_mappings_are_the_default() -> None:
    fields = idmapped("rbind", "ridmap", linux=mapped())
    assert (fields["uid_map"], fields["gid_map"]) == ("0 100000 65536\n",) * 2
    assert fields["mapping_recursive"] == 1


def test_a_joined_user_namespace_gives_its_own() -> None:
    linux = {"namespaces": namespaces("mount", user="/ns/user")}
    fields = idmapped("bind", "idmap", linux=linux)
    assert (fields["uid_map"], fields["gid_map"], fields["user_namespace"]) == (None, None, "/ns/user")


@pytest.mark.parametrize("one", [mount("tmpfs", "idmap"), mount("tmpfs", uidMappings=OWN, gidMappings=OWN)])
def test_only_a_bind_can_be_idmapped(one: Config) -> None:
    with pytest.raises(InvalidArgument, match=r"mounts\[0\]: only a bind"):
        planned(one, linux=mapped())


def test_without_a_mount_namespace_nothing_may_be_mounted() -> None:
    with pytest.raises(InvalidArgument, match=r"mounts\[0\]: linux.namespaces has no mount namespace"):
        planned(mount("tmpfs"), linux={"namespaces": namespaces("pid")})
