"""The table of mount options, held against the specification and the kernel's headers."""

from __future__ import annotations

import pytest

from tiffin.runtime.compile.mount_options import (
    CLEARED,
    IDMAP,
    PROPAGATION,
    RECURSIVE,
    SET,
    known_options,
    parse_options,
)

# runtime-spec 1.3, config.md, "Linux mount options": every name of the table there.
SPECIFIED = """
async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec
noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime
remount rexec rnoatime rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw
rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync
tmpcopyup unbindable idmap ridmap rnodev
""".split()  # noqa: SIM905  # a table is read as it stands there

MS = {  # linux/mount.h
    "ro": 1, "nosuid": 2, "nodev": 4, "noexec": 8, "sync": 16, "remount": 32, "mand": 64, "dirsync": 128,
    "nosymfollow": 256, "noatime": 1024, "nodiratime": 2048, "bind": 4096, "rbind": 4096 | 16384, "silent": 32768,
    "acl": 1 << 16, "relatime": 1 << 21, "iversion": 1 << 23, "strictatime": 1 << 24, "lazytime": 1 << 25,
}  # fmt: skip
OPPOSITES = {
    "rw": "ro", "suid": "nosuid", "dev": "nodev", "exec": "noexec", "async": "sync", "nomand": "mand",
    "atime": "noatime", "symfollow": "nosymfollow",
    "diratime": "nodiratime", "loud": "silent", "noacl": "acl", "norelatime": "relatime",
    "noiversion": "iversion", "nostrictatime": "strictatime", "nolazytime": "lazytime",
}  # fmt: skip
ATTRIBUTES = {"ro": 1, "nosuid": 2, "nodev": 4, "noexec": 8, "nodiratime": 0x80, "nosymfollow": 0x200000}
ATIME = 0x70


def test_every_option_of_the_specification_is_known() -> None:
    assert {*SPECIFIED} <= {*known_options()}


def test_what_is_known_beyond_it_is_of_mount_8() -> None:
    assert {*known_options()} - {*SPECIFIED} == {"acl", "noacl"}


def test_the_list_is_sorted_and_has_no_name_twice() -> None:
    assert known_options() == sorted({*known_options()})
    assert not {*SET} & {*CLEARED} | {*SET} & {*PROPAGATION} | {*PROPAGATION} & {*RECURSIVE}


@pytest.mark.parametrize("name", sorted(MS))
def test_a_flag_is_the_kernels(name: str) -> None:
    assert parse_options([name]).flags == MS[name]
    assert not parse_options([name]).data


@pytest.mark.parametrize("name", sorted(OPPOSITES))
def test_an_option_takes_its_opposite_back(name: str) -> None:
    flag = MS[OPPOSITES[name]]
    assert parse_options([OPPOSITES[name], name]).flags == 0
    assert parse_options([OPPOSITES[name], name]).cleared == flag
    again = parse_options([name, OPPOSITES[name]])
    assert (again.flags, again.cleared) == (flag, 0)


def test_defaults_change_nothing() -> None:
    assert parse_options(["defaults"]) == parse_options([])


@pytest.mark.parametrize(
    ("name", "flag"), [("unbindable", 1 << 17), ("private", 1 << 18), ("slave", 1 << 19), ("shared", 1 << 20)]
)
def test_propagation_is_kept_in_order(name: str, flag: int) -> None:
    assert parse_options([name]).propagation == (flag,)
    assert parse_options(["r" + name]).propagation == (flag | 16384,)
    assert parse_options(["slave", name]).propagation == (1 << 19, flag)
    assert parse_options([name]).flags == 0


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_a_recursive_attribute_and_its_opposite(name: str) -> None:
    opposite = {"ro": "rrw"}.get(name, "r" + name.removeprefix("no"))
    found = parse_options(["r" + name])
    assert (found.attributes_set, found.attributes_cleared, found.flags) == (ATTRIBUTES[name], 0, 0)
    found = parse_options(["r" + name, opposite])
    assert (found.attributes_set, found.attributes_cleared) == (0, ATTRIBUTES[name])
    found = parse_options([opposite, "r" + name])
    assert (found.attributes_set, found.attributes_cleared) == (ATTRIBUTES[name], 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rnoatime", 0x10),
        ("rstrictatime", 0x20),
        ("rrelatime", 0),
        ("ratime", 0),
        ("rnorelatime", 0),
        ("rnostrictatime", 0),
    ],
)
def test_access_times_are_one_field_that_is_cleared_whole(name: str, value: int) -> None:
    for before in ([], ["rnoatime"], ["rstrictatime"], ["rro"]):
        found = parse_options([*before, name])
        assert found.attributes_set & ATIME == value
        assert found.attributes_cleared & ATIME == ATIME


def test_what_is_not_in_the_table_is_the_file_systems() -> None:
    found = parse_options(["size=1k", "ro", "mode=755", "x-own"])
    assert (found.data, found.flags) == ("size=1k,mode=755,x-own", 1)


def test_what_only_a_runtime_understands_does_not_reach_the_file_system() -> None:
    found = parse_options(["tmpcopyup", *IDMAP])
    assert not found.data
    assert found.copy_up
    assert found.idmap
    assert found.idmap_recursive
    assert not parse_options(["idmap"]).idmap_recursive
