"""Compressed layers that are cut, damaged, joined, too much, or of another content than their digests say."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import sys
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.hostile.conftest import END, LIMITS, block, octal

from tiffin.image.documents import ImageConfig, Platform
from tiffin.image.errors import DigestMismatch, InvalidImage
from tiffin.image.image import Image, Layer
from tiffin.image.layers.limits import Limits
from tiffin.image.unpack import unpack
from tiffin_testing.images import digest, file, tar

FREE = 64 * 1024**2

zstandard = pytest.importorskip("zstandard")

if TYPE_CHECKING:
    from packages.image.tests.hostile.conftest import Jail

NOISE = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(200))
PLAIN = tar(file("f", NOISE))
GZIP = gzip.compress(PLAIN, mtime=0)
ZSTD: bytes = zstandard.ZstdCompressor(write_checksum=True).compress(PLAIN)
EMPTY_FRAME: bytes = zstandard.ZstdCompressor().compress(b"")


def skippable(content: bytes, size: int | None = None) -> bytes:
    """A skippable frame (RFC 8878, 3.1.2)."""
    return b"\x5a\x2a\x4d\x18" + struct.pack("<I", len(content) if size is None else size) + content


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


DAMAGED = {
    "gzip, cut in the header": GZIP[:7],
    "gzip, cut after the header": GZIP[:10],
    "gzip, cut in the middle": GZIP[:3000],
    "gzip, cut before the checksum": GZIP[:-8],
    "gzip, cut in the length": GZIP[:-1],
    "gzip, a wrong checksum": GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:],
    "gzip, a wrong length": GZIP[:-4] + b"\0\0\0\0",
    "gzip, garbage after it": GZIP + b"garbage",
    "gzip, a header after it": GZIP + GZIP[:10],
    "gzip, another method": GZIP[:2] + b"\x07" + GZIP[3:],
    "gzip, a bit in the middle": GZIP[:2000] + bytes([GZIP[2000] ^ 1]) + GZIP[2001:],
    "gzip, in gzip": gzip.compress(GZIP),
    "gzip, raw deflate after the magic": b"\x1f\x8b" + raw_deflate(PLAIN),
    "zstd, cut in the header": ZSTD[:5],
    "zstd, cut in the middle": ZSTD[:3000],
    "zstd, cut in the checksum": ZSTD[:-2],
    "zstd, a wrong checksum": ZSTD[:-4] + b"\0\0\0\0",
    "zstd, garbage after it": ZSTD + b"garbage",
    "zstd, a magic after it": ZSTD + ZSTD[:4],
    "zstd, a bit in the middle": ZSTD[:2000] + bytes([ZSTD[2000] ^ 1]) + ZSTD[2001:],
    "zstd, a cut frame that is skipped": ZSTD + skippable(b"x", 1000),
    "zstd, a frame of 4 GiB that is skipped": skippable(b"", 0xFFFFFFFF) + ZSTD,
    "zstd, a window of 2 TiB": b"\x28\xb5\x2f\xfd\x00" + b"\xff" + ZSTD[6:],
    "zstd, a dictionary that nobody has": b"\x28\xb5\x2f\xfd\x03" + bytes(4) + b"\x01" + ZSTD[6:],
    "zstd, only skipped": skippable(PLAIN),
    "zlib": zlib.compress(PLAIN),
    "bzip2": b"BZh91AY&SY" + bytes(100),
    "xz": b"\xfd7zXZ\0" + bytes(100),
    "nothing": b"",
}
WHOLE = {
    "gzip members": gzip.compress(PLAIN[:700]) + gzip.compress(PLAIN[700:]),
    "gzip members, one empty": gzip.compress(PLAIN[:700]) + gzip.compress(b"") + gzip.compress(PLAIN[700:]),
    "gzip members, the first empty": gzip.compress(b"") + GZIP,
    "a thousand empty gzip members": gzip.compress(b"") * 1000 + GZIP,
    "gzip, zeros after it": GZIP + bytes(100_000),
    "gzip, a member after zeros": gzip.compress(PLAIN[:700]) + bytes(50) + gzip.compress(PLAIN[700:]),
    "zstd frames": ZSTD[:0] + zstandard.compress(PLAIN[:700]) + zstandard.compress(PLAIN[700:]),
    "zstd frames, one empty": zstandard.compress(PLAIN[:700]) + EMPTY_FRAME + zstandard.compress(PLAIN[700:]),
    "zstd frames, the first empty": EMPTY_FRAME + ZSTD,
    "a thousand empty zstd frames": EMPTY_FRAME * 1000 + ZSTD,
    "zstd, skipped ones around": skippable(b"a") + ZSTD + skippable(b"b" * 1000) + skippable(b""),
    "zstd, a skipped one between": (
        zstandard.compress(PLAIN[:700]) + skippable(b"x" * 300_000) + zstandard.compress(PLAIN[700:])
    ),
}  # fmt: skip


@pytest.fixture(params=["isal", "zlib"])
def _library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where isal is not installed, zlib does its work."""
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal", None)


