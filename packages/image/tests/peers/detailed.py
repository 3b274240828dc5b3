"""An image with every detail that a layer can have, and every way in which one layer can change another."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

from tiffin_testing.images import XATTR, directory, entry, file, hardlink, opaque, symlink, tar, whiteout

# VFS_CAP_REVISION_2 with cap_net_raw permitted and effective (linux/capability.h)
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")
DEEP = "/".join(letter * 100 for letter in "xyz")
STEP = 1_600_000_000


def pax(time: str = "1600000000.123456789", **attributes: bytes) -> dict[str, str]:
    """Pax records: a time, and extended attributes by a name whose first `_` is a dot."""
    values = {
        name.replace("_", ".", 1): value.decode("utf-8", "surrogateescape")
        for name, value in attributes.items()
    }
    return {"mtime": time, **{XATTR + name: value for name, value in values.items()}}


def base_layer() -> bytes:
    """Types, modes, owners, times, attributes, names and links."""
    return tar(
        directory("./", mode=0o711, mtime=STEP), directory("plain/", mtime=STEP + 1),
        file("plain/one", b"one", pax=pax()), file("plain/empty", mtime=0), file("plain/old", b"o", pax=pax("-1.5")),
        file("plain/closed", b"c", mode=0), file("plain/large", bytes(range(256)) * 5000, mtime=STEP),
        file("plain/setuid", b"s", mode=0o6755, uid=12, gid=34), file("plain/ids", b"i", uid=3_000_000, gid=4_000_000),
        directory("sticky", mode=0o1777, pax=pax()), directory("shared", mode=0o2775, gid=50, mtime=STEP),
        directory("private", mode=0o700, uid=7, gid=8, mtime=STEP), file("private/x", b"x", mode=0o400, uid=7, gid=8),
        file("plain/able", b"a", mode=0o755, uid=5, pax=pax(security_capability=CAPABILITY)),
        file("plain/noted", b"n", pax=pax(user_note=b"a\0b\n=c", trusted_note=b"t")),
        directory("noted", pax=pax(user_note=b"of a folder")), file("noted/in", b"in"),
        entry("plain/null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666, mtime=STEP),
        entry("plain/wide", tarfile.CHRTYPE, devmajor=300, devminor=70_000, mode=0o600, mtime=STEP, uid=1),
        entry("plain/loop", tarfile.BLKTYPE, devmajor=7, devminor=0, mode=0o660, gid=6, mtime=STEP),
        entry("plain/pipe", tarfile.FIFOTYPE, mode=0o622, mtime=STEP),
        symlink("link", "plain/one", pax=pax()), symlink("nowhere", "/not/there", uid=3, gid=4, mtime=STEP),
        symlink("far", "t" * 300, mtime=STEP), symlink("plain/up", "../../../../private", mtime=STEP),
        directory("hard/", mtime=STEP), file("hard/a", b"linked", mode=0o640, mtime=STEP),
        hardlink("hard/b", "hard/a", mode=0o640, mtime=STEP), hardlink("plain/c", "./hard/a", mode=0o640, mtime=STEP),
        *(directory("/".join(DEEP.split("/")[:depth]), mtime=STEP) for depth in (1, 2, 3)),
        file(f"{DEEP}/file", b"deep", mtime=STEP), directory("long/", mtime=STEP), directory("names/", mtime=STEP),
        file("long/" + "n" * 255, b"long", mtime=STEP),
        *(file(f"names/{name}", name.encode(), mtime=STEP) for name in (
            "with space", "line\nbreak", "-rf", "back\\slash", "com,ma", "co:lon", "\u00fcml\u00e4ut", "quo'te\"",
            "*", ".dot", "x.wh.y",
        )),
        *lower_tree(),
    )  # fmt: skip


def lower_tree() -> list[tuple[tarfile.TarInfo, bytes]]:
    """What the next layers change."""
    names = ("gone", "folder", "emptied", "again", "merged", "becomes-file", "becomes-link", "late")
    folders = [part for name in names for part in (
        directory(f"{name}/", mode=0o750, mtime=STEP), file(f"{name}/a", b"a", mtime=STEP),
        directory(f"{name}/sub/", mtime=STEP), file(f"{name}/sub/b", b"b", mtime=STEP),
    )]  # fmt: skip
    files = [file(name, b"old", mtime=STEP) for name in ("removed", "becomes-folder", "changed", "linked-to")]
    links = [
        symlink("becomes-real", "merged", mtime=STEP),
        symlink("pointer", "plain/one", uid=9, mtime=STEP),
    ]
    return [*folders, *files, *links]


def changing_layer() -> bytes:
    """Removes, replaces and adds, in GNU's format; names that are no UTF-8."""
    return tar(
        directory("./", mode=0o755, mtime=STEP + 5),
        whiteout("removed"), whiteout("gone"), file("folder/.wh.sub"), whiteout("folder/a"),
        directory("folder/", mode=0o700, mtime=STEP + 6), file("folder/new", b"n", mtime=STEP),
        directory("emptied/", mtime=STEP + 7), opaque("emptied"), file("emptied/only", b"o", mtime=STEP),
        whiteout("again"), directory("merged/", mode=0o2711, uid=1, mtime=STEP + 8), file("merged/c", b"c", mtime=STEP),
        directory("merged/sub", mtime=STEP + 9), file("merged/sub/b", b"other", mtime=STEP),
        file("becomes-file", b"now", mtime=STEP), symlink("becomes-link", "merged", mtime=STEP),
        directory("becomes-folder/", mtime=STEP + 10), file("becomes-folder/in", b"in", mtime=STEP),
        directory("becomes-real/", mtime=STEP + 11), file("becomes-real/in", b"in", mtime=STEP),
        file("changed", b"new content", mode=0o4755, uid=5, gid=6, mtime=STEP),
        directory("late/", mode=0o751, mtime=STEP), file("late/new", b"l", mtime=STEP), opaque("late"),
        directory("hard", mtime=STEP + 12), file("hard/b", b"on its own", mtime=STEP),
        directory("plain", mtime=STEP + 13), whiteout("plain/null"),
        directory("names", mtime=STEP + 14), file("names/caf\udce9", b"latin", mtime=STEP),
        form=tarfile.GNU_FORMAT,
    )  # fmt: skip


