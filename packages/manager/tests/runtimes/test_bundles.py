"""Bundles are made whole or not at all, and removed without touching what is mounted there."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path

import pytest

from tiffin.image.kernel import mount, umount2
from tiffin.manager.runtimes.bundles import discard as discarding
from tiffin.manager.runtimes.bundles.bundle import Bundle, Bundles
from tiffin.manager.runtimes.bundles.discard import discard
from tiffin.manager.runtimes.bundles.make import make_bundle
from tiffin.manager.runtimes.bundles.remove import remove_bundle
from tiffin.runtime.errors import AlreadyExists, FailedPrecondition, InvalidArgument

MS_BIND = 4096


@pytest.fixture
def bundles(tmp_path: Path) -> Bundles:
    return Bundles(str(tmp_path / "root"), str(tmp_path / "state"))


def made(bundles: Bundles, config: bytes | None = b"{}") -> Bundle:
    bundle = bundles.of("ns", "c1")
    make_bundle(bundle, config)
    return bundle


def test_a_bundle_has_what_a_shim_needs(bundles: Bundles) -> None:
    bundle = made(bundles, b'{"a": 1}')
    assert sorted(os.listdir(bundle.path)) == ["config.json", "rootfs", "work"]
    assert Path(bundle.file("config.json")).read_bytes() == b'{"a": 1}'
    assert os.readlink(bundle.file("work")) == bundle.work
    assert os.path.isdir(bundle.work)
    assert os.stat(bundle.path).st_mode & 0o777 == 0o700
    assert [each.id for each in bundles.all()] == ["c1"]


def test_there_is_one_of_a_name(bundles: Bundles) -> None:
    made(bundles)
    with pytest.raises(AlreadyExists):
        made(bundles)
    assert [each.id for each in bundles.all()] == ["c1"]


@pytest.mark.parametrize("config", [b"{", b"\xff"])
def test_a_config_that_is_no_json_leaves_nothing(bundles: Bundles, config: bytes) -> None:
    with pytest.raises(InvalidArgument):
        made(bundles, config)
    assert not list(bundles.all())


@pytest.mark.parametrize("host", ['"0"', "-1", "4294967295", "1e3", "[]"])
def test_a_root_group_that_is_none_leaves_nothing(bundles: Bundles, host: str) -> None:
    with pytest.raises(InvalidArgument):
        made(bundles, f'{{"linux": {{"gidMappings": [{{"containerID": 0, "hostID": {host}}}]}}}}'.encode())
    assert not list(bundles.all())


def test_a_bundle_whose_work_folder_cannot_be_made_is_not_left(bundles: Bundles) -> None:
    Path(bundles.root).write_text("a file")
    with pytest.raises(NotADirectoryError):
        made(bundles)
    assert os.listdir(Path(bundles.state) / "ns") == []


def test_what_a_killed_manager_was_making_is_no_bundle(bundles: Bundles) -> None:
    folder = Path(bundles.state) / "ns" / ".c1-0a1b2c3d"
    folder.mkdir(parents=True)
    assert not list(bundles.all())
    made(bundles)


@pytest.mark.requires("root")
def test_the_group_that_is_root_in_a_user_namespace_reaches_the_rootfs(bundles: Bundles) -> None:
    mappings = [{"containerID": 5, "hostID": 7, "size": 1}, {"containerID": 0, "hostID": 1234, "size": 9}]
    bundle = made(bundles, json.dumps({"linux": {"gidMappings": mappings}}).encode())
    status = os.stat(bundle.path)
    assert (status.st_gid, status.st_mode & 0o777) == (1234, 0o710)


def test_a_bundle_is_removed_with_its_work(bundles: Bundles) -> None:
    bundle = made(bundles)
    Path(bundle.file("log")).touch()
    Path(bundle.work, "file").touch()
    remove_bundle(bundle)
    assert (os.listdir(os.path.dirname(bundle.path)), os.listdir(os.path.dirname(bundle.work))) == ([], [])
    remove_bundle(bundle)  # once more is no error


def test_a_rootfs_with_files_of_its_own_is_left_alone(bundles: Bundles) -> None:
    bundle = made(bundles)
    Path(bundle.rootfs, "precious").touch()
    with pytest.raises(FailedPrecondition):
        remove_bundle(bundle)
    assert os.path.exists(os.path.join(bundle.rootfs, "precious"))


@pytest.mark.requires("root", "cap_sys_admin")
@pytest.mark.parametrize("below", ["rootfs", "rootfs/proc", "tiffin/deep/place"])
def test_what_is_mounted_in_it_is_unmounted_and_not_removed(
    bundles: Bundles, tmp_path: Path, below: str
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (precious / "proc").mkdir()
    bundle = made(bundles)
    point = bundle.file(below)
    os.makedirs(os.path.dirname(point), exist_ok=True)
    if below == "rootfs/proc":
        mount(str(precious), bundle.rootfs, "", MS_BIND)
    os.makedirs(point, exist_ok=True)
    mount(str(precious), point, "", MS_BIND)
    try:
        remove_bundle(bundle)
    finally:
        for place in (point, bundle.rootfs):
            if os.path.ismount(place):
                umount2(place, 2)
    assert sorted(os.listdir(precious)) == ["file", "proc"]
    assert not os.path.exists(bundle.path)


async def test_removals_that_hang_take_nobody_elses_threads(
    bundles: Bundles, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, entered = threading.Event(), threading.Semaphore(0)

    def hang(_: Bundle) -> None:
        entered.release()
        going.wait(60)

    monkeypatch.setattr(discarding, "remove_bundle", hang)
    removals = [asyncio.ensure_future(discard(bundles.of("ns", f"c{number}"))) for number in range(40)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await asyncio.to_thread(entered.acquire)
    going.set()
    await asyncio.gather(*removals)