@pytest.mark.usefixtures("_library")
@pytest.mark.parametrize("case", DAMAGED)
def test_damage_is_found_and_nothing_is_left(case: str, jail: Jail) -> None:
    with pytest.raises(InvalidImage):
        jail.unpack(tar(file("lower")), PLAIN, stored=[tar(file("lower")), DAMAGED[case]])
    assert jail.names() == []


@pytest.mark.usefixtures("_library")
@pytest.mark.parametrize("case", WHOLE)
def test_several_parts_are_one_stream(case: str, jail: Jail) -> None:
    jail.unpack(PLAIN, stored=[WHOLE[case]])
    assert (jail.root / "f").read_bytes() == NOISE


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress, bytes])
def test_a_bomb_ends_before_it_is_whole(compress: Callable[[bytes], bytes], jail: Jail) -> None:
    """The layer says more than there is disk; what is stored is a thousandth of it."""
    size = 2 * FREE
    plain = block(size=octal(size)) + bytes(size) + END
    stored = compress(plain)
    limits = LIMITS if stored != plain else Limits(size=FREE)
    with pytest.raises(InvalidImage, match=r"limit|times"):
        jail.unpack(plain, stored=[stored], limits=limits)
    assert jail.names() == []


def test_a_bomb_behind_the_end_of_the_archive(jail: Jail) -> None:
    plain = PLAIN + bytes(2 * FREE)
    with pytest.raises(InvalidImage, match="times"):
        jail.unpack(plain, stored=[gzip.compress(plain)])
    assert jail.names() == []


LIES: dict[str, Callable[[bytes], tuple[str, str, int]]] = {
    "the diff_id": lambda data: (digest(b"other"), digest(data), len(data)),
    "the digest": lambda data: (digest(PLAIN), digest(b"other"), len(data)),
    "a size that is too small": lambda data: (digest(PLAIN), digest(data), len(data) - 1),
    "a size that is too big": lambda data: (digest(PLAIN), digest(data), len(data) + 1),
    "a size of 0": lambda data: (digest(PLAIN), digest(data), 0),
    "the digest of something else, which it is": lambda data: (digest(data), digest(PLAIN), len(data)),
}


@pytest.mark.parametrize("case", LIES)
@pytest.mark.parametrize("stored", [GZIP, ZSTD, GZIP + bytes(512)], ids=["gzip", "zstd", "zeros"])
def test_descriptors_that_lie(case: str, stored: bytes, jail: Jail) -> None:
    diff_id, stored_digest, size = LIES[case](stored)
    layer = Layer(diff_id, stored_digest, size, lambda: io.BytesIO(stored))
    config = ImageConfig(digest(b"{}"), 2, {}, Platform("linux", "amd64"), (diff_id,))
    with pytest.raises(DigestMismatch):
        unpack(Image("liar", config, (layer,)), str(jail.root))
    assert jail.names() == []