def third_layer() -> bytes:
    """Brings back what was removed, and changes what was changed."""
    return tar(
        directory("./", mode=0o755, mtime=STEP + 20),
        directory("gone/", mtime=STEP + 21), file("gone/new", b"n", mtime=STEP), file("removed", b"back", mtime=STEP),
        directory("again/", mtime=STEP + 22), file("again/c", b"c", mtime=STEP),
        directory("emptied", mtime=STEP + 23), directory("emptied/sub", mtime=STEP + 24),
        file("emptied/sub/z", b"z", mtime=STEP),
        whiteout("becomes-folder"), file("becomes-folder", b"a file again", mtime=STEP),
        whiteout("linked-to"), directory("hard/", mtime=STEP + 25), whiteout("hard/a"),
        directory("noted", mode=0o755, pax=pax(user_other=b"instead")), file("noted/in", b"in", pax=pax(user_x=b"y")),
    )  # fmt: skip


def sparse_layer(folder: Path) -> bytes:
    """A file of 16 MiB with holes and 30 pieces, by GNU tar; in pax format, since the peers refuse GNU's own."""
    with (folder / "sparse").open("wb") as sparse:
        for number in range(30):
            sparse.seek(number * 500_000 + 7)
            sparse.write(b"piece %d" % number)
        sparse.truncate(16 << 20)
    command = ["tar", "--sparse", "--format=pax", "--mtime=@1600000000", "-cC", str(folder), "sparse"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def detailed_layers(folder: Path) -> list[bytes]:
    """The layers, bottom first; an empty one among them."""
    return [base_layer(), sparse_layer(folder), changing_layer(), tar(), third_layer()]
