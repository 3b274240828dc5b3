"""root, its propagation, masked and read-only paths as operations."""

from __future__ import annotations

import pytest
from packages.runtime.tests.compile.planning import (
    ROOTFS,
    config_of,
    created,
    named,
    namespaces,
    only,
    place,
)

from tiffin.runtime.compile.rootfs import clean
from tiffin.runtime.plan.operations import PIVOT_CHROOT, PIVOT_MOVE, ROOTFS_NO_BIND

REC, PRIVATE, SLAVE, SHARED, UNBINDABLE = 1 << 14, 1 << 18, 1 << 19, 1 << 20, 1 << 17
NO_MOUNTS = {"namespaces": namespaces("pid")}


def propagation(value: str | None) -> tuple[list[int], list[int]]:
    """The propagations of / before and after pivot_root."""
    linux = {} if value is None else {"rootfsPropagation": value}
    seen = created(config_of(linux=linux))
    pivot = place(seen, "pivot_root")
    rows = [(index, one) for index, one in enumerate(seen) if one.name == "set_propagation"]
    assert all((one.where, one.fields["target"]) == ("linux.rootfsPropagation", "/") for _, one in rows)
    before = [one.fields["flags"] for index, one in rows if index < pivot]
    return before, [one.fields["flags"] for index, one in rows if index > pivot]


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [
        (None, SLAVE | REC, []),
        ("private", PRIVATE, []),
        ("rprivate", PRIVATE | REC, []),
        ("slave", SLAVE, [SLAVE]),
        ("rslave", SLAVE | REC, [SLAVE | REC]),
        ("shared", SHARED, [SHARED]),
        ("rshared", SHARED | REC, [SHARED | REC]),
        ("unbindable", PRIVATE | REC, [UNBINDABLE]),
        ("runbindable", PRIVATE | REC, [UNBINDABLE | REC]),
    ],
)
def test_the_propagation_of_the_root(value: str | None, before: int, after: list[int]) -> None:
    assert propagation(value) == ([before], after)


def test_a_root_becomes_unbindable_after_all_that_is_bound_from_it() -> None:
    linux = {
        "rootfsPropagation": "runbindable",
        "readonlyPaths": ["/proc/sys"],
        "maskedPaths": ["/proc/keys"],
    }
    seen = created(config_of(linux=linux))
    last = place(seen, "set_propagation", flags=UNBINDABLE | REC)
    assert place(seen, "readonly_path") < place(seen, "mask_path") < last < place(seen, "execute")


def test_the_root_is_bound_and_pivoted_to() -> None:
    seen = created(config_of())
    opened, pivot = only(seen, "open_rootfs"), only(seen, "pivot_root")
    assert (opened.where, opened.step, opened.fields) == ("root.path", "init", {"path": ROOTFS, "flags": 0})
    assert (pivot.where, pivot.fields["options"]) == ("root.path", 0)


def test_no_pivot_moves_the_root() -> None:
    assert only(created(config_of(), no_pivot=True), "pivot_root").fields["options"] == PIVOT_MOVE


def test_without_a_mount_namespace_the_hosts_mounts_stay_as_they_are() -> None:
    seen = created(config_of(linux=NO_MOUNTS, root={"path": "rootfs", "readonly": True}), no_pivot=True)
    assert only(seen, "open_rootfs").fields["flags"] == ROOTFS_NO_BIND
    assert only(seen, "pivot_root").fields["options"] == PIVOT_CHROOT
    assert not named(seen, "set_propagation", "remount_root", "mount", "bind")


def test_a_read_only_root_is_so_at_last() -> None:
    seen = created(config_of(root={"path": "rootfs", "readonly": True}))
    found = only(seen, "remount_root")
    assert (found.where, found.fields["flags"]) == ("root.readonly", 1)
    assert place(seen, "pivot_root") < place(seen, "remount_root")


def test_the_working_directory_is_made() -> None:
    found = only(created(config_of(process={"cwd": "/made/here"})), "make_path")
    assert (found.where, found.fields) == ("process.cwd", {"path": "/made/here", "mode": 0o755})
    assert not named(created(config_of()), "make_path")


def test_read_only_paths_come_before_masked_ones_which_may_lie_below() -> None:
    linux = {"maskedPaths": ["/proc/keys", "/sys/fw"], "readonlyPaths": ["/proc/bus"], "mountLabel": "l"}
    seen = named(created(config_of(linux=linux)), "mask_path", "readonly_path", "pivot_root", "execute")
    assert [(one.name, one.where) for one in seen] == [
        ("pivot_root", "root.path"),
        ("readonly_path", "linux.readonlyPaths[0]"),
        ("mask_path", "linux.maskedPaths[0]"),
        ("mask_path", "linux.maskedPaths[1]"),
        ("execute", "process.args"),
    ]
    assert seen[2].fields == {"path": "/proc/keys", "label": "l"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", "/"), ("", "/"), ("a", "/a"), ("/a/", "/a"), ("//a//b", "/a/b"), ("/../../x", "/x"), ("/a/./b/..", "/a"),
     ("/...", "/..."), ("/.hidden", "/.hidden")],
)  # fmt: skip
def test_clean_paths(path: str, expected: str) -> None:
    assert clean(path) == expected
