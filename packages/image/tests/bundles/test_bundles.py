"""Bundles: what was changed in one is one more layer, held against umoci both ways; what was not is nothing."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tiffin.image.bundles import repacking
from tiffin.image.bundles.bundle import Bundle, read_bundle
from tiffin.image.bundles.history import HistoryEntry
from tiffin.image.bundles.repacking import RepackOptions, bundle_changes, repacked
from tiffin.image.bundles.unpacking import UnpackOptions, unpack_bundle
from tiffin.image.documents import Descriptor
from tiffin.image.errors import AlreadyExists, DataLoss, InvalidImage, NotFound
from tiffin.image.layers.owners import IdMaps, IdRange, Ownership
from tiffin.image.transports.opening import open_source
from tiffin.image.writing import write_layout
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.images import busybox_image, directory, entry, file, hardlink, symlink, tar
from tiffin_testing.oci_runtime import OCIRuntime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin_testing.images import Entry

Facts = Callable[[Path], dict[str, tuple[object, ...]]]
Unpack = Callable[..., Bundle]
Repack = Callable[..., Descriptor]
Read = Callable[[Path, str], tuple[dict[str, Any], dict[str, Any]]]
Umoci = Callable[..., None]
MAPS = IdMaps((IdRange(0, 100_000, 65536),), (IdRange(0, 200_000, 65536),))


def change(rootfs: Path) -> None:
    """A bit of everything."""
    (rootfs / "etc/new").write_bytes(b"new")
    (rootfs / "etc/passwd").write_bytes((rootfs / "etc/passwd").read_bytes() + b"a:x:5:5::/:/bin/sh\n")
    (rootfs / "home").rmdir()
    os.link(rootfs / "bin/busybox", rootfs / "bin/again")
    (rootfs / "tmp").chmod(0o1700)
    (rootfs / "var/deep/er").mkdir(parents=True)
    (rootfs / "var/link").symlink_to("deep")
    os.mkfifo(rootfs / "var/pipe")
    (rootfs / "bin/sh").unlink()
    (rootfs / "bin/sh").write_bytes(b"a file now")


def told(bundle: Bundle) -> list[str]:
    return [os.fsdecode(one.path) for one in bundle_changes(bundle)]


def same(found: dict[str, tuple[object, ...]], expected: dict[str, tuple[object, ...]]) -> None:
    """Trees are equal, but for the time of the root, which no layer tells."""
    for tree in (found, expected):
        tree["."] = (*tree["."][:3], None, *tree["."][4:])
    assert found.keys() == expected.keys()
    assert {path: fact for path, fact in found.items() if fact != expected[path]} == {}


def test_a_bundle_has_what_a_runtime_needs(layout: Path, unpack: Unpack) -> None:
    bundle = unpack(f"oci:{layout}:base")
    config = json.loads(Path(bundle.path, "config.json").read_text())
    assert config["root"] == {"path": "rootfs", "readonly": False}
    assert config["process"]["args"] == ["/bin/sh"]
    assert Path(bundle.rootfs, "bin/busybox").is_file()
    assert stat.S_IMODE(os.stat(bundle.path).st_mode) == 0o700
    assert read_bundle(bundle.path) == bundle


def test_nothing_changed_is_the_same_image(layout: Path, unpack: Unpack, repack: Repack) -> None:
    bundle = unpack(f"oci:{layout}:base")
    made = repack(bundle, f"oci:{layout}:base", f"oci:{layout}:again")
    assert made.digest == bundle.manifest.digest


def test_what_was_changed_is_one_more_layer(
    layout: Path, unpack: Unpack, repack: Repack, read: Read, facts: Facts
) -> None:
    bundle = unpack(f"oci:{layout}:base")
    change(Path(bundle.rootfs))
    history = HistoryEntry("by hand", "2030-01-31T12:00:00Z", "somebody", "a comment")
    repack(bundle, f"oci:{layout}:base", f"oci:{layout}:new", RepackOptions(history=history))
    (base, base_config), (manifest, config) = read(layout, "base"), read(layout, "new")
    assert manifest["layers"][:-1] == base["layers"]
    assert config["rootfs"]["diff_ids"][:-1] == base_config["rootfs"]["diff_ids"]
    assert config["history"] == [
        {
            "created": "2030-01-31T12:00:00Z",
            "created_by": "by hand",
            "author": "somebody",
            "comment": "a comment",
        }
    ]
    again = unpack(f"oci:{layout}:new", "again")
    same(facts(Path(again.rootfs)), facts(Path(bundle.rootfs)))


@pytest.mark.requires("root", "umoci")
def test_umoci_unpacks_what_was_repacked(
    layout: Path, unpack: Unpack, repack: Repack, umoci: Umoci, facts: Facts, tmp_path: Path
) -> None:
    bundle = unpack(f"oci:{layout}:base")
    change(Path(bundle.rootfs))
    repack(bundle, f"oci:{layout}:base", f"oci:{layout}:new")
    umoci("unpack", "--image", f"{layout}:new", tmp_path / "theirs")
    same(facts(tmp_path / "theirs/rootfs"), facts(Path(bundle.rootfs)))


@pytest.mark.requires("root", "umoci")
def test_what_umoci_repacked_is_unpacked_and_has_the_same_changes(
    layout: Path, unpack: Unpack, repack: Repack, umoci: Umoci, facts: Facts, tmp_path: Path
) -> None:
    umoci("unpack", "--image", f"{layout}:base", tmp_path / "theirs")
    change(tmp_path / "theirs/rootfs")
    umoci("repack", "--image", f"{layout}:theirs", tmp_path / "theirs")
    bundle = unpack(f"oci:{layout}:theirs")
    found, expected = facts(Path(bundle.rootfs)), facts(tmp_path / "theirs/rootfs")
    same(_whole_seconds(found), _whole_seconds(expected))
    assert told(bundle) == []


def _whole_seconds(tree: dict[str, tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
    """umoci writes no others; it rounds."""
    return {
        path: (*fact[:3], (int(str(fact[3])) + 500_000_000) // 1_000_000_000, *fact[4:])
        for path, fact in tree.items()
    }


@pytest.mark.requires("root", "userns_proc", "cgroup_writable")
def test_what_a_container_wrote_is_in_the_layer(
    layout: Path,
    unpack: Unpack,
    repack: Repack,
    facts: Facts,
    runtime_under_test: OCIRuntime,
    cgroup_parent: CgroupParent,
    container_id: str,
) -> None:
    bundle = unpack(f"oci:{layout}:base")
    path = Path(bundle.path, "config.json")
    config = json.loads(path.read_text())
    script = "echo hello > /etc/greeting; rm /etc/group; mkdir /srv; chmod 700 /srv"
    config["process"]["args"] = ["/bin/sh", "-c", script]
    config["process"]["terminal"] = False
    config["linux"]["cgroupsPath"] = cgroup_parent.path_for(container_id)
    path.write_text(json.dumps(config))
    runtime_under_test.call("run", "--bundle", bundle.path, container_id).must_succeed()
    assert told(bundle) == ["etc", "etc/greeting", "etc/group", "srv"]
    repack(bundle, f"oci:{layout}:base", f"oci:{layout}:new")
    again = unpack(f"oci:{layout}:new", "again")
    same(facts(Path(again.rootfs)), facts(Path(bundle.rootfs)))


def test_a_copied_bundle_is_compared_by_contents(layout: Path, unpack: Unpack, tmp_path: Path) -> None:
    bundle = unpack(f"oci:{layout}:base")
    subprocess.run(["cp", "--archive", bundle.path, tmp_path / "moved"], check=True, timeout=60)
    moved = read_bundle(str(tmp_path / "moved"))
    assert told(moved) == []
    group = Path(moved.rootfs, "etc/group")
    before = group.stat()
    group.write_bytes(group.read_bytes()[::-1])
    os.utime(group, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert told(moved) == ["etc", "etc/group"]


def test_a_change_that_hides_its_time_and_size_is_found(layout: Path, unpack: Unpack) -> None:
    bundle = unpack(f"oci:{layout}:base")
    group = Path(bundle.rootfs, "etc/group")
    before = group.stat()
    group.write_bytes(group.read_bytes()[::-1])
    os.utime(group, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert told(bundle) == ["etc", "etc/group"]


def test_a_mode_that_was_changed_and_changed_back_is_no_change(layout: Path, unpack: Unpack) -> None:
    bundle = unpack(f"oci:{layout}:base")
    busybox = Path(bundle.rootfs, "bin/busybox")
    busybox.chmod(0o700)
    busybox.chmod(0o755)
    os.utime(bundle.rootfs)
    assert told(bundle) == []


def test_volumes_and_masked_paths_do_not_count(tmp_path: Path, unpack: Unpack) -> None:
    layout = busybox_image(tmp_path / "layout", tag="base", Volumes={"/var/data": {}})
    bundle = unpack(f"oci:{layout}:base")
    for path in ("var/data/x", "tmp/x"):
        Path(bundle.rootfs, path).parent.mkdir(exist_ok=True)
        Path(bundle.rootfs, path).write_bytes(b"x")

    def layers(options: RepackOptions) -> int:
        with ExitStack() as stack:
            source = open_source(f"oci:{layout}:base", stack)
            with repacked(bundle, source, options) as made:
                return made.layer.changes if made.layer else 0

    assert layers(RepackOptions(masks=("/tmp/", "var/"))) == 0
    assert layers(RepackOptions(masks=("tmp",))) == 0
    assert layers(RepackOptions()) == 2
    assert layers(RepackOptions(mask_volumes=False)) == 5


@pytest.mark.parametrize(
    "passwd",
    [
        symlink("etc/passwd", "../../../../etc/passwd"),
        entry("etc/passwd", tarfile.FIFOTYPE),
        directory("etc/passwd"),
        file("etc/passwd", b"x" * (17 << 20)),
    ],
    ids=["a link out", "a pipe", "a folder", "a long file"],
)
def test_accounts_that_cannot_be_read_are_the_images_fault(
    passwd: Entry, tmp_path: Path, unpack: Unpack
) -> None:
    write_layout(
        str(tmp_path / "hostile"), [tar(directory("etc"), passwd)], {"User": "root", "Cmd": ["x"]}, "1"
    )
    with pytest.raises(InvalidImage, match="/etc/passwd"):
        unpack(f"oci:{tmp_path}/hostile:1")
    assert not (tmp_path / "bundle").exists()


def test_a_refresh_that_fails_leaves_the_bundle_as_it_was(
    layout: Path, unpack: Unpack, repack: Repack, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = unpack(f"oci:{layout}:base")
    (Path(bundle.rootfs) / "new").write_text("x")
    before = sorted(path.name for path in Path(bundle.path).iterdir())

    def full(_bundle: Bundle) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(repacking, "write_bundle", full)
    with pytest.raises(OSError, match="No space"):
        repack(bundle, f"oci:{layout}:base", f"oci:{layout}:one", refreshed=True)
    assert sorted(path.name for path in Path(bundle.path).iterdir()) == before
    assert told(read_bundle(bundle.path)) == ["new"]


def test_after_a_refresh_only_new_changes_count(
    layout: Path, unpack: Unpack, repack: Repack, read: Read
) -> None:
    bundle = unpack(f"oci:{layout}:base")
    Path(bundle.rootfs, "one").write_bytes(b"1")
    repack(bundle, f"oci:{layout}:base", f"oci:{layout}:one", refreshed=True)
    bundle = read_bundle(bundle.path)
    assert told(bundle) == []
    Path(bundle.rootfs, "two").write_bytes(b"2")
    assert told(bundle) == ["two"]
    repack(bundle, f"oci:{layout}:one", f"oci:{layout}:two")
    assert read(layout, "two")[0]["layers"][:2] == read(layout, "one")[0]["layers"]
    assert len(list(Path(bundle.path).glob("*.tree"))) == 1


@pytest.mark.requires("root")
def test_ids_are_mapped_there_and_back(tmp_path: Path, unpack: Unpack, repack: Repack, facts: Facts) -> None:
    layer = tar(directory("d/", uid=1, gid=2), file("d/f", b"x", uid=3, gid=4), hardlink("d/g", "d/f"))
    write_layout(str(tmp_path / "layout"), [layer], {}, "base")
    image = f"oci:{tmp_path / 'layout'}:base"
    bundle = unpack(image, options=UnpackOptions(ids=MAPS))
    assert os.stat(bundle.rootfs).st_uid == 100_000
    config = json.loads(Path(bundle.path, "config.json").read_text())
    assert {"type": "user"} in config["linux"]["namespaces"]
    assert config["linux"]["uidMappings"] == [{"containerID": 0, "hostID": 100_000, "size": 65536}]
    assert told(bundle) == []
    new = Path(bundle.rootfs, "d/new")
    new.write_bytes(b"n")
    os.chown(new, 100_007, 200_008)
    Path(bundle.rootfs, "d/f").chmod(0o600)
    repack(bundle, image, image.replace("base", "new"))
    plain = facts(Path(unpack(image.replace("base", "new"), "plain").rootfs))
    assert {path: fact[:3] for path, fact in plain.items()} == {
        ".": ("0o40755", 0, 0),
        "d": ("0o40755", 1, 2),
        "d/f": ("0o100600", 3, 4),
        "d/g": ("0o100600", 3, 4),
        "d/new": ("0o100644", 7, 8),
    }


def test_with_one_id_all_belongs_to_the_containers_root(
    tmp_path: Path, unpack: Unpack, repack: Repack, read: Read
) -> None:
    layer = tar(file("f", b"x", uid=0, gid=0))
    write_layout(str(tmp_path / "layout"), [layer], {}, "base")
    image = f"oci:{tmp_path / 'layout'}:base"
    bundle = unpack(image, options=UnpackOptions(ownership=Ownership.SQUASH))
    Path(bundle.rootfs, "new").write_bytes(b"n")
    repack(bundle, image, image.replace("base", "new"))
    again = unpack(image.replace("base", "new"), "again")
    assert Path(again.rootfs, "new").read_bytes() == b"n"
    assert bundle.ids == IdMaps((IdRange(0, os.geteuid(), 1),), (IdRange(0, os.getegid(), 1),))


def test_an_image_without_layers_and_command(
    tmp_path: Path, unpack: Unpack, repack: Repack, read: Read
) -> None:
    write_layout(str(tmp_path / "layout"), [], {}, "base")
    image = f"oci:{tmp_path / 'layout'}:base"
    bundle = unpack(image)
    assert told(bundle) == []
    Path(bundle.rootfs, "f").write_bytes(b"f")
    repack(bundle, image, image.replace("base", "new"), RepackOptions(history=None))
    manifest, config = read(tmp_path / "layout", "new")
    assert len(manifest["layers"]) == len(config["rootfs"]["diff_ids"]) == 1
    assert "history" not in config


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_the_same_changes_give_the_same_image(
    compression: str, layout: Path, unpack: Unpack, repack: Repack
) -> None:
    bundle = unpack(f"oci:{layout}:base")
    change(Path(bundle.rootfs))
    options = RepackOptions(compression=compression, source_date_epoch=1_500_000_000)
    found = {repack(bundle, f"oci:{layout}:base", f"oci:{layout}:{tag}", options).digest for tag in "ab"}
    assert len(found) == 1


@pytest.mark.requires("root", "skopeo")
@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive", "dir"])
def test_the_image_can_go_anywhere_and_come_from_there(
    kind: str, layout: Path, unpack: Unpack, repack: Repack, facts: Facts, tmp_path: Path
) -> None:
    place = f"{kind}:{tmp_path / 'place'}" + ("" if kind == "dir" else ":example.test/app:1")
    bundle = unpack(f"oci:{layout}:base")
    change(Path(bundle.rootfs))
    repack(bundle, f"oci:{layout}:base", place)
    subprocess.run(["skopeo", "inspect", "--config", place], check=True, timeout=60, capture_output=True)
    again = unpack(place, "again")
    same(facts(Path(again.rootfs)), facts(Path(bundle.rootfs)))
    Path(again.rootfs, "third").write_bytes(b"3")
    repack(again, place, f"oci:{layout}:third")
    third = unpack(f"oci:{layout}:third", "third")
    same(facts(Path(third.rootfs)), facts(Path(again.rootfs)))


def test_what_is_in_the_way_stays(layout: Path, unpack: Unpack, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/mine").write_bytes(b"m")
    with pytest.raises(AlreadyExists):
        unpack(f"oci:{layout}:base")
    assert os.listdir(tmp_path / "bundle") == ["mine"]


@pytest.mark.parametrize("made_before", [True, False])
def test_a_damaged_image_leaves_nothing(
    made_before: bool,  # noqa: FBT001  # a column of the table
    layout: Path,
    tmp_path: Path,
) -> None:
    for blob in (layout / "blobs/sha256").iterdir():
        if blob.stat().st_size > 100_000:
            blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    target = tmp_path / "bundle"
    if made_before:
        target.mkdir()
    with ExitStack() as stack, pytest.raises(InvalidImage):
        unpack_bundle(open_source(f"oci:{layout}:base", stack), str(target))
    assert (os.listdir(target) if made_before else target.exists()) in ([], False)


def test_a_damaged_record_is_no_diff(layout: Path, unpack: Unpack) -> None:
    bundle = unpack(f"oci:{layout}:base")
    record = Path(bundle.tree_file)
    whole = record.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole.replace(b"etc/group", b"etc/grouq"), b"[]\n", b"\xff\n"):
        record.write_bytes(damaged)
        with pytest.raises(DataLoss):
            told(bundle)


def test_what_is_no_bundle_says_so(layout: Path, unpack: Unpack, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"tiffin\.json"):
        read_bundle(str(tmp_path))
    bundle = unpack(f"oci:{layout}:base")
    facts = Path(bundle.path, "tiffin.json")
    for text, says in (('{"version": 2}', "version 2"), ('{"version": 1}', "damaged"), ("[", "JSON")):
        facts.write_text(text)
        with pytest.raises(InvalidImage, match=says):
            read_bundle(bundle.path)


def test_a_source_without_the_image_says_so(
    layout: Path, unpack: Unpack, repack: Repack, tmp_path: Path
) -> None:
    bundle = unpack(f"oci:{layout}:base")
    other = busybox_image(tmp_path / "other", tag="base", Cmd=["/bin/true"])
    with pytest.raises(NotFound, match="does not have the image"):
        repack(bundle, f"oci:{other}:base", f"oci:{layout}:new")
    shutil.rmtree(layout)
    with pytest.raises(NotFound):
        repack(bundle, f"oci:{layout}:base", f"oci:{other}:new")


@pytest.mark.requires("root", "ns_mount")
def test_a_full_disk_leaves_nothing(layout: Path, tmp_path: Path) -> None:
    """In a mount namespace of its own, on a disk of one mebibyte: busybox does not fit."""
    place = tmp_path / "small"
    place.mkdir()
    script = f"""
import errno, os
from contextlib import ExitStack
from tiffin.image.bundles.unpacking import unpack_bundle
from tiffin.image.transports.opening import open_source
with ExitStack() as stack:
    try:
        unpack_bundle(open_source("oci:{layout}:base", stack), "{place}/bundle")
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
    else:
        raise AssertionError("it was unpacked")
assert os.listdir("{place}") == [], os.listdir("{place}")
"""
    mount = f'mount -t tmpfs -o size=1m tmpfs {place} && exec "$@"'
    command = ["unshare", "--mount", "--propagation", "private", "bash", "-euc", mount, "bash"]
    subprocess.run([*command, sys.executable, "-c", script], check=True, timeout=60)
