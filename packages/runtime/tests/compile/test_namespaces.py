"""linux.namespaces, id mappings and clocks as operations."""

from __future__ import annotations

import posix
from typing import Any

import pytest
from packages.runtime.tests.compile.planning import (
    EVERY,
    IDS,
    config_of,
    created,
    mapped,
    named,
    namespaces,
    only,
    place,
)

from tiffin.runtime.compile import namespaces as kernel_namespaces
from tiffin.runtime.compile.namespaces import FLAGS
from tiffin.runtime.errors import InvalidArgument, Unsupported

JOINED = {kind: f"/ns/{kind}" for kind in (*EVERY, "time", "user")}
AS_ROOT = ["ipc", "uts", "network", "pid", "cgroup", "time", "user", "mount"]
AS_USER = ["user", *AS_ROOT[:6], "mount"]


def flags_of(*kinds: str) -> int:
    return sum(FLAGS[kind] for kind in kinds)


def test_new_namespaces_are_flags_of_the_clone() -> None:
    found = only(created(config_of()), "new_namespaces")
    assert (found.step, found.where) == ("launcher", "linux.namespaces")
    assert found.fields["flags"] == flags_of("pid", "network", "ipc", "uts", "mount")


def test_the_cgroup_namespace_is_unshared_once_the_cgroup_was_joined() -> None:
    seen = created(config_of())
    assert place(seen, "write_pid") < place(seen, "barrier", name="created")
    assert place(seen, "barrier", name="created") < place(seen, "unshare_namespaces", flags=FLAGS["cgroup"])
    assert only(seen, "unshare_namespaces").step == "init"


def test_without_a_cgroup_namespace_nothing_is_unshared() -> None:
    seen = created(config_of(linux={"namespaces": namespaces("pid", "mount")}))
    assert not named(seen, "unshare_namespaces", "loopback_up", "map_ids", "become_root", "join_namespace")


def test_in_a_user_namespace_ipc_is_made_by_its_root() -> None:
    seen = created(config_of(linux=mapped()))
    assert only(seen, "new_namespaces").fields["flags"] == flags_of("pid", "network", "uts", "mount", "user")
    assert only(seen, "unshare_namespaces").fields["flags"] == flags_of("cgroup", "ipc")
    assert place(seen, "become_root") < place(seen, "unshare_namespaces")


def test_the_loopback_device_comes_up_in_a_new_network_only() -> None:
    assert only(created(config_of()), "loopback_up").step == "init"
    config = config_of(linux={"namespaces": namespaces("pid", "mount", network="/ns/net")})
    assert not named(created(config), "loopback_up")


def joins(**joined: str) -> list[tuple[str, str, int, str]]:
    config = config_of(linux={"namespaces": namespaces(**joined)})
    rows = named(created(config), "join_namespace")
    return [(one.fields["path"], one.where, one.fields["type"], one.step) for one in rows]


def test_root_joins_the_user_namespace_late_and_that_of_mounts_last() -> None:
    listed = list(JOINED)
    assert joins(**JOINED) == [
        (f"/ns/{kind}", f"linux.namespaces[{listed.index(kind)}]", FLAGS[kind], "launcher")
        for kind in AS_ROOT
    ]


@pytest.mark.usefixtures("as_ordinary_user")
def test_an_ordinary_user_joins_the_user_namespace_first() -> None:
    assert [path for path, *_ in joins(**JOINED)] == [f"/ns/{kind}" for kind in AS_USER]


def test_cgroups_are_joined_before_namespaces() -> None:
    seen = created(config_of(linux={"namespaces": namespaces(**JOINED)}))
    assert place(seen, "write_pid") < place(seen, "join_namespace")


def test_nothing_is_mapped_in_a_user_namespace_that_is_joined() -> None:
    seen = created(config_of(linux={"namespaces": namespaces("mount", user="/ns/user"), "uidMappings": IDS}))
    assert not named(seen, "map_ids")
    assert only(seen, "become_root").fields == {"uid": 0, "gid": 0}


