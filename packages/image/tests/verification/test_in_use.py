"""Whether somebody has mounted a snapshot's old folder, by what the kernel shows of his mounts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tiffin.image.kernel import mount, umount2
from tiffin.image.snapshots.in_use import is_mounted, mount_tables
from tiffin.image.snapshots.overlayfs import escaped

LINE = "63 108 0:27 {} /somewhere rw,relatime - overlay overlay rw,{}\n"
ASIDE = "was-4-1a221ee9"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("lowerdir={}/5/fs:{}/4/fs,upperdir=/u", True),
        ("lowerdir={}/4/fs", True),
        ("lowerdir=5/fs:4/fs:3/fs", True),
        ("lowerdir={}/14/fs:{}/40/fs,upperdir={}/4/fsx", False),
        ("lowerdir=/elsewhere/4/fs:/4/fs", False),
        ("lowerdir=14/fs:4/fs2", False),
    ],
)
def test_lower_folders_of_overlays(tmp_path: Path, options: str, *, expected: bool) -> None:
    table = LINE.format("/", options.replace("{}", str(tmp_path)) + "\n")
    assert is_mounted(str(tmp_path), "4", ASIDE, {table}) is expected


@pytest.mark.requires("root", "overlayfs")
def test_odd_names_of_folders_as_the_kernel_shows_them(tmp_path: Path) -> None:
    folders, target = tmp_path / "a:b,c d\\e", tmp_path / "target"
    trees = [folders / number / "fs" for number in ("4", "5")]
    for folder in (*trees, target):
        folder.mkdir(parents=True)
    mount("overlay", str(target), "overlay", 0, "lowerdir=" + ":".join(escaped(str(tree)) for tree in trees))
    try:
        found = {number for number in ("4", "5") if is_mounted(str(folders), number, ASIDE, mount_tables())}
    finally:
        umount2(str(target), 0)
    assert found == {"4", "5"}
    assert not is_mounted(str(folders), "4", ASIDE, {Path("/proc/self/mountinfo").read_text()})


def test_a_bind_mount_shows_the_new_name(tmp_path: Path) -> None:
    assert is_mounted(str(tmp_path), "4", ASIDE, {LINE.format(f"/x/{ASIDE}/fs", "")})
    assert not is_mounted(str(tmp_path), "4", ASIDE, {LINE.format("/x/was-4-00000000/fs", "")})


@pytest.mark.requires("root", "ns_mount")
def test_mounts_of_other_processes_are_seen(tmp_path: Path) -> None:
    marked = tmp_path / "marked"
    marked.mkdir()
    script = 'mount --bind "$1" "$1" && echo ready && read end'
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(marked)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        tables = mount_tables()
        process.communicate(b"\n", timeout=30)
    assert any(str(marked) in table for table in tables)
    assert not any(str(marked) in table for table in mount_tables())
