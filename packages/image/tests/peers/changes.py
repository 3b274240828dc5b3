"""Small images: ways in which one layer can change another of which umoci makes what the specification says.

containerd 1.6 refuses some of them on overlays, and makes something else of others: each layer is unpacked there
without a look at those below.
"""

from __future__ import annotations

import tarfile

from tiffin_testing.images import directory, entry, file, hardlink, opaque, symlink, tar, whiteout

USR = tar(
    directory("usr/", mtime=5), directory("usr/bin/", mtime=5, mode=0o750), file("usr/bin/a", b"a"),
    symlink("bin", "usr/bin", mtime=7),
)  # fmt: skip
FOLDER = tar(directory("d/", mtime=1), file("d/x", b"x", mtime=4), directory("d/s/", mode=0o700, mtime=2))
LINKED = tar(
    file("a", b"1", mtime=3), symlink("s", "nowhere", mtime=3), entry("p", tarfile.FIFOTYPE, mtime=3)
)
TREE = tar(
    directory("x/y", mtime=2),
    file("x/y/a", b"1", mtime=2),
    file("x/y/b", b"2", mtime=2),
    symlink("s", "/x/y", mtime=2),
)

CHANGES = {
    "a file by way of a link to a folder below": [USR, tar(file("bin/b", b"b"))],
    "a file by way of an absolute link": [USR, tar(), tar(symlink("b", "/usr/bin")), tar(file("b/c/d"))],
    "a folder by way of a link": [USR, tar(directory("bin/sub/", mode=0o711, mtime=3), file("bin/sub/f"))],
    "a folder in the place of a link": [USR, tar(directory("bin/", mtime=3), file("bin/b", b"b"))],
    "a whiteout by way of a link": [TREE, tar(whiteout("s/a"))],
    "all of a folder hidden by way of a link": [
        TREE, tar(whiteout("s/a")), tar(file("s/a", b"back", mtime=2), opaque("s")),
    ],
    "a hard link to a file below": [LINKED, tar(hardlink("b", "a", mtime=3))],
    "a hard link to a link below": [LINKED, tar(hardlink("b", "s", mtime=3))],
    "a hard link to a pipe below": [LINKED, tar(hardlink("d/b", "p", mtime=3))],
    "a hard link by way of a link": [USR, tar(hardlink("b", "bin/a"))],
    "a hard link, and its target goes": [FOLDER, tar(hardlink("y", "d/x"), whiteout("d/x"))],
    "a hard link, and the folder of its target is emptied": [FOLDER, tar(hardlink("y", "d/x"), opaque("d"))],
    "a hard link, and the folder of its target goes": [FOLDER, tar(hardlink("y", "d/x"), whiteout("d"))],
    "a folder goes, and is implied again": [FOLDER, tar(whiteout("d"), file("d/s/y"))],
    "a file goes, and a folder of its name is implied": [LINKED, tar(whiteout("a"), file("a/y"))],
    "a folder that was emptied is implied": [FOLDER, tar(directory("d/", mtime=9), opaque("d")), tar(file("d/s/y"))],
    "the root is emptied first": [FOLDER, tar(opaque("."), file("d/y"), directory("e", mtime=5), file("f/y"))],
    "the root is emptied last": [FOLDER, tar(directory("d/", mtime=6), file("d/y"), file("e"), opaque("."))],
    "whiteouts of what is not there": [LINKED, tar(whiteout("no/x"), opaque("no"), whiteout("s/x"), whiteout("q"))],
    "a whiteout in a folder that was made again": [
        FOLDER, tar(whiteout("d")), tar(directory("d", mtime=8), whiteout("d/x")),
    ],
    "a file and then its own whiteout": [LINKED, tar(file("a", b"new", mtime=3), whiteout("a"))],
    "a folder in which only files are named": [FOLDER, tar(file("d/s/y", b"y", mtime=3), whiteout("d/x"))],
    "what aufs left": [tar(directory(".wh..wh.plnk"), file(".wh..wh.aufs"), file(".wh..wh.plnk/1.2", b"x"), file("a"))],
    "names with dots": [tar(file("/abs/x", b"1"), file("../../up", b"2"), file("a/../b", b"3"), file("./c"))],
    "the same name twice": [
        tar(file("x", b"1"), file("x", b"2", mode=0o600), directory("d", mtime=1), directory("d", mode=0o700, mtime=2)),
    ],
    "a link header that says something else of the file": [
        tar(file("x", b"1", mtime=5), hardlink("y", "x", mode=0o777, mtime=9, uid=5)),
    ],
}  # fmt: skip

REFUSED = {
    "a hard link to what the layer removes": [LINKED, tar(whiteout("a"), hardlink("b", "a"))],
    "a hard link into a folder that the layer empties": [FOLDER, tar(opaque("d"), hardlink("y", "d/x"))],
    "a hard link to what is nowhere": [LINKED, tar(hardlink("b", "missing"))],
    "a file in a file": [LINKED, tar(file("a/b"))],
}
