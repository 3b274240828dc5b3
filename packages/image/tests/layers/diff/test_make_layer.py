"""Compressed layers: both digests are right, the bytes are the same each time, and they unpack to the tree."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin.image.decompress import decompressed
from tiffin.image.errors import FailedPrecondition, Unsupported
from tiffin.image.layers.diff.make import layer_file, make_layer
from tiffin.image.layers.diff.walk import tree_changes
from tiffin.spec.media_type import DOCKER_LAYER

MEDIA_TYPES = {
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "none": "application/vnd.oci.image.layer.v1.tar",
}


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    folder = tmp_path / "upper"
    for number in range(50):
        (folder / f"d{number}").mkdir(parents=True)
        (folder / f"d{number}/f").write_bytes(b"%d" % number * 1000)
    (folder / "big").write_bytes(bytes(range(256)) * 16384)
    return folder


@pytest.mark.parametrize("compression", MEDIA_TYPES)
def test_the_digests_are_those_of_what_was_written(
    compression: str, upper: Path, write: Callable[..., bytes]
) -> None:
    stream = io.BytesIO()
    made = make_layer(tree_changes(None, str(upper)), stream, compression)
    stored = stream.getvalue()
    source = decompressed(io.BytesIO(stored))
    plain = b"".join(iter(lambda: source.read(1 << 20), b""))
    assert plain == write(tree_changes(None, str(upper)))
    assert made.diff_id == digest(plain)
    assert (made.descriptor.digest, made.descriptor.size) == (digest(stored), len(stored))
    assert made.descriptor.media_type == MEDIA_TYPES[compression]
    assert made.changes == 101
    again = io.BytesIO()
    make_layer(tree_changes(None, str(upper)), again, compression)
    assert again.getvalue() == stored


def test_a_layer_in_a_file_can_be_opened_from_any_byte(upper: Path) -> None:
    changes = tree_changes(None, str(upper))
    with layer_file(changes, "zstd", media_type=DOCKER_LAYER) as (made, file):
        assert made.descriptor.media_type == f"{DOCKER_LAYER}.zstd"
        with file.open_at(0) as stream:
            whole = stream.read(1 << 30)
        with file.open_at(100) as stream:
            assert stream.read(1 << 30) == whole[100:]
    assert digest(whole) == made.descriptor.digest


def test_a_stream_that_takes_less_at_once_gets_all(upper: Path, write: Callable[..., bytes]) -> None:
    class Slow(io.BytesIO):
        def write(self, data: object, /) -> int:
            return super().write(memoryview(data)[:1000])  # type: ignore[arg-type]

    slow = Slow()
    make_layer(tree_changes(None, str(upper)), slow, "none")
    assert slow.getvalue() == write(tree_changes(None, str(upper)))


def test_no_changes_are_counted_as_none(upper: Path) -> None:
    with layer_file(tree_changes(str(upper), str(upper))) as (made, _):
        assert made.changes == 0
        assert made.diff_id == digest(bytes(1024))


def test_a_compression_that_there_is_none_of_is_refused(upper: Path) -> None:
    with pytest.raises(Unsupported, match="lzma"):
        make_layer(tree_changes(None, str(upper)), io.BytesIO(), "lzma")


def test_an_error_while_reading_is_raised_here(upper: Path) -> None:
    (upper / ".wh.x").write_bytes(b"")
    with pytest.raises(FailedPrecondition, match="whiteout"):
        make_layer(tree_changes(None, str(upper)), io.BytesIO())


@pytest.mark.requires("root")
def test_a_full_disk_is_an_error(upper: Path) -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        make_layer(tree_changes(None, str(upper)), full)
