"""An image of three layers that can be run, and that says so."""

from __future__ import annotations

from tiffin_testing.images import (
    XATTR,
    busybox_layer,
    directory,
    file,
    hardlink,
    opaque,
    symlink,
    tar,
    whiteout,
)  # fmt: skip

WHEN = 1_600_000_000
CONFIG = {"Cmd": ["cat", "/marker"], "Env": ["PATH=/bin"], "WorkingDir": "/", "Labels": {"a": "b"}}
RAN = "it ran\n"


def layers() -> list[bytes]:
    """Bottom first."""
    return [
        busybox_layer(),
        tar(
            directory("./", mtime=WHEN), directory("data/", mtime=WHEN), directory("data/emptied/", mtime=WHEN),
            file("data/one", b"1", uid=5, gid=6, mtime=WHEN), file("data/gone", b"g", mtime=WHEN),
            file("data/emptied/x", mtime=WHEN),
            file("marker", b"old\n", mtime=WHEN), hardlink("again", "data/one", uid=5, gid=6, mtime=WHEN),
        ),
        tar(
            directory("./", mtime=WHEN + 1), directory("data/", mode=0o750, mtime=WHEN + 1), whiteout("data/gone"),
            directory("data/emptied/", mtime=WHEN + 1), opaque("data/emptied"), file("marker", b"it ran\n", mtime=WHEN),
            file("data/set", b"s", mode=0o4711, pax={"mtime": "1600000000.25", XATTR + "user.a": "b"}),
            symlink("data/link", "../marker", mtime=WHEN),
        ),
    ]  # fmt: skip
