"""Several processes at one store and one registry: pulls, collections, runs and removals at once."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from packages.image.tests.peers.callers import OURS, Callers
from packages.image.tests.peers.gate import Gate

from tiffin.image.store.names import find_named
from tiffin.image.store.store import Store
from tiffin.image.verification.verify import verify
from tiffin.image.writing import write_layout
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.images import busybox_layer, file, tar
from tiffin_testing.registry import Registry

pytestmark = [
    pytest.mark.tier("interop"),
    pytest.mark.requires("root", "overlayfs", "ns_mount", "busybox", "docker-registry", "skopeo", "umoci"),
]
SECONDS = 60.0
CONFIG = {"Cmd": ["cat", "/top"], "Env": ["PATH=/bin"]}
SHARED = [
    tar(file(f"shared/{number}", Random(number).randbytes(2_000_000))) for number in range(3)  # noqa: S311
]  # fmt: skip


class Images:
    """Two images in a registry that have their lower layers in common: `one` and `two`, of five layers each.

    layers: by name, the digests of the layers, bottom first.
    """

    def __init__(self, callers: Callers, registry: Registry) -> None:
        self.address = registry.address
        self.callers = callers
        self.layers: dict[str, list[str]] = {}
        for name in ("one", "two"):
            layout, there = callers.folder / f"layout-{name}", f"docker://{registry.address}/at-once/{name}:1"
            top = tar(file("top", f"{name}\n".encode()))
            write_layout(str(layout), [busybox_layer(), *SHARED, top], CONFIG, "1")
            callers.skopeo("copy", "-q", "--dest-tls-verify=false", f"oci:{layout}:1", there)
            manifest = json.loads(callers.skopeo("inspect", "--tls-verify=false", "--raw", there))
            self.layers[name] = [layer["digest"] for layer in manifest["layers"]]

    def distinct(self, *names: str) -> set[str]:
        """The digests of their layers."""
        return {digest for name in names for digest in self.layers[name]}


@pytest.fixture
def images(callers: Callers, registry: Registry) -> Images:
    return Images(callers, registry)


@pytest.fixture
def store(callers: Callers) -> Iterator[Store]:
    """As the commands have it."""
    opened = Store(str(callers.folder / "store"))
    yield opened
    opened.database.close()


@contextmanager
def started(callers: Callers, *command: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command that runs meanwhile."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        list(map(str, command)), stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=callers.environment
    ) as process:
        yield process
        process.kill()


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    """What it printed, once it has ended; it must have ended well."""
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == code, err
    return out


def pulling(name: str, gate: Gate) -> list[str | Path]:
    return [OURS / "tiffin-image", "pull", "-q", f"docker://{gate.address}/at-once/{name}:1", "--name", name]


def running(name: str, address: str, cgroup_parent: CgroupParent, *flags: str) -> list[str | Path]:
    own = ["--rm", f"--cgroup-parent=/{cgroup_parent.name}", *flags]
    return [OURS / "tiffin", "run", *own, f"{address}/at-once/{name}:1"]


def check(store: Store, *names: str) -> None:
    """All of these images are there, whole, and unpacked."""
    for name in names:
        assert find_named(store, f"docker.io/library/{name}:latest"), name
    assert verify(store) == ()


def fetched_layers(gate: Gate, wanted: set[str]) -> Counter[str]:
    return Counter(one for one in gate.fetched() if one in wanted)


def test_the_same_image_is_fetched_once_by_two_processes(images: Images, store: Store) -> None:
    wanted = images.distinct("one")
    with (
        Gate(images.address, "/blobs/") as gate,
        started(images.callers, *pulling("one", gate)) as first,
        started(images.callers, *pulling("one", gate)) as second,
    ):
        gate.wait_for(2)  # the config, of both
        gate.open()
        ended(first)
        ended(second)
        assert fetched_layers(gate, wanted) == Counter(wanted)
    check(store, "one")
    assert len(list(store.snapshots.walk())) == len(wanted)


def test_layers_of_two_images_are_fetched_once(images: Images, store: Store) -> None:
    wanted = images.distinct("one", "two")
    with (
        Gate(images.address, "/blobs/") as gate,
        started(images.callers, *pulling("one", gate)) as first,
        started(images.callers, *pulling("two", gate)) as second,
    ):
        gate.wait_for(2)
        gate.open()
        ended(first)
        ended(second)
        assert fetched_layers(gate, wanted) == Counter(wanted)
    check(store, "one", "two")
    assert len(list(store.snapshots.walk())) == len(wanted)
    store.collect()
    check(store, "one", "two")


def test_who_waits_for_a_process_that_is_killed_goes_on_in_its_place(images: Images, store: Store) -> None:
    last = images.layers["one"][-2]
    with (
        Gate(images.address, last) as gate,
        started(images.callers, *pulling("one", gate)) as first,
    ):
        gate.wait_for()
        with started(images.callers, *pulling("one", gate)) as second:
            first.kill()
            gate.wait_for()
            gate.open()
            ended(second)
    check(store, "one")


def test_a_collection_takes_nothing_of_a_pull_that_is_under_way(images: Images, store: Store) -> None:
    with (
        Gate(images.address, images.layers["one"][-2]) as gate,
        started(images.callers, *pulling("one", gate)) as first,
    ):
        gate.wait_for()
        for _ in range(3):
            store.collect()
        images.callers.image("prune")
        gate.open()
        ended(first)
        wanted = images.distinct("one")
        assert fetched_layers(gate, wanted) == Counter(wanted)
    store.collect()
    check(store, "one")


def test_a_pull_keeps_what_the_removal_of_another_name_would_take(images: Images, store: Store) -> None:
    with Gate(images.address, images.layers["two"][-1]) as gate:
        with started(images.callers, *pulling("one", gate)) as first:
            ended(first)
        with started(images.callers, *pulling("two", gate)) as second:
            gate.wait_for()
            images.callers.image("remove", "one")
            store.collect()
            gate.open()
            ended(second)
        wanted = images.distinct("one", "two")
        assert fetched_layers(gate, wanted) == Counter(wanted)
    check(store, "two")
    store.collect()
    assert len(list(store.snapshots.walk())) == len(images.distinct("two"))


def test_three_runs_of_an_image_that_nobody_has_yet(
    images: Images, store: Store, cgroup_parent: CgroupParent
) -> None:
    wanted = images.distinct("two")
    with (
        Gate(images.address, "/blobs/") as gate,
        started(images.callers, *running("two", gate.address, cgroup_parent)) as first,
        started(images.callers, *running("two", gate.address, cgroup_parent)) as second,
        started(images.callers, *running("two", gate.address, cgroup_parent)) as third,
    ):
        gate.wait_for(3)
        gate.open()
        assert [ended(one) for one in (first, second, third)] == ["two\n"] * 3
        assert fetched_layers(gate, wanted) == Counter(wanted)
    assert verify(store) == ()


def test_an_image_in_use_is_not_removed_and_without_its_name_it_stays_until_the_end(
    images: Images, store: Store, cgroup_parent: CgroupParent
) -> None:
    call = images.callers
    script = ("sh", "-c", "echo ready; read line; cat /top; md5sum </shared/1")
    command = running("one", images.address, cgroup_parent, "-i", "--name=user")
    name = str(command[-1])
    with started(call, *command, *script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for refused in (call.tiffin("rmi", name), call.try_(OURS / "tiffin-image", "remove", name)):
            assert refused.code != 0
            assert "'user'" in refused.err
        call.image("remove", "--force", name)
        call.image("prune")
        out, err = process.communicate("go on\n", timeout=SECONDS)
    assert (process.returncode, out.splitlines()[0], len(out.splitlines())) == (0, "one", 2), err
    call.image("prune")
    assert list(store.snapshots.walk()) == []


def test_nothing_is_removed_while_a_container_is_being_made(
    images: Images, store: Store, cgroup_parent: CgroupParent
) -> None:
    with Gate(images.address, images.layers["two"][-1]) as gate:
        with started(images.callers, *running("one", gate.address, cgroup_parent)) as first:
            assert ended(first) == "one\n"
        command = running("two", gate.address, cgroup_parent, "--name=maker")
        with started(images.callers, *command) as second:
            gate.wait_for()
            refused = images.callers.tiffin("rmi", f"{gate.address}/at-once/one:1")
            assert refused.code == 1
            assert "'maker' is being made" in refused.err
            gate.open()
            assert ended(second) == "two\n"
        assert images.callers.tiffin("rmi", f"{gate.address}/at-once/one:1").code == 0
    assert verify(store) == ()