def test_root_writes_the_maps_itself() -> None:
    found = only(created(config_of(linux=mapped())), "map_ids")
    assert (found.step, found.where) == ("mapping", "linux.uidMappings")
    line = "0 100000 65536\n"
    assert tuple(found.fields.values()) == (line, line, None, None, None)


def test_every_entry_of_a_mapping_is_a_line() -> None:
    rows = [*IDS, {"containerID": 70000, "hostID": 5, "size": 1}]
    found = only(created(config_of(linux=mapped(uidMappings=rows))), "map_ids")
    assert found.fields["uid_map"] == "0 100000 65536\n70000 5 1\n"


def own(host: int) -> list[dict[str, int]]:
    return [{"containerID": 0, "hostID": host, "size": 1}]


def test_an_ordinary_user_maps_the_own_id_without_help(as_ordinary_user: int) -> None:
    ids = own(as_ordinary_user)
    fields = only(created(config_of(linux=mapped(uidMappings=ids, gidMappings=ids))), "map_ids").fields
    assert fields["setgroups"] == "deny"
    assert fields["uid_tool"] is fields["gid_tool"] is None


@pytest.mark.usefixtures("as_ordinary_user")
def test_an_ordinary_user_needs_newuidmap_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posix, "access", lambda path, mode: path.startswith("/bin/"))
    fields = only(created(config_of(linux=mapped())), "map_ids").fields
    assert (fields["uid_tool"], fields["gid_tool"]) == ("/bin/newuidmap", "/bin/newgidmap")
    assert fields["setgroups"] is None


@pytest.mark.usefixtures("as_ordinary_user")
def test_a_missing_newuidmap_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posix, "access", lambda path, mode: False)
    with pytest.raises(Unsupported, match=r"linux\.uidMappings: needs newuidmap"):
        created(config_of(linux=mapped()))


@pytest.mark.usefixtures("as_ordinary_user")
def test_without_root_there_must_be_a_user_namespace() -> None:
    with pytest.raises(InvalidArgument, match=r"linux\.namespaces: without root"):
        created(config_of())


@pytest.mark.parametrize(
    ("user", "path"),
    [({"uid": 65536, "gid": 0}, r"process\.user\.uid"), ({"uid": 0, "gid": 70000}, r"process\.user\.gid")],
)
def test_the_ids_of_the_process_must_be_mapped(user: dict[str, int], path: str) -> None:
    with pytest.raises(InvalidArgument, match=path):
        created(config_of(linux=mapped(), process={"user": user}))


OFFSETS: dict[str, Any] = {"monotonic": {"secs": 7, "nanosecs": 3}, "boottime": {"secs": -1}}


def test_clocks_are_set_before_anybody_is_in_the_namespace() -> None:
    seen = created(
        config_of(linux={"namespaces": namespaces("time", "pid", "mount"), "timeOffsets": OFFSETS})
    )
    found = only(seen, "time_offsets")
    assert (found.step, found.where) == ("init", "linux.timeOffsets")
    assert found.fields["offsets"] == "monotonic 7 3\nboottime -1 0\n"
    assert not only(seen, "new_namespaces").fields["flags"] & FLAGS["time"]


def test_a_time_namespace_without_offsets_is_made_by_the_clone() -> None:
    seen = created(config_of(linux={"namespaces": namespaces("time", "pid", "mount")}))
    assert only(seen, "new_namespaces").fields["flags"] & FLAGS["time"]
    assert not named(seen, "time_offsets")


def test_the_flags_are_those_of_the_kernel() -> None:
    import os

    names = {"mount": "NS", "network": "NET"}
    for kind, flag in kernel_namespaces.FLAGS.items():
        constant = getattr(os, f"CLONE_NEW{names.get(kind, kind.upper())}", None)  # Python 3.12
        assert constant in {None, flag}
