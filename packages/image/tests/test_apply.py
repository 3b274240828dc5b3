"""Applying layers: what a correct layer makes."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.owners import Ownership
from tiffin_testing.images import XATTR, directory, entry, file, hardlink, opaque, symlink, tar, whiteout

Apply = Callable[..., Any]

# VFS_CAP_REVISION_2 with cap_net_raw permitted and effective (linux/capability.h)
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_files_have_content_mode_and_times_to_the_nanosecond(apply: Apply, root: Path) -> None:
    apply(tar(file("a/b", b"hello", mode=0o4711, pax={"mtime": "1700000000.123456789"})))
    status = (root / "a/b").stat()
    assert (root / "a/b").read_bytes() == b"hello"
    assert stat.S_IMODE(status.st_mode) == 0o4711
    assert status.st_mtime_ns == 1700000000123456789
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("text", "expected"), [("-1.5", -1_500_000_000), ("99999999999999", 0), ("5", 5_000_000_000)]
)
def test_times_before_the_epoch_and_out_of_range(apply: Apply, root: Path, text: str, expected: int) -> None:
    apply(tar(file("f", pax={"mtime": text})))
    assert (root / "f").stat().st_mtime_ns == expected


def test_directories_get_mode_and_times_after_their_content(apply: Apply, root: Path) -> None:
    apply(tar(directory("d", mode=0o500, mtime=1000), file("d/f", b"x", mtime=2000)))
    status = (root / "d").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (0o500, 1000)


def test_the_root_itself_may_have_an_entry(apply: Apply, root: Path) -> None:
    apply(tar(directory("./", mode=0o711, mtime=77)))
    assert (stat.S_IMODE(root.stat().st_mode), root.stat().st_mtime) == (0o711, 77)


@pytest.mark.requires("root")
def test_owners_and_devices_with_root(apply: Apply, root: Path) -> None:
    apply(
        tar(
            file("f", uid=1234, gid=4321),
            symlink("l", "f", uid=7, gid=8),
            entry("null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
            entry("loop", tarfile.BLKTYPE, devmajor=7, devminor=0, mode=0o660),
            entry("pipe", tarfile.FIFOTYPE, mode=0o622),
        ),
        ownership=Ownership.KEEP,
    )
    assert ((root / "f").stat().st_uid, (root / "f").stat().st_gid) == (1234, 4321)
    assert ((root / "l").lstat().st_uid, (root / "l").lstat().st_gid) == (7, 8)
    null, loop = (root / "null").stat(), (root / "loop").stat()
    assert stat.S_ISCHR(null.st_mode)
    assert (null.st_rdev, stat.S_IMODE(null.st_mode)) == (os.makedev(1, 3), 0o666)
    assert stat.S_ISBLK(loop.st_mode)
    assert loop.st_rdev == os.makedev(7, 0)
    assert stat.S_IMODE((root / "pipe").stat().st_mode) == 0o622


def test_squashed_owners_and_devices_are_counted_and_left_out(apply: Apply, root: Path) -> None:
    writer = apply(
        tar(file("f", uid=1234), entry("null", tarfile.CHRTYPE, devmajor=1, devminor=3)),
        ownership=Ownership.SQUASH,
    )
    assert (root / "f").stat().st_uid == os.geteuid()
    assert names(root) == {"f"}
    assert writer.left_out == {"owners": 1, "device nodes": 1}


@pytest.mark.requires("root")
def test_capabilities_survive_the_change_of_owner(apply: Apply, root: Path) -> None:
    value = CAPABILITY.decode("utf-8", "surrogateescape")
    apply(tar(file("ping", b"x", uid=5, mode=0o755, pax={XATTR + "security.capability": value})))
    assert os.getxattr(root / "ping", "security.capability") == CAPABILITY


def test_extended_attributes_with_nul_newline_and_raw_bytes(apply: Apply, root: Path) -> None:
    value = b"a\0b\nc=\xff\xfe"
    apply(tar(file("f", pax={XATTR + "user.x": value.decode("utf-8", "surrogateescape")})))
    assert os.getxattr(root / "f", "user.x") == value


def test_a_directory_of_an_upper_layer_loses_the_attributes_of_the_lower(apply: Apply, root: Path) -> None:
    apply(
        tar(directory("d", pax={XATTR + "user.old": "1"})),
        tar(directory("d", mode=0o700, pax={XATTR + "user.new": "2"})),
    )
    assert os.listxattr(root / "d") == ["user.new"]
    assert stat.S_IMODE((root / "d").stat().st_mode) == 0o700


def test_attributes_of_overlayfs_are_never_taken(apply: Apply, root: Path) -> None:
    apply(
        tar(
            directory(
                "d", pax={XATTR + "user.overlay.opaque": "y", XATTR + "trusted.overlay.redirect": "/etc"}
            )
        )
    )
    assert os.listxattr(root / "d") == []


def test_hard_links_are_the_same_file_and_change_nothing_of_it(apply: Apply, root: Path) -> None:
    apply(
        tar(
            file("a", b"x", mode=0o600, mtime=5),
            hardlink("d/b", "a", mode=0o777, mtime=9),
            hardlink("d/b", "d/b"),
        )
    )
    assert (root / "a").stat().st_ino == (root / "d/b").stat().st_ino
    assert (stat.S_IMODE((root / "a").stat().st_mode), (root / "a").stat().st_mtime) == (0o600, 5)


def test_a_hard_link_to_a_link_is_the_link(apply: Apply, root: Path) -> None:
    apply(tar(symlink("l", "nowhere"), hardlink("h", "l")))
    assert os.readlink(root / "h") == "nowhere"


def test_a_hard_link_to_a_lower_layer(apply: Apply, root: Path) -> None:
    apply(tar(file("a", b"x")), tar(hardlink("b", "/a"), whiteout("a")))
    assert names(root) == {"b"}


def test_sparse_files_keep_their_holes(apply: Apply, root: Path, tmp_path: Path) -> None:
    import subprocess

    source = tmp_path / "sparse"
    with source.open("wb") as sparse:
        sparse.write(b"start")
        sparse.seek(64 * 1024 * 1024)
        sparse.write(b"middle")
        sparse.truncate(128 * 1024 * 1024)
    for form in ("gnu", "pax"):
        command = ["tar", "--sparse", f"--format={form}", "-cC", str(tmp_path), "sparse"]
        apply(subprocess.run(command, check=True, capture_output=True).stdout)
        made = root / "sparse"
        assert made.stat().st_size == source.stat().st_size
        assert made.stat().st_blocks * 512 < 1024 * 1024
        assert made.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_very_long_names_and_targets(apply: Apply, root: Path, form: int) -> None:
    name = "/".join(["d" * 100] * 12)
    target = "t" * 300
    apply(tar(file(name + "/f", b"x"), symlink("l", target), form=form))
    assert (root / name / "f").read_bytes() == b"x"
    assert os.readlink(root / "l") == target


def test_names_that_are_no_utf8_keep_their_bytes(apply: Apply, root: Path) -> None:
    apply(tar(file("caf\udce9", b"x"), form=tarfile.GNU_FORMAT))
    assert os.listdir(os.fsencode(root)) == [b"caf\xe9"]


def test_a_file_replaces_a_folder_and_the_reverse(apply: Apply, root: Path) -> None:
    lower = tar(file("a/b/c", b"x"), file("f", b"y"), symlink("l", "a"))
    apply(lower, tar(file("a", b"file"), directory("f"), file("f/g", b"z"), directory("l")))
    assert names(root) == {"a", "f", "f/g", "l"}
    assert (root / "a").read_bytes() == b"file"
    assert not (root / "l").is_symlink()


def test_whiteouts_hide_what_is_below(apply: Apply, root: Path) -> None:
    apply(
        tar(file("a", b"1"), file("d/e", b"2"), file("d/f", b"3")),
        tar(whiteout("a"), whiteout("d/e"), whiteout("not/there")),
    )
    assert names(root) == {"d", "d/f"}


def test_a_whiteout_hides_nothing_of_its_own_layer_in_either_order(apply: Apply, root: Path) -> None:
    lower = tar(file("x/old", b"1"), file("y/old", b"1"), file("z", b"old"))
    apply(
        lower,
        tar(file("x/new"), whiteout("x"), whiteout("y"), file("y/new"), file("z", b"new"), whiteout("z")),
    )
    assert names(root) == {"x", "x/new", "y", "y/new", "z"}
    assert (root / "z").read_bytes() == b"new"


def test_an_opaque_folder_keeps_only_its_own_layer_in_either_order(apply: Apply, root: Path) -> None:
    lower = tar(*(file(f"{folder}/{name}") for folder in ("d", "e") for name in ("old", "sub/old")))
    apply(lower, tar(file("d/new"), file("d/sub/new"), opaque("d"), opaque("e"), file("e/new")))
    assert names(root) == {"d", "d/new", "d/sub", "d/sub/new", "e", "e/new"}


def test_an_opaque_folder_through_a_link_spares_its_own_layer(apply: Apply, root: Path) -> None:
    apply(tar(file("real/old"), symlink("link", "real")), tar(file("link/new"), opaque("real")))
    assert names(root) == {"link", "real", "real/new"}


def test_a_later_layer_may_replace_a_folder_by_a_link(apply: Apply, root: Path) -> None:
    lower = tar(
        directory("a", mode=0o700),
        directory("a/b", mode=0o711, mtime=1),
        directory("c/b", mode=0o755, mtime=2),
    )
    apply(lower, tar(symlink("a", "c"), file("a/b/f", b"x")))
    assert stat.S_IMODE((root / "c/b").stat().st_mode) == 0o755
    assert (root / "c/b/f").read_bytes() == b"x"


def test_an_empty_layer(apply: Apply, root: Path) -> None:
    apply(b"", tar())
    assert names(root) == set()


def test_a_tree_of_any_depth_can_be_hidden(apply: Apply, root: Path) -> None:
    deep = "d/" * 200 + "f"
    linked = [
        symlink(f"l{number}", ("d/" * 200 if number == 0 else f"l{number - 1}/") + "d/" * 150)
        for number in range(8)
    ]
    apply(tar(file(deep), *linked, file("l7/end")), tar(file("d", b"now a file")))
    assert (root / "d").read_bytes() == b"now a file"


def test_archives_that_end_early_or_are_none(apply: Apply) -> None:
    whole = tar(file("a", b"x" * 2000), file("b", b"y" * 2000))
    for broken in (whole[:700], whole[:512], b"garbage" * 100, whole[:2560] + b"\xff" * 512 + whole[3072:]):
        with pytest.raises(InvalidImage):
            apply(broken)
