"""linux.devices, the default devices, and the links in /dev as operations."""

from __future__ import annotations

from typing import Any

import pytest
from packages.runtime.tests.compile.planning import Config, config_of, created, mapped, named

DEFAULT_DEVICES = {
    "/dev/null": (1, 3), "/dev/zero": (1, 5), "/dev/full": (1, 7), "/dev/random": (1, 8), "/dev/urandom": (1, 9),
    "/dev/tty": (5, 0),
}  # fmt: skip
LINKS = {
    "/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2", "/dev/ptmx": "pts/ptmx",
}  # fmt: skip


def nodes(*devices: Config, linux: Config | None = None, **more: Any) -> dict[str, Config]:
    """The nodes that are made, by path."""
    seen = created(config_of(linux={**(linux or {}), "devices": list(devices)}, **more))
    return {one.fields["path"]: {**one.fields, "where": one.where} for one in named(seen, "make_node")}


def test_the_default_devices_of_the_specification() -> None:
    made = nodes()
    assert {path: (one["major"], one["minor"]) for path, one in made.items()} == DEFAULT_DEVICES
    assert {one["mode"] for one in made.values()} == {0o020666}
    assert {one["options"] for one in made.values()} == {0}


def test_the_links_of_the_specification() -> None:
    links = {one.fields["path"]: one.fields["target"] for one in named(created(config_of()), "symlink")}
    links.pop("/dev/core", "")  # where the kernel has /proc/kcore
    assert links == LINKS


def test_a_device_of_the_config() -> None:
    fuse = {
        "path": "/dev/sub/../fuse",
        "type": "c",
        "major": 10,
        "minor": 229,
        "fileMode": 0o640,
        "uid": 1,
        "gid": 2,
    }
    made = nodes(fuse)["/dev/fuse"]
    assert made == {
        "path": "/dev/fuse", "mode": 0o020640, "major": 10, "minor": 229, "uid": 1, "gid": 2, "options": 0,
        "where": "linux.devices[0]",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "mode"), [("c", 0o020000), ("u", 0o020000), ("b", 0o060000), ("p", 0o010000)]
)
def test_the_types_of_devices(kind: str, mode: int) -> None:
    assert nodes({"path": "/dev/x", "type": kind, "major": 1, "minor": 2})["/dev/x"]["mode"] == mode | 0o666


def test_a_device_of_the_config_takes_the_place_of_a_default_one() -> None:
    made = nodes({"path": "/dev/null", "type": "c", "major": 1, "minor": 5})
    assert made["/dev/null"]["minor"] == 5
    assert len(made) == len(DEFAULT_DEVICES)


def test_ptmx_is_always_a_link_to_the_containers_own() -> None:
    assert "/dev/ptmx" not in nodes({"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2})


def test_in_a_user_namespace_devices_are_bound_but_a_fifo_is_made() -> None:
    made = nodes({"path": "/dev/x", "type": "p"}, {"path": "/dev/y", "type": "c"}, linux=mapped())
    assert (made["/dev/x"]["options"], made["/dev/y"]["options"], made["/dev/null"]["options"]) == (0, 1, 1)


def test_a_runtime_that_is_in_a_user_namespace_binds_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiffin.runtime.compile.create.in_user_namespace", lambda: True)
    assert {one["options"] for one in nodes().values()} == {1}


@pytest.mark.parametrize(
    "one",
    [
        {"destination": "/dev", "type": "bind", "source": "/dev"},
        {"destination": "/dev/", "type": "none", "source": "/dev", "options": ["rbind"]},
    ],
)
def test_a_dev_that_is_bound_is_left_alone(one: Config) -> None:
    seen = created(config_of(mounts=[one]))
    assert not named(seen, "make_node", "symlink")
