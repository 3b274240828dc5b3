"""Changes between two trees: what is told, what is not, and that they make the second tree out of the first."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin.image.errors import FailedPrecondition
from tiffin.image.layers.diff.change import Change, Kind
from tiffin.image.layers.diff.walk import tree_changes

Copy = Callable[[Path, Path], Path]
Exact = Callable[[Path, Path], list[Change]]
Write = Callable[..., bytes]

SECOND, SUBSECOND = 1_600_000_000_000_000_000, 1_600_000_000_123_456_789
EMPTY_ARCHIVE = bytes(1024)
# VFS_CAP_REVISION_2 with cap_net_raw permitted and effective (linux/capability.h)
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")


def told(lower: Path | None, upper: Path) -> list[tuple[str, str]]:
    changes = tree_changes(None if lower is None else str(lower), str(upper))
    return [(change.kind.value, os.fsdecode(change.path)) for change in changes]


def put(path: Path, content: bytes = b"", time: int = SUBSECOND) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(time, time))
    return path


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    folder = tmp_path / "lower"
    put(folder / "etc/passwd", b"root")
    put(folder / "etc/old", b"old")
    put(folder / "usr/bin/sh", b"#!", SECOND)
    put(folder / "usr/lib/deep/er/x", b"x")
    (folder / "bin").symlink_to("usr/bin")
    os.mkfifo(folder / "pipe")
    os.link(folder / "usr/bin/sh", folder / "usr/bin/bash")
    return folder


@pytest.fixture
def upper(lower: Path, tmp_path: Path, copy: Copy) -> Path:
    """A copy of `lower`, to be changed."""
    return copy(lower, tmp_path / "upper")


def test_a_tree_and_its_copy_have_no_changes(lower: Path, upper: Path, write: Write) -> None:
    assert told(lower, upper) == []
    assert write(tree_changes(str(lower), str(upper))) == EMPTY_ARCHIVE
    assert told(lower, lower) == []


def test_all_kinds_of_changes_make_the_upper_tree(lower: Path, upper: Path, exact: Exact) -> None:
    (upper / "etc/old").unlink()
    put(upper / "etc/new", b"new")
    (upper / "usr/bin/sh").chmod(0o4755)
    (upper / "bin").unlink()
    (upper / "bin").mkdir(mode=0o1777)
    put(upper / "bin/true")
    (upper / "pipe").unlink()
    put(upper / "pipe/in", b"a folder now")
    os.setxattr(upper / "usr/lib", "user.x", b"\0\xff\n=")
    found = exact(lower, upper)
    assert [(change.kind, change.path) for change in found] == [
        (Kind.MODIFIED, b"bin"),
        (Kind.ADDED, b"bin/true"),
        (Kind.MODIFIED, b"etc"),
        (Kind.ADDED, b"etc/new"),
        (Kind.DELETED, b"etc/old"),
        (Kind.MODIFIED, b"pipe"),
        (Kind.ADDED, b"pipe/in"),
        (Kind.MODIFIED, b"usr"),
        (Kind.MODIFIED, b"usr/bin"),
        (Kind.MODIFIED, b"usr/bin/bash"),
        (Kind.MODIFIED, b"usr/bin/sh"),
        (Kind.MODIFIED, b"usr/lib"),
    ]
    assert found[10].link == b"usr/bin/bash"


@pytest.mark.requires("root")
def test_owners_devices_and_capabilities_make_the_upper_tree(lower: Path, upper: Path, exact: Exact) -> None:
    os.mknod(upper / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(upper / "loop", stat.S_IFBLK | 0o660, os.makedev(7, 300))
    os.chown(upper / "bin", 5, 6, follow_symlinks=False)
    os.chown(upper / "usr/lib/deep", 3_000_000_000, 4_000_000_000)
    os.chown(upper / "etc/passwd", 7, 8)
    os.setxattr(upper / "etc/passwd", "security.capability", CAPABILITY)
    os.setxattr(upper / "bin", "trusted.on-a-link", b"v", follow_symlinks=False)
    exact(lower, upper)


def test_a_directory_is_told_once_and_before_what_is_in_it(lower: Path, upper: Path) -> None:
    for name in ("a", "b", "c/d"):
        put(upper / "usr/lib/deep/er" / name)
    assert [path for _, path in told(lower, upper)] == [
        "usr",
        "usr/lib",
        "usr/lib/deep",
        "usr/lib/deep/er",
        "usr/lib/deep/er/a",
        "usr/lib/deep/er/b",
        "usr/lib/deep/er/c",
        "usr/lib/deep/er/c/d",
    ]


def test_only_the_time_of_a_directory_is_no_change(lower: Path, upper: Path) -> None:
    os.utime(upper / "etc")
    os.utime(upper)
    assert told(lower, upper) == []


def test_mode_and_attributes_of_the_root_are_a_change(lower: Path, upper: Path, exact: Exact) -> None:
    upper.chmod(0o711)
    assert [(change.kind, change.path) for change in exact(lower, upper)] == [(Kind.MODIFIED, b"")]


def test_equal_size_and_time_without_a_fraction_have_the_content_compared(lower: Path, upper: Path) -> None:
    put(upper / "usr/bin/sh", b"!#", SECOND)
    put(upper / "etc/passwd", b"toor", SUBSECOND)
    assert told(lower, upper) == [
        ("modified", "usr"),
        ("modified", "usr/bin"),
        ("modified", "usr/bin/bash"),
        ("modified", "usr/bin/sh"),
    ]


@pytest.mark.parametrize("time", [SUBSECOND + 1, SECOND, -5_500_000_000])
def test_another_time_is_a_change(time: int, lower: Path, upper: Path, exact: Exact) -> None:
    os.utime(upper / "etc/passwd", ns=(time, time))
    assert [change.path for change in exact(lower, upper)] == [b"etc", b"etc/passwd"]


def test_a_new_link_to_an_unchanged_file_brings_the_file(lower: Path, upper: Path, exact: Exact) -> None:
    os.link(upper / "etc/passwd", upper / "zz")
    os.link(upper / "usr/lib/deep/er/x", upper / "a")
    found = exact(lower, upper)
    assert [
        (change.path, change.link) for change in found if change.info and not change.info.is_directory
    ] == [
        (b"a", b""),
        (b"usr/lib/deep/er/x", b"a"),
        (b"zz", b""),
        (b"etc/passwd", b"zz"),
    ]


def test_links_to_links_pipes_and_devices(lower: Path, upper: Path, exact: Exact) -> None:
    os.link(upper / "bin", upper / "bin2", follow_symlinks=False)
    os.link(upper / "pipe", upper / "pipe2")
    exact(lower, upper)


def test_links_lead_nowhere_out_of_the_tree(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    put(outside / "secret")
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / "out").symlink_to(outside)
    assert told(None, upper) == [("added", "out")]


def test_sockets_are_as_if_they_were_not_there(lower: Path, upper: Path) -> None:
    os.mknod(upper / "socket", stat.S_IFSOCK | 0o600)
    (upper / "etc/old").unlink()
    os.mknod(upper / "etc/old", stat.S_IFSOCK | 0o600)
    assert told(lower, upper) == [("modified", "etc"), ("deleted", "etc/old")]


def test_what_is_masked_is_not_looked_at(lower: Path, upper: Path) -> None:
    put(upper / "etc/new")
    put(upper / "data/x")
    (upper / "usr/bin/sh").unlink()
    changes = tree_changes(str(lower), str(upper), masks=(b"etc", b"data", b"usr/bin/sh"))
    assert list(changes) == []


def test_attributes_of_overlayfs_and_of_the_hosts_policy_are_no_change(lower: Path, upper: Path) -> None:
    os.setxattr(upper / "etc", "user.overlay.opaque", b"y")
    assert told(lower, upper) == []


def test_without_a_lower_tree_everything_is_new(lower: Path, exact: Exact, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o755)
    assert {kind for kind, _ in told(None, lower)} == {"added"}
    assert told(None, lower) == told(empty, lower)
    exact(empty, lower)


def test_a_file_called_like_a_whiteout_is_refused(lower: Path, upper: Path, write: Write) -> None:
    put(upper / "etc/.wh.passwd")
    with pytest.raises(FailedPrecondition, match=r"\.wh\.passwd"):
        write(tree_changes(str(lower), str(upper)))


def test_a_file_that_becomes_shorter_is_refused(lower: Path, upper: Path, write: Write) -> None:
    put(upper / "etc/new", b"long")

    def cut() -> object:
        for change in tree_changes(str(lower), str(upper)):
            if change.path == b"etc/new":
                (upper / "etc/new").write_bytes(b"s")
            yield change

    with pytest.raises(FailedPrecondition, match="shorter"):
        write(cut())


@pytest.mark.requires("root")
def test_an_ordinary_user_reads_its_own_files_of_mode_0(write: Write) -> None:
    user = 61234
    with tempfile.TemporaryDirectory() as folder:  # the folders of pytest are root's alone
        upper = Path(folder, "upper")
        for name, owner in (("own", user), ("others", 0)):
            put(upper / name, b"what is in %s" % name.encode()).chmod(0)
            os.chown(upper / name, owner, owner)
        for path in (Path(folder), upper):
            path.chmod(0o755)
        os.setegid(user)
        os.seteuid(user)
        try:
            layer = write(tree_changes(None, str(upper), masks=(b"others",)))
            with pytest.raises(PermissionError, match="others"):
                write(tree_changes(None, str(upper)))
        finally:
            os.seteuid(0)
            os.setegid(0)
        assert b"what is in own" in layer
        assert stat.S_IMODE((upper / "own").stat().st_mode) == 0
