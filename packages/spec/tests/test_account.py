"""Users of hostile and ordinary root file systems."""

from __future__ import annotations

import errno
import gc
import os
from pathlib import Path

import pytest

from tiffin.spec.bundle.account import AccountError, ContainerUser, find_groups, find_user
from tiffin.spec.bundle.rootfs_file import SIZE_LIMIT, read_rootfs_file

PASSWD = """\
# a comment
root:x:0:0:root:/root:/bin/sh

www-data:x:33:33::/var/www:/usr/sbin/nologin
alice:x:1000:1000:Alice:/home/alice:/bin/bash
1001:x:2000:2000::/home/number:/bin/sh
short:x:5:6
+::::::
broken:x:nonsense:1::/:
toobig:x:4294967296:1::/:
"""
GROUP = """\
root:x:0:
www-data:x:33:
alice:x:1000:
audio:x:29:alice,bob
video:x:44:bob,alice
again:x:44:alice
staff:x:50:
"""


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    etc = tmp_path / "rootfs/etc"
    etc.mkdir(parents=True)
    (etc / "passwd").write_text(PASSWD)
    (etc / "group").write_text(GROUP)
    return etc.parent


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", ContainerUser(0, 0, (), "/root")),
        ("root", ContainerUser(0, 0, (), "/root")),
        ("0", ContainerUser(0, 0, (), "/root")),
        ("www-data", ContainerUser(33, 33, (), "/var/www")),
        ("alice", ContainerUser(1000, 1000, (29, 44), "/home/alice")),
        ("1000", ContainerUser(1000, 1000, (29, 44), "/home/alice")),
        ("alice:staff", ContainerUser(1000, 50, (), "/home/alice")),
        ("alice:7", ContainerUser(1000, 7, (), "/home/alice")),
        ("alice:", ContainerUser(1000, 1000, (29, 44), "/home/alice")),
        (":staff", ContainerUser(0, 50, (), "/root")),
        ("4242", ContainerUser(4242, 0, (), "/")),
        ("4242:33", ContainerUser(4242, 33, (), "/")),
        ("4242:www-data", ContainerUser(4242, 33, (), "/")),
        ("1001", ContainerUser(2000, 2000, (), "/home/number")),
        ("short", ContainerUser(5, 6, (), "/")),
        ("2147483647", ContainerUser(2147483647, 0, (), "/")),
    ],
)
def test_users(rootfs: Path, user: str, expected: ContainerUser) -> None:
    assert find_user(rootfs, user) == expected


@pytest.mark.parametrize(
    "user",
    [
        "nobody",
        "alice:nogroup",
        "-1",
        "+5",
        "2147483648",
        "1:2147483648",
        "broken",
        "toobig",
        "0x0",
        "\u0663",
        "9" * 5000,
    ],
)
def test_who_is_nobody(rootfs: Path, user: str) -> None:
    with pytest.raises(AccountError):
        find_user(rootfs, user)


def test_groups_by_name_and_number(rootfs: Path) -> None:
    assert find_groups(rootfs, ["audio", "7"]) == (29, 7)
    with pytest.raises(AccountError, match="no group 'x'"):
        find_groups(rootfs, ["x"])


def test_without_files_numbers_work(tmp_path: Path) -> None:
    assert find_user(tmp_path) == ContainerUser(0, 0, (), "/")
    assert find_user(tmp_path, "5:6") == ContainerUser(5, 6, (), "/")
    with pytest.raises(AccountError, match="no user 'alice' in its /etc/passwd"):
        find_user(tmp_path, "alice")


@pytest.mark.parametrize(
    "target", ["/etc/secret", "../../../../../../../../{outside}", "{outside}", "/proc/self/root{outside}"]
)
def test_links_do_not_lead_outside(rootfs: Path, tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("alice:x:0:0::/:\n")
    (rootfs / "etc/passwd").unlink()
    (rootfs / "etc/passwd").symlink_to(target.format(outside=outside))
    assert read_rootfs_file(rootfs, "/etc/passwd") is None


def test_a_linked_directory_does_not_lead_outside(rootfs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "passwd").write_text("alice:x:0:0::/:\n")
    (rootfs / "etc").rename(rootfs / "usr")
    for target in (str(outside), "../outside", "../../outside"):
        (rootfs / "etc").symlink_to(target)
        assert read_rootfs_file(rootfs, "/etc/passwd") is None
        (rootfs / "etc").unlink()


def test_links_inside_are_followed(rootfs: Path) -> None:
    """As on systems whose /etc/passwd is a link to /usr, and with .. at the root, which stays there."""
    (rootfs / "usr/share").mkdir(parents=True)
    (rootfs / "etc/passwd").rename(rootfs / "usr/share/passwd")
    for target in (
        "/usr/share/passwd",
        "../usr/share/passwd",
        "../../../usr/./share//passwd",
        "/../usr/share/passwd",
    ):
        (rootfs / "etc/passwd").symlink_to(target)
        assert find_user(rootfs, "alice").uid == 1000
        (rootfs / "etc/passwd").unlink()
    (rootfs / "etc/passwd").symlink_to("/b/c")
    (rootfs / "b").symlink_to("usr/share")
    (rootfs / "usr/share/c").symlink_to("passwd")
    assert find_user(rootfs, "alice").uid == 1000


def test_circles_end(rootfs: Path) -> None:
    (rootfs / "etc/passwd").unlink()
    (rootfs / "etc/passwd").symlink_to("passwd")
    with pytest.raises(OSError, match="symbolic links") as raised:
        find_user(rootfs, "alice")
    assert raised.value.errno == errno.ELOOP


@pytest.mark.parametrize("kind", ["fifo", "directory"])
def test_what_is_no_file_is_refused_and_does_not_block(rootfs: Path, kind: str) -> None:
    (rootfs / "etc/passwd").unlink()
    if kind == "fifo":
        os.mkfifo(rootfs / "etc/passwd")
    else:
        (rootfs / "etc/passwd").mkdir()
    with pytest.raises(OSError, match="not a regular file"):
        find_user(rootfs, "alice")


def test_a_huge_file_is_refused(rootfs: Path) -> None:
    with (rootfs / "etc/passwd").open("r+b") as file:
        file.truncate(SIZE_LIMIT + 1)
    with pytest.raises(OSError, match="larger than"):
        find_user(rootfs, "alice")


def test_bytes_that_are_no_text_do_no_harm(rootfs: Path) -> None:
    (rootfs / "etc/passwd").write_bytes(b"\xff\xfe:x:1:1::/:\n" + PASSWD.encode() + b"a\0b:x:1:1::/:\n")
    assert find_user(rootfs, "alice").uid == 1000


def test_no_descriptor_is_left(rootfs: Path) -> None:
    gc.collect()  # what earlier tests have left open
    before = os.listdir("/proc/self/fd")
    find_user(rootfs, "alice:staff")
    assert os.listdir("/proc/self/fd") == before
