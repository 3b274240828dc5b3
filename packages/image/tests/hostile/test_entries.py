"""Entries of a layer that make no sense, or would hurt: refused with nothing left, or something harmless."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.hostile.conftest import END, LIMITS, block, extra, octal, padded, record

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.owners import Ownership
from tiffin_testing.images import XATTR, directory, entry, file, hardlink, symlink, tar, whiteout

if TYPE_CHECKING:
    from packages.image.tests.hostile.conftest import Jail

GNU = tarfile.GNU_FORMAT
SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "10"}


def pax(*records: tuple[bytes, bytes]) -> bytes:
    return extra(b"".join(record(key, value) for key, value in records))


def stored_map(text: bytes, **changes: str) -> bytes:
    """A sparse file of format 1.0 whose map is the text, and whose content are the ten bytes after it."""
    return tar(file("f", padded(text) + b"0123456789", pax={**SPARSE, **changes}))


NAMES = {
    "NUL in a pax name": pax((b"path", b"a\0b")) + block() + END,
    "NUL in a pax target": pax((b"linkpath", b"a\0b")) + block(kind=b"2") + END,
    "NUL in a key": pax((b"SCHILY.xattr.user.a\0b", b"x")) + block() + END,
    "a part of 256 bytes": tar(file("n" * 256)),
    "a part of 256 bytes in the middle": tar(file("a/" + "n" * 256 + "/b")),
    "a part of 256 bytes as a whiteout": tar(whiteout("n" * 256)),
    "a name of 4096 bytes": tar(file("d/" * 2047 + "ff")),
    "a name of 60 kB": tar(file("n/" * 30_000 + "f"), form=GNU),
    "a target of 4096 bytes": tar(symlink("l", "t" * 4096)),
    "an empty target": tar(symlink("l", "")),
    "a whiteout of nothing": tar(file(".wh.")),
    "a whiteout of the folder": tar(directory("d"), file("d/.wh..")),
    "a whiteout of the folder above": tar(directory("d"), file("d/.wh...")),
    "a whiteout of the root": tar(whiteout(".")),
    "a folder that is called as a whiteout of nothing": tar(directory(".wh.")),
    "a file as the root": tar(file(".", b"x")),
    "a file as the root, by dots": tar(file("a/..", b"x")),
    "a link as the root": tar(symlink("./", "/etc")),
    "a hard link as the root": tar(file("f"), hardlink("/", "f")),
    "a device as the root": tar(entry("..", tarfile.CHRTYPE, devmajor=1, devminor=3)),
}
LINKS = {
    "a hard link to nothing": tar(hardlink("h", "nowhere")),
    "a hard link to what comes later": tar(hardlink("h", "f"), file("f")),
    "a hard link to an empty name": tar(hardlink("h", "")),
    "a hard link to a folder": tar(directory("d"), hardlink("h", "d")),
    "a hard link to the root": tar(hardlink("h", ".")),
    "a hard link to what it replaces": tar(file("d/f"), hardlink("d", "d/f")),
    "a hard link below a file": tar(file("f"), file("g"), hardlink("f/h", "g")),
    "a hard link to below a file": tar(file("f"), hardlink("h", "f/g")),
    "a hard link to what was hidden": tar(file("f"), symlink("f", "x"), hardlink("h", "f/g")),
    "a file below a file": tar(file("f"), file("f/g", b"y")),
    "a file below a pipe": tar(entry("p", tarfile.FIFOTYPE), file("p/g")),
    "a file below a circle": tar(symlink("a", "b/x"), symlink("b", "a/x"), file("a/f")),
    "a whiteout below a file": tar(file("f"), whiteout("f/g")),
}
FIELDS = {
    "an unknown type": tar(entry("x", b"Z")),
    "a volume label": tar(entry("x", b"V")),
    "a file that goes on in another archive": tar(entry("x", b"M")),
    "a size of GNU's base-256, negative": block(size=b"\xff" * 12) + END,
    "a size of GNU's base-256, too big": block(size=b"\x80" + b"\xff" * 11) + END,
    "a size of twelve sevens": block(size=b"7" * 12) + END,
    "a size that is not octal": block(size=b"00000000009\0") + END,
    "a size of words": block(size=b"many bytes \0") + END,
    "a size with a sign": block(size=b"-0000000001\0") + END,
    "a size in a pax header, negative": pax((b"size", b"-1")) + block() + END,
    "a size in a pax header, too big": pax((b"size", b"9" * 30)) + block() + END,
    "a size in a pax header, of 2**63": pax((b"size", b"%d" % 2**63)) + block() + END,
    "a size in a pax header, hexadecimal": pax((b"size", b"0x10")) + block() + END,
    "a size beyond the end": block(size=octal(1 << 30)) + b"x" * 512 + END,
    "an owner of 2**32": tar(file("f", uid=2**32)),
    "an owner of 2**32 - 1": tar(file("f", uid=2**32 - 1)),
    "a negative owner": block(uid=b"\xff" * 8) + END,
    "an owner in a pax header, negative": pax((b"uid", b"-1")) + block() + END,
    "an owner in a pax header, of 4000 digits": pax((b"uid", b"9" * 4000)) + block() + END,
    "a time of words": tar(file("f", pax={"mtime": "yesterday"})),
    "a time that is not finite": tar(file("f", pax={"mtime": "inf"})),
    "a time with an exponent": tar(file("f", pax={"mtime": "1e999"})),
    "a time of a million digits": pax((b"mtime", b"9" * 1_000_000)) + block() + END,
    "a device that no kernel has": tar(entry("d", tarfile.CHRTYPE, devmajor=1 << 13)),
    "a negative device": block(kind=b"3", device=b"\xff" * 16) + END,
}
HEADERS = {
    "no archive": b"hello, this is text\n" * 100,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "random bytes": bytes(number * 7919 % 251 for number in range(5000)),
    "less than a block": b"x" * 100,
    "a cut header": block()[:300],
    "a cut content": block(size=octal(5000)) + b"x" * 1000,
    "a wrong checksum": block(checksum=b"000001\0 ") + END,
    "no checksum": block(checksum=b" " * 8) + END,
    "a checksum of NUL": block(checksum=bytes(8)) + END,
    "a checksum of base-256": block(checksum=b"\x80" + bytes(7)) + END,
    "a header after a block of zeros": block() + bytes(512) + block(b"g") + END,
    "garbage in place of the end": block() + b"x" * 512 + END,
    "the end in a pax header": pax((b"path", b"f")) + END,
    "the end in the content of a pax header": block(kind=b"x", size=octal(1000)) + b"x" * 512,
    "a pax header of 2 MiB": extra(record(b"comment", b"x" * (2 << 20))) + block() + END,
    "a pax header of 8 GiB": extra(b"", size=b"77777777777\0") + END,
    "a pax header of a negative size": extra(b"", size=b"\xff" * 12) + END,
    "a GNU name of 2 MiB": extra(b"n" * (2 << 20), b"L") + block() + END,
    "a GNU name of a negative size": extra(b"", b"L", size=b"\xff" * 12) + END,
    "a GNU target of 8 GiB": extra(b"", b"K", size=b"77777777777\0") + END,
    "a hundred pax headers in a row": pax((b"path", b"f")) * 100 + block() + END,
    "global headers of 3 MiB": b"".join(
        extra(record(b"k%d" % number, b"x" * 1_000_000), b"g") + block() for number in range(3)
    ) + END,
    "a record without a length": extra(b"path=f\n") + block() + END,
    "a record of the length 0": extra(b"0 path=f\n") + block() + END,
    "a record of a negative length": extra(b"-9 path=f\n") + block() + END,
    "a record that is too long": extra(b"99 path=f\n") + block() + END,
    "a record that is too short": extra(b"5 path=f\n") + block() + END,
    "a record of a length of a thousand digits": extra(b"9" * 1000 + b" path=f\n") + block() + END,
    "a record without a key": extra(b"6 =ab\n") + block() + END,
    "a record without a value": extra(b"7 path\n") + block() + END,
    "a record without its end": extra(b"9 path=f/") + block() + END,
}  # fmt: skip
SPARSES = {
    "a map that goes backwards": stored_map(b"2\n5\n5\n0\n5\n"),
    "a map that overlaps": stored_map(b"2\n0\n6\n5\n4\n"),
    "a map beyond the end": stored_map(b"1\n5\n10\n"),
    "a map of less than is stored": stored_map(b"1\n0\n5\n"),
    "a map of more than is stored": stored_map(b"1\n0\n20\n", **{"GNU.sparse.realsize": "20"}),
    "a map with a negative offset": stored_map(b"1\n-5\n10\n"),
    "a map with a negative length": stored_map(b"1\n0\n-10\n"),
    "a map of a thousand million extents": stored_map(b"1000000000\n0\n10\n"),
    "a map of a negative number of extents": stored_map(b"-1\n0\n10\n"),
    "a map that does not end": stored_map(b"1" * 512),
    "a map of words": stored_map(b"one\nzero\nten\n"),
    "an offset beyond 2**64": stored_map(b"1\n%d\n10\n" % 2**65),
    "a negative real size": stored_map(b"1\n0\n10\n", **{"GNU.sparse.realsize": "-1"}),
    "a real size beyond what a file can have": tar(
        file("f", pax={"GNU.sparse.map": "", "GNU.sparse.size": str(2**63 - 1)})
    ),
    "an odd map in a pax header": tar(file("f", pax={"GNU.sparse.map": "0,1,2", "GNU.sparse.size": "9"})),
    "an offset without a length": tar(file("f", pax={"GNU.sparse.offset": "0", "GNU.sparse.size": "9"})),
    "an old map of broken numbers": block(kind=b"S")[:386] + b"x" * 24 + block(kind=b"S")[410:] + END,
}
ATTRIBUTES = {
    "a value of more than 64 KiB": tar(file("f", pax={f"{XATTR}user.big": "x" * 70_000})),
    "a name of 300 bytes": tar(file("f", pax={f"{XATTR}user.{'n' * 300}": "x"})),
    "an empty name": tar(file("f", pax={XATTR: "x"})),
    "a capability that is none": tar(file("f", pax={f"{XATTR}security.capability": "x"})),
    "an access list that is none": tar(file("f", pax={f"{XATTR}system.posix_acl_access": "x"})),
    "a value that is no base64": tar(file("f", pax={"LIBARCHIVE.xattr.user.a": "*"})),
}
REFUSED = {
    f"{kind}: {case}": layer
    for kind, cases in {
        "name": NAMES, "link": LINKS, "field": FIELDS, "header": HEADERS, "sparse": SPARSES
    }.items()
    for case, layer in cases.items()
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_and_nothing_is_left(case: str, jail: Jail) -> None:
    with pytest.raises(InvalidImage):
        jail.unpack(tar(file("lower")), REFUSED[case])
    assert jail.names() == []


@pytest.mark.requires("root")
@pytest.mark.parametrize("case", ATTRIBUTES)
def test_attributes_that_cannot_be_are_refused(case: str, jail: Jail) -> None:
    with pytest.raises(InvalidImage):
        jail.unpack(ATTRIBUTES[case])
    assert jail.names() == []


HARMLESS = {
    "an empty layer": (b"", []),
    "zeros alone": (bytes(10240), []),
    "one block of zeros at the end": (block() + bytes(512), ["f"]),
    "no end": (block(), ["f"]),
    "garbage after the end": (block() + END + b"garbage", ["f"]),
    "a name that is no UTF-8": (block(b"\xff\xfe") + END, ["\\xff\\xfe"]),
    "a name with a newline and an escape": (block(b"a\n\x1b[2J") + END, ["a\n\x1b[2J"]),
    "a name of 255 bytes": (tar(file("n" * 255)), ["n" * 255]),
    "dots, slashes": (tar(file("./a/.//b/../c")), ["a", "a/c"]),
    "a folder's name with many slashes": (tar(directory("a///")), ["a"]),
    "a file's name with a slash": (pax((b"path", b"f/")) + block() + END, ["f"]),
    "an empty name is the root": (block(b"", kind=b"5") + END, []),
    "what aufs left": (tar(directory(".wh..wh.plnk"), file(".wh..wh.aufs"), file("d/.wh..wh.x")), []),
    "a hard link to what aufs kept": (
        tar(file(".wh..wh.plnk/1.2", b"x"), hardlink("f", ".wh..wh.plnk/1.2")),
        [".wh..wh.plnk", ".wh..wh.plnk/1.2", "f"],
    ),
    "opaque alone": (tar(file("f"), file(".wh..wh..opq")), ["f"]),
    "a whiteout of what is not there": (tar(whiteout("a/b/c")), []),
    "a whiteout with content, of another type": (
        tar(symlink(".wh.l", "/etc"), file(".wh.f", b"content")), []
    ),
    "a hard link to itself": (tar(file("f"), hardlink("f", "f")), ["f"]),
    "a hard link to itself, by dots": (tar(file("f"), hardlink("./d/../f", "/f")), ["f"]),
    "a hard link with content": (block(b"a") + block(b"h", kind=b"1", target=b"a", size=octal(9)) + END, ["a", "h"]),
    "a folder with a size": (block(b"d", kind=b"5", size=octal(9)) + block() + END, ["d", "f"]),
    "the same file a thousand times": (tar(*(file("f", b"%d" % n) for n in range(1000))), ["f"]),
    "a file, a link, a folder, a file": (
        tar(file("f"), symlink("f", "/"), directory("f"), file("f/g"), file("f")), ["f"]
    ),
    "a folder twice": (tar(directory("d", mode=0o700), file("d/f"), directory("d", mode=0o755)), ["d", "d/f"]),
    "a record of a key twice": (
        extra(record(b"path", b"first") + record(b"path", b"last")) + block() + END, ["last"]
    ),
    "pax over GNU": (extra(b"gnu\0", b"L") + pax((b"path", b"pax")) + block() + END, ["pax"]),
    "a global name": (extra(record(b"path", b"all"), b"g") + block() + block(b"g") + END, ["all"]),
    "a map of nothing, a terabyte long": (
        tar(file("f", pax={"GNU.sparse.map": "", "GNU.sparse.size": str(1 << 40)})), ["f"]
    ),
    "an attribute without a namespace": (tar(file("f", pax={f"{XATTR}nothing": "x"})), ["f"]),
    "a time at the end of the world": (pax((b"mtime", b"9" * 18)) + block() + END, ["f"]),
}  # fmt: skip


@pytest.mark.parametrize("case", HARMLESS)
def test_it_does_no_harm(case: str, jail: Jail) -> None:
    layer, expected = HARMLESS[case]
    jail.unpack(layer)
    assert jail.names() == expected


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_an_ordinary_user_gets_no_devices(kind: bytes, jail: Jail) -> None:
    layer = tar(file("d"), entry("d", kind, devmajor=8, devminor=0), entry("p", tarfile.FIFOTYPE))
    assert jail.unpack(layer, ownership=Ownership.SQUASH) == {"device nodes": 1}
    assert jail.names() == ["p"]


def test_thousands_of_folders_in_each_other(jail: Jail) -> None:
    """As deep as a name can be, deeper by a link; all of it is removed, since the last entry is refused."""
    deep = "/".join("d" * 2000)
    layer = tar(
        file(f"{deep}/f"), symlink("l", deep), directory("l/e/e/e"), file("l/e/e/e/f"), entry("x", b"Z")
    )
    with pytest.raises(InvalidImage):
        jail.unpack(layer)
    assert jail.names() == []


def test_more_entries_than_the_limit(jail: Jail) -> None:
    layer = b"".join(block(b"%d" % number) for number in range(2000)) + END
    with pytest.raises(InvalidImage, match="limit"):
        jail.unpack(layer, limits=LIMITS.replace(entries=1000))
    assert jail.names() == []
